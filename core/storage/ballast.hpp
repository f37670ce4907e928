#pragma once

#include <cstdint>
#include <string>

namespace sense {

// A file that holds room on a disk, to be given up when the disk is full: even deleting rows writes
// before it frees. Losing it, or having no room for it, harms nothing. One thread.
class Ballast {
 public:
  Ballast(std::string path, std::uint64_t octets) : path_(std::move(path)), octets_(octets) {}

  // Takes the room when the disk has four times as much; otherwise later, at the next call.
  void hold();
  // Gives it back. False when there was none.
  bool release();

 private:
  std::string path_;
  std::uint64_t octets_;
};

}  // namespace sense
