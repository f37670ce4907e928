// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/management_event.hpp"

#include "core/base/random.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

Event management_event(std::string_view local, std::string_view part, std::string subject,
                       std::string data, WallTime now) {
  Event event;
  event.id = make_ulid(now);
  event.type = *QName::make(management_namespace, local);
  event.source = "/sense/" + std::string(part);
  event.subject = std::move(subject);
  event.time = now;
  event.datacontenttype = "application/json";
  event.data = std::move(data);
  return event;
}

void set_owner(Event& event, std::string_view owner) {
  if (owner.empty() || owner == "anonymous") return;
  event.extensions.insert_or_assign(std::string(owner_attribute), std::string(owner));
}

bool is_about(const Event& event, std::string_view owner) {
  const auto found = event.extensions.find(owner_attribute);
  if (found == event.extensions.end()) return false;
  const auto* name = std::get_if<std::string>(&found->second);
  return name != nullptr && *name == owner;
}

}  // namespace sense
