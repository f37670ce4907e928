// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/registry/management_change.hpp"

namespace sense {

// Writes the registry's entry of this gateway, from which the others know its schemes and
// what they can do. Reactor
// thread; the bus must outlive it, and nothing may call back after its end.
class Announcement {
 public:
  // Runs a task after a pause, when the broker did not answer.
  using RetryLater = std::function<void(std::function<void()>)>;
  Announcement(Bus& bus, std::string name, std::span<const Scheme> schemes, RetryLater retry_later)
      : bus_(bus),
        name_(std::move(name)),
        schemes_(announced(schemes)),
        retry_later_(std::move(retry_later)) {}

  // Tries until it is written, or until another call replaces it. `listening`: where it can be
  // reached, empty while it stands by.
  void write(std::vector<std::string> listening);
  // Writes nothing any more.
  void stop() { ++run_; }

 private:
  void write_entry(std::uint64_t run, const std::string& value);

  Bus& bus_;
  const std::string name_;
  const std::vector<AnnouncedScheme> schemes_;
  const RetryLater retry_later_;
  std::uint64_t run_ = 0;  // number of the last write()
};

}  // namespace sense
