// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

// CURVE keys (ZeroMQ RFC 26) and the files that hold them. A secret key comes from a file and goes
// into a socket: never from or into arguments, environment, logs or messages.
namespace sense {

// Keys are written in Z85 (ZeroMQ RFC 32): 40 characters, 32 octets.
inline constexpr std::size_t key_length = 40;
[[nodiscard]] bool valid_key(std::string_view text);

struct KeyPair {
  std::string public_key;
  std::string secret_key;
};
[[nodiscard]] Result<KeyPair> make_key_pair();

// Writes a new file that only its owner may read (0600), for a key that is to be called `name`.
// Fails, and leaves what is there, when the file exists. What the disk could not take is removed.
[[nodiscard]] Status write_key_file(const std::string& path, std::string_view name,
                                    const KeyPair& keys);

// Reads a key pair. Refuses a file that is no regular one, is not this user's or root's, that group
// or others may read or write, that is longer than 4 KiB, or whose keys do not belong together.
[[nodiscard]] Result<KeyPair> read_key_file(const std::string& path);

// The public key in a key pair's file, or in one that holds `public:` alone. Needs no permissions
// but to read it.
[[nodiscard]] Result<std::string> read_public_key(const std::string& path);

// The client's side of section `bus`: how a tcp:// endpoint is connected to.
struct BusKeys {
  std::string key_file;        // path of the own key pair; empty: none
  std::string broker_key;      // the broker's public key, or the path of a file that holds it
  bool plaintext_tcp = false;  // bus.allow-plaintext-tcp
};

}  // namespace sense
