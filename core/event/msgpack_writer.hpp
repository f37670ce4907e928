// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <msgpack/pack.hpp>
#include <string>
#include <string_view>

// Writes MessagePack with the library's packer, to the end of a string of the caller. Checks no
// limit: its callers have what they may write.
namespace sense {

struct MsgpackSink {
  std::string& octets;
  void write(const char* data, std::size_t length) { octets.append(data, length); }
};
using MsgpackPacker = msgpack::packer<MsgpackSink>;

inline void pack_binary(MsgpackPacker& packer, std::string_view octets) {
  packer.pack_bin(static_cast<std::uint32_t>(octets.size()));
  packer.pack_bin_body(octets.data(), static_cast<std::uint32_t>(octets.size()));
}

}  // namespace sense
