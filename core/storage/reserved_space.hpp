// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace sense {

// A file that holds room on a disk, to be given up when the disk is full: even deleting rows writes
// before it frees. Losing it, or having no room for it, harms nothing. One thread.
class ReservedSpace {
 public:
  ReservedSpace(std::string path, std::uint64_t octets) : path_(std::move(path)), octets_(octets) {}

  // Takes what is missing when the disk has that and a quarter of the whole; else later, at the
  // next call. True: all of it is held.
  bool hold();
  // Gives it back. False when there was none.
  bool release();
  // Takes again what is left of what was released, before anybody else does. True: all of it.
  bool take_back();

 private:
  [[nodiscard]] std::uint64_t held() const;
  // Grows to so many octets, or as far as the disk allows, but not when `spare` would not be left.
  bool grow(std::uint64_t octets, std::uint64_t spare);

  std::string path_;
  std::uint64_t octets_;
  std::uint64_t released_ = 0;
};

}  // namespace sense
