// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace sense::simulation {

// A disk under SQLite, in memory: while one lives, each file below `folder` that SQLite opens is on
// it, but for copy.db, which gateways read without SQLite. It knows what was synced, files and
// directory entries: a power cut keeps the rest or loses it, page by page at random, and tears
// pages at sectors of 512 octets. The seed decides. One at a time; one thread.
class SimulatedDisk {
 public:
  SimulatedDisk(std::string folder, std::uint64_t seed);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  enum class Crash {
    kill,  // of the program alone: what it has written is there
    power  // what was not synced may be lost
  };
  // The program that uses the files whose path begins with `prefix` dies: each call for a file that
  // it has open fails from now on, and what it opens later is what has survived.
  static void crash(const std::string& prefix, Crash crash);
  // The same in the k-th call from now on that changes such a file, counted from 0; the call has
  // its effect, unless the crash loses it.
  static void crash_in(const std::string& prefix, std::uint64_t k, Crash crash);
  static void disarm();
  // Whether a crash_in() is still to come.
  [[nodiscard]] static bool crash_is_due();

  enum class State {
    well,
    full,    // writes say that the disk is full
    failing  // writes, syncs, truncations, removals and opening fail
  };
  static void set(State state);
  // Syncs do nothing, and say that they have: the control.
  static void ignore_syncs();
};

}  // namespace sense::simulation
