#include "gateways/host/notice.hpp"

#include <nlohmann/json.hpp>

#include "core/event/cloudevents_json.hpp"

namespace sense {

namespace {

std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

EventRef notice(const Subscription& subscription, std::string_view local, std::string id,
                std::string data, WallTime now) {
  Event event;
  event.id = std::move(id);
  event.type = *QName::make(management_namespace, local);
  event.source = "/sense/subscription";
  event.subject = subscription.id;
  event.time = now;
  event.datacontenttype = "application/json";
  event.data = std::move(data);
  return std::make_shared<const Event>(std::move(event));
}

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
  return notice(
      subscription, "gap",
      subscription.id + "-gap-" + std::to_string(from) + "-" + std::to_string(to),
      text_of({{"subscription", subscription.id}, {"from", from}, {"to", to}, {"reason", reason}}),
      now);
}

EventRef ended_notice(const Subscription& subscription, std::string_view reason, WallTime now) {
  return notice(subscription, "ended", subscription.id + "-ended",
                text_of({{"subscription", subscription.id}, {"reason", reason}}), now);
}

EventRef digest_notice(const Delivery& digest, WallTime now) {
  const auto& subscription = *digest.subscription;
  auto data = text_of({{"subscription", subscription.id},
                       {"window", digest.window},
                       {"from", digest.number},
                       {"to", digest.number_last}});
  data.back() = ',';
  data += "\"events\":[";
  // Each event needs some room for itself, whatever those before it are like.
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
  return notice(subscription, "digest",
                subscription.id + "-digest-" + std::to_string(digest.window), std::move(data), now);
}

EventRef without_recipients(EventRef event) {
  if (event->audience.empty() && event->except.empty()) return event;
  auto seen = *event;
  seen.audience.clear();
  seen.except.clear();
  return std::make_shared<const Event>(std::move(seen));
}

}  // namespace sense
