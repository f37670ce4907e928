// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/notices/notices.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view dead_letter_event = "dead-letter";
constexpr std::string_view expired_event = "expired";

bool is_own_notice(const QName& type) {
  return type.ns() == management_namespace &&
         (type.local() == dead_letter_event || type.local() == expired_event);
}

Event make_notice(std::string_view local, const std::string& gateway, std::string subject,
                  const Json& data, WallTime now) {
  return management_event(local, "gateway/" + gateway, std::move(subject), json_text(data), now);
}

}  // namespace

Event gateway_started_event(const std::string& gateway, const std::vector<std::string>& schemes,
                            const std::vector<std::string>& listening, WallTime now) {
  return make_notice("gateway-started", gateway, gateway,
                     {{"gateway", gateway}, {"schemes", schemes}, {"listening", listening}}, now);
}

void publish_notice(Publisher& publisher, const Event& notice) {
  publisher.publish(notice, [type = notice.type.clark()](const Result<Receipt>& receipt) {
    if (!receipt)
      log::warn("an event about this gateway could not be published",
                {{"type", type}, {"reason", receipt.error().message}});
  });
}

void DeadLetterNotices::add(const Engine::DeadLetter& dead_letter, bool expired) {
  if (dead_letter.event && is_own_notice(dead_letter.event->type)) return;
  Subject subject{expired, dead_letter.subscription};
  const bool room = pending_.size() < subscriptions_max || pending_.contains(subject);
  if (!room) subject.subscription.clear();
  auto& pending = pending_[std::move(subject)];
  ++pending.count;
  pending.last = dead_letter;
  pending.last.event = nullptr;
  pending.last.answer.clear();
}

std::vector<Event> DeadLetterNotices::take_due(Timestamp now) {
  std::vector<Event> events;
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    auto& [subject, pending] = *entry;
    if (pending.next > now.mono) {
      ++entry;
    } else if (pending.count == 0) {
      entry = pending_.erase(entry);
    } else {
      events.push_back(event_of(subject, pending, now.wall));
      pending.count = 0;
      pending.next = now.mono + interval;
      ++entry;
    }
  }
  return events;
}

Event DeadLetterNotices::event_of(const Subject& subject, const Pending& pending, WallTime now) {
  const auto& subscription = subject.subscription;
  Json data = {{"gateway", gateway_}, {"count", pending.count}};
  if (!subscription.empty()) {
    data["subscription"] = subscription;
    data["number"] = pending.last.number;
    data["sequence"] = pending.last.sequence;
    data["attempts"] = pending.last.attempts;
    data["reason"] = pending.last.reason;
  }
  auto notice = make_notice(subject.expired ? expired_event : dead_letter_event, gateway_,
                            subscription, data, now);
  if (!subscription.empty()) set_owner(notice, pending.last.owner);
  return notice;
}

}  // namespace sense
