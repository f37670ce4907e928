// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/delivery_notices.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

// The id is deterministic: a notice that is delivered twice is recognised as one.
Event notice(const Subscription& subscription, std::string_view local, const std::string& place,
             const nlohmann::ordered_json& data, WallTime now) {
  auto event = management_event(local, "subscription", subscription.id, json_text(data), now);
  event.id = subscription.id + "-" + place;
  return event;
}

EventRef share(Event event) { return std::make_shared<const Event>(std::move(event)); }

std::string content_text(const Delivery::Content& content, std::size_t room) {
  const auto with = [&](const Event& event) {
    return "{\"number\":" + std::to_string(content.number) +
           ",\"event\":" + to_cloudevents_json(event) + "}";
  };
  auto text = with(*content.event);
  if (text.size() <= room) return text;
  auto shortened = *content.event;
  shortened.data.clear();
  return with(shortened);
}

}  // namespace

EventRef gap_notice(const Subscription& subscription, std::uint64_t from, std::uint64_t to,
                    std::string_view reason, WallTime now) {
  return share(notice(
      subscription, "gap", "gap-" + std::to_string(from) + "-" + std::to_string(to),
      {{"subscription", subscription.id}, {"from", from}, {"to", to}, {"reason", reason}}, now));
}

EventRef ended_notice(const Subscription& subscription, std::string_view reason, WallTime now) {
  return share(notice(subscription, "ended", "ended",
                      {{"subscription", subscription.id}, {"reason", reason}}, now));
}

EventRef digest_notice(const Delivery& digest, WallTime now) {
  const auto& subscription = *digest.subscription;
  auto event = notice(subscription, "digest", "digest-" + std::to_string(digest.window),
                      {{"subscription", subscription.id},
                       {"window", digest.window},
                       {"from", digest.number},
                       {"to", digest.number_last}},
                      now);
  auto& data = event.data;
  data.back() = ',';
  data += "\"events\":[";
  // Each event has its share of what is left, whatever the size of the events before it.
  auto room = Event::data_length_max - data.size() - 2;
  for (std::size_t i = 0; i < digest.contents.size(); ++i) {
    const auto share = room / (digest.contents.size() - i);
    const auto text =
        content_text(digest.contents[i], i + 1 == digest.contents.size() ? room : share);
    if (i > 0) data += ',';
    data += text;
    room -= std::min(room, text.size() + 1);
  }
  data += "]}";
  return share(std::move(event));
}

}  // namespace sense
