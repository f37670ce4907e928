// SPDX-License-Identifier: Apache-2.0
#include "core/registry/subscription_entry.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/registry/management_change.hpp"

namespace sense {

Result<Subscription> read_entry(const RegistryEntry& entry) {
  auto subscription = subscription_from_json(entry.value);
  if (!subscription)
    return fail(Code::notyetimplemented,
                "subscription " + printable(entry.key) +
                    " is kept and not served: this version cannot read it: " +
                    subscription.error().message);
  subscription->revision = entry.revision;
  return subscription;
}

Result<SubscriptionRef> parse_entry(const RegistryEntry& entry) {
  auto subscription = read_entry(entry);
  if (!subscription) return tl::unexpected(subscription.error());
  return std::make_shared<const Subscription>(std::move(*subscription));
}

void log_unreadable_change(const Event& change) {
  if (const auto unreadable = unreadable_change(change))
    log::warn(
        "a change of a subscription cannot be read; the subscription is served unchanged, if at "
        "all",
        {{"id", unreadable->id}, {"reason", unreadable->reason}});
}

std::optional<Subscription> readable_subscription(const RegistryEntry& entry) {
  auto subscription = subscription_from_json(entry.value);
  if (subscription) {
    subscription->revision = entry.revision;
    return std::move(*subscription);
  }
  log::warn("a subscription cannot be read; it is kept and not served",
            {{"id", entry.key}, {"reason", subscription.error().message}});
  return std::nullopt;
}

}  // namespace sense
