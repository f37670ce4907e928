// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstdint>

namespace sense {

// A disk under SQLite that fails on command: while one lives, every file that SQLite opens goes
// through it. One at a time; one thread.
class FailingDisk {
 public:
  FailingDisk();
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  enum class Error {
    full,  // writes say that the disk is full
    io     // writes, syncs, truncations and opening fail
  };
  // The k-th call from now on fails, counted from 0 over those that can fail so; with `stays`, all
  // behind it too.
  static void arm(Error error, std::uint64_t k, bool stays);
  // The index of the WAL can grow no more.
  static void refuse_index();
  static void disarm();
  // Whether a call has failed since arm().
  [[nodiscard]] static bool has_failed();
  // Whether something was written to the WAL that no sync came behind.
  [[nodiscard]] static bool has_unsynced();
};

}  // namespace sense
