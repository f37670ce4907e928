// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace sense {

// A file that reserves disk space, to be released when the disk is full: even deleting rows writes
// before it frees. Losing it, or having no space for it, does no harm: failures are answers, not
// errors. One thread; blocks while the file grows.
class ReservedSpace {
 public:
  ReservedSpace(std::string path, std::uint64_t octets) : path_(std::move(path)), octets_(octets) {}

  // Completes the reservation if afterwards a quarter of its size is still free on the disk;
  // otherwise a later call does. True: all of it is reserved.
  bool hold();
  // Releases the space. False when there was none.
  bool release();
  // Reserves what is left of the released space, before other programs use it, and the rest as
  // hold() does. True: all of it is reserved.
  bool take_back();

 private:
  [[nodiscard]] std::uint64_t held() const;
  // Grows to that many octets, or as far as the disk allows, keeping `spare` octets free.
  bool grow(std::uint64_t octets, std::uint64_t spare);

  std::string path_;
  std::uint64_t octets_;
  std::uint64_t released_ = 0;
};

}  // namespace sense
