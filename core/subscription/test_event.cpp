#include "core/subscription/test_event.hpp"

#include <nlohmann/json.hpp>

#include "core/base/random.hpp"

namespace sense {

Event test_event(const Subscription& subscription, std::string_view by, WallTime now) {
  Event event;
  event.id = make_ulid(now);
  event.type = *QName::parse(test_type);
  event.source = "/sense/subscription";
  event.subject = subscription.id;
  event.time = now;
  event.datacontenttype = "application/json";
  const nlohmann::ordered_json data = {{"subscription", subscription.id}, {"by", by}};
  event.data = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return event;
}

}  // namespace sense
