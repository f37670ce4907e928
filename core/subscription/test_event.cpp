// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/test_event.hpp"

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

Event test_event(const Subscription& subscription, std::string_view by, WallTime now) {
  JsonObject data;
  data.put("subscription", subscription.id).put("by", by);
  return management_event(QName::parse(test_type)->local(), "subscription", subscription.id,
                          data.take(), now);
}

}  // namespace sense
