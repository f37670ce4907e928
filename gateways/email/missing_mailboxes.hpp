// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "core/base/clock.hpp"

namespace sense::email {

// Remembers the addresses of which the relay said that there is no such mailbox, so that one wrong
// answer (a directory that is away for a minute) ends no subscription. In memory: after a restart
// it begins anew. One thread.
class MissingMailboxes {
 public:
  // How long the relay must have been saying so, with nothing delivered meanwhile.
  static constexpr Duration duration_min = std::chrono::minutes{30};
  // Of further addresses nothing is remembered, and so no subscription ends.
  static constexpr std::size_t addresses_max = 10'000;

  // The relay says so again, or for the first time. Whether it has for long enough.
  [[nodiscard]] bool confirmed(const std::string& address, MonoTime now) {
    const auto found = first_.find(address);
    if (found != first_.end()) return now - found->second >= duration_min;
    if (first_.size() < addresses_max) first_.emplace(address, now);
    return false;
  }
  // A mail was taken.
  void forget(const std::string& address) { first_.erase(address); }
  [[nodiscard]] std::size_t size() const { return first_.size(); }

 private:
  std::map<std::string, MonoTime, std::less<>> first_;
};

}  // namespace sense::email
