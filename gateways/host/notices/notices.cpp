// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/notices/notices.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view dead_letter = "dead-letter";

Event condition(std::string_view local, const std::string& gateway, std::string subject,
                const Json& data, WallTime now) {
  return management_event(local, "gateway/" + gateway, std::move(subject), json_text(data), now);
}

}  // namespace

Event gateway_started_event(const std::string& gateway, const std::vector<std::string>& schemes,
                            const std::vector<std::string>& listening, WallTime now) {
  return condition("gateway-started", gateway, gateway,
                   {{"gateway", gateway}, {"schemes", schemes}, {"listening", listening}}, now);
}

void tell(Publisher& publisher, const Event& condition) {
  publisher.publish(condition, [type = condition.type.clark()](const Result<Receipt>& receipt) {
    if (!receipt)
      log::warn("an event about this gateway could not be published",
                {{"type", type}, {"reason", receipt.error().message}});
  });
}

void DeadLetterNews::note(const Engine::DeadLetter& letter) {
  const auto& event = letter.event;
  if (event && event->type.ns() == management_namespace && event->type.local() == dead_letter)
    return;
  const bool room = news_.size() < subscriptions_max || news_.contains(letter.subscription);
  auto& news = news_[room ? letter.subscription : std::string()];
  ++news.count;
  news.last = letter;
  news.last.event = nullptr;
}

std::vector<Event> DeadLetterNews::take(Timestamp now) {
  std::vector<Event> events;
  for (auto entry = news_.begin(); entry != news_.end();) {
    auto& [subscription, news] = *entry;
    if (news.next > now.mono) {
      ++entry;
    } else if (news.count == 0) {
      entry = news_.erase(entry);
    } else {
      events.push_back(event_of(subscription, news, now.wall));
      news.count = 0;
      news.next = now.mono + interval;
      ++entry;
    }
  }
  return events;
}

Event DeadLetterNews::event_of(const std::string& subscription, const News& news, WallTime now) {
  Json data = {{"gateway", gateway_}, {"count", news.count}};
  if (!subscription.empty()) {
    data["subscription"] = subscription;
    data["number"] = news.last.number;
    data["sequence"] = news.last.sequence;
    data["attempts"] = news.last.attempts;
    data["reason"] = news.last.reason;
    data["answer"] = news.last.answer;
  }
  return condition(dead_letter, gateway_, subscription, data, now);
}

}  // namespace sense
