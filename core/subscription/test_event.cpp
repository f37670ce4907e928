// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/test_event.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

Event test_event(const Subscription& subscription, std::string_view by, WallTime now) {
  const nlohmann::ordered_json data = {{"subscription", subscription.id}, {"by", by}};
  return management_event(QName::parse(test_type)->local(), "subscription", subscription.id,
                          json_text(data), now);
}

}  // namespace sense
