// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/subscription/subscription.hpp"

// Any octets as a subscription in JSON: an error with a sentence, or a valid subscription that is
// shown as JSON which reads back to the same.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

sense::Event management_event() {
  sense::Event event;
  event.id = "1";
  event.type = *sense::QName::make(sense::management_namespace, "subscription-created");
  event.source = "//hq.example/broker";
  return event;
}

bool mentions_management(const sense::Subscription& subscription) {
  for (const auto& pattern : subscription.types)
    if (pattern.text().find(sense::management_namespace) != std::string::npos) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto management = management_event();
  const auto subscription =
      sense::subscription_from_json({reinterpret_cast<const char*>(data), size});
  if (!subscription) {
    require(!subscription.error().message.empty());
    return 0;
  }
  require(sense::validate(*subscription).has_value());
  const auto again = sense::subscription_from_json(sense::to_json(*subscription, true));
  require(again.has_value() && *again == *subscription);
  const auto shown = sense::subscription_from_json(sense::to_json(*subscription, false));
  require(shown.has_value() && shown->challenge_hash.empty() && shown->secrets->current.empty());
  if (sense::matches(*subscription, management)) require(mentions_management(*subscription));
  return 0;
}
