// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace sense {

// How many subscriptions each account has made: a principal, or a host. Each name is stored once,
// and only while something is counted for it. Pure; one thread.
class AccountCounts {
 public:
  // The name of an account that something is counted for; null: not counted. Valid until remove().
  using Ref = const std::string*;

  // One more of that account; null for an empty name.
  [[nodiscard]] Ref add(std::string_view account) {
    if (account.empty()) return nullptr;
    auto found = counts_.find(account);
    if (found == counts_.end()) found = counts_.emplace(account, 0).first;
    ++found->second;
    return &found->first;
  }
  // One less. REQUIRES: null, or a result of add() that was not removed yet.
  void remove(Ref account) {
    if (account == nullptr) return;
    const auto found = counts_.find(*account);
    if (--found->second == 0) counts_.erase(found);
  }
  [[nodiscard]] std::size_t count(std::string_view account) const {
    const auto found = counts_.find(account);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, std::size_t, std::less<>> counts_;
};

}  // namespace sense
