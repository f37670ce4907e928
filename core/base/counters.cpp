// SPDX-License-Identifier: Apache-2.0
#include "core/base/counters.hpp"

namespace sense {

Counters::Counter& Counters::operator[](std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.find(name);
  if (found != counters_.end()) return found->second;
  return counters_.try_emplace(std::string(name), 0).first->second;
}

std::map<std::string, std::uint64_t> Counters::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> values;
  for (const auto& [name, counter] : counters_) values.emplace(name, counter.load());
  return values;
}

}  // namespace sense
