#include "broker/management_event.hpp"

#include <nlohmann/json.hpp>

#include "core/base/random.hpp"

namespace sense {

namespace {

using Json = nlohmann::ordered_json;

Event management_event(std::string_view kind, std::string_view what, std::string_view key,
                       WallTime now) {
  Event event;
  event.id = make_ulid(now);
  event.type = *QName::make(management_namespace, std::string(kind) + "-" + std::string(what));
  event.source = "/sense/" + std::string(kind);
  event.subject = key;
  event.time = now;
  event.datacontenttype = "application/json";
  return event;
}

// What a client wrote may be no UTF-8: replaced, never thrown over.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Event subscription_event(const Subscription& subscription, std::string_view what,
                         std::string_view principal, std::string_view reason, WallTime now) {
  auto event = management_event("subscription", what, subscription.id, now);
  Json data;
  data["subscription"] = Json::parse(to_json(subscription, false), nullptr, false);
  data["by"] = principal;
  data["reason"] = reason;
  event.data = dump(data);
  return event;
}

Event entry_event(const RegistryEntry& entry, std::string_view what, std::string_view principal,
                  std::string_view reason, WallTime now) {
  auto event = management_event(entry.kind, what, entry.key, now);
  Json data;
  data["key"] = entry.key;
  auto value = Json::parse(entry.value, nullptr, false);
  data["value"] = value.is_discarded() ? Json(entry.value) : std::move(value);
  data["by"] = principal;
  data["reason"] = reason;
  event.data = dump(data);
  return event;
}

Event journal_damaged_event(const Journal::Damage& damage, WallTime now) {
  const auto range = std::to_string(damage.first) + "-" + std::to_string(damage.last);
  auto event = management_event("journal", "damaged", range, now);
  Json data;
  data["first"] = damage.first;
  data["last"] = damage.last;
  data["quarantined"] = damage.rows.size();
  data["unreachable"] = damage.unreachable;
  event.data = dump(data);
  return event;
}

}  // namespace sense
