// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/notices.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

void Conditions::note(Condition& condition, std::uint64_t requests, Timestamp now) {
  if (requests == 0) return;
  if (condition.requests == 0) condition.first = now.wall;
  condition.requests += requests;
  condition.last = now.wall;
}

void Conditions::note_full(std::uint64_t requests, Timestamp now) {
  note(full_, requests, now);
  silent_until_ = now.mono + silence;
}

bool Conditions::is_due(const Condition& condition, Timestamp now) const {
  return condition.requests > 0 && condition.next <= now.mono && silent_until_ <= now.mono;
}

std::vector<Event> Conditions::due(Timestamp now) const {
  std::vector<Event> events;
  for (const auto* condition : {&overload_, &full_}) {
    if (!is_due(*condition, now)) continue;
    const nlohmann::ordered_json data = {{"refused", condition->requests},
                                         {"from", to_rfc3339(condition->first)},
                                         {"to", to_rfc3339(condition->last)}};
    events.push_back(management_event(condition->type, "broker", {}, json_text(data), now.wall));
  }
  return events;
}

void Conditions::told(Timestamp now) {
  for (auto* condition : {&overload_, &full_}) {
    if (!is_due(*condition, now)) continue;
    condition->requests = 0;
    condition->next = now.mono + interval;
  }
}

}  // namespace sense
