#include "gateways/host/notice.hpp"

#include <nlohmann/json.hpp>

namespace sense {

namespace {

EventRef notice(const Subscription& subscription, std::string_view local, std::string id,
                const nlohmann::ordered_json& data, WallTime now) {
  Event event;
  event.id = std::move(id);
  event.type = *QName::make(management_namespace, local);
  event.source = "/sense/subscription";
  event.subject = subscription.id;
  event.time = now;
  event.datacontenttype = "application/json";
  event.data = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return std::make_shared<const Event>(std::move(event));
}

}  // namespace

EventRef gap_notice(const Subscription& subscription, std::uint64_t from, std::uint64_t to,
                    std::string_view reason, WallTime now) {
  return notice(subscription, "gap",
                subscription.id + "-gap-" + std::to_string(from) + "-" + std::to_string(to),
                {{"subscription", subscription.id}, {"from", from}, {"to", to}, {"reason", reason}},
                now);
}

EventRef ended_notice(const Subscription& subscription, std::string_view reason, WallTime now) {
  return notice(subscription, "ended", subscription.id + "-ended",
                {{"subscription", subscription.id}, {"reason", reason}}, now);
}

}  // namespace sense
