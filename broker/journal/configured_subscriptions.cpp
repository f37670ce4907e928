// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/configured_subscriptions.hpp"

#include <set>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::string_view subscriptions = "subscription";
constexpr std::size_t page_length = 1'000;

IncomingRef configured(bus::Operation operation, const std::string& key, std::uint64_t revision,
                       std::string value) {
  auto incoming = std::make_unique<Incoming>();
  incoming->principal = principal_config;
  incoming->topic = key;  // owns the octets that request.key views
  incoming->octets = std::move(value);
  incoming->request.operation = operation;
  incoming->request.kind = subscriptions;
  incoming->request.key = incoming->topic;
  incoming->request.revision = revision;
  incoming->request.value = incoming->octets;
  incoming->request.reason = "configuration file";
  return incoming;
}

bool is_configured(const RegistryEntry& entry) {
  // A cheap test first, since few of perhaps a million match: to_json writes the member so.
  if (entry.value.find(R"("via":"config")") == std::string::npos) return false;
  const auto held = subscription_from_json(entry.value);
  return held && held->via == principal_config;
}

}  // namespace

std::vector<IncomingRef> configured_changes(const Registry& registry,
                                            const std::vector<Subscription>& wanted) {
  std::vector<IncomingRef> changes;
  std::set<std::string_view> ids;
  for (const auto& subscription : wanted) {
    ids.insert(subscription.id);
    const auto current = registry.get(subscriptions, subscription.id);
    changes.push_back(configured(bus::Operation::put, subscription.id,
                                 current ? current->revision : 0, to_json(subscription, true)));
  }
  std::string after;
  for (;;) {
    const auto page = registry.list(subscriptions, after, page_length);
    if (page.empty()) return changes;
    for (const auto& entry : page)
      if (is_configured(entry) && !ids.contains(entry.key))
        changes.push_back(configured(bus::Operation::remove, entry.key, entry.revision, {}));
    after = page.back().key;
  }
}

Status check_configured(const Registry& registry, const std::vector<Subscription>& wanted) {
  for (const auto& subscription : wanted) {
    if (registry.get(subscriptions, subscription.id)) continue;
    const auto valid = validate(subscription);
    return fail(Code::badparam,
                "subscription " + printable(subscription.id) +
                    " of the configuration file was refused: " +
                    (valid ? "the registry or the disk is full" : valid.error().message));
  }
  return {};
}

}  // namespace sense
