// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/notices.hpp"

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

void BrokerNotices::note(Notice& notice, std::uint64_t requests, Timestamp now) {
  if (requests == 0) return;
  if (notice.requests == 0) notice.first = now.wall;
  notice.requests += requests;
  notice.last = now.wall;
}

void BrokerNotices::note_full(std::uint64_t requests, Timestamp now) {
  note(full_, requests, now);
  silent_until_ = now.mono + silence;
}

bool BrokerNotices::is_due(const Notice& notice, Timestamp now) const {
  return notice.requests > 0 && notice.next <= now.mono && silent_until_ <= now.mono;
}

std::vector<Event> BrokerNotices::due(Timestamp now) const {
  std::vector<Event> events;
  for (const auto* notice : {&overload_, &full_}) {
    if (!is_due(*notice, now)) continue;
    JsonObject data;
    data.put("refused", notice->requests);
    data.put("from", to_rfc3339(notice->first)).put("to", to_rfc3339(notice->last));
    events.push_back(management_event(notice->type, "broker", {}, data.take(), now.wall));
  }
  return events;
}

void BrokerNotices::published(Timestamp now) {
  for (auto* notice : {&overload_, &full_}) {
    if (!is_due(*notice, now)) continue;
    notice->requests = 0;
    notice->next = now.mono + interval;
  }
}

}  // namespace sense
