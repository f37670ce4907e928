#include "cli/static_subscriptions.hpp"

#include <set>

#include "cli/config_tables.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

constexpr std::array<std::string_view, 2> nested{"labels", "delivery"};

template <class Pattern>
Status read_patterns(std::vector<Pattern>& patterns, const Settings& settings,
                     const YamlNode& mapping, std::string_view key) {
  const auto* node = mapping.find(key);
  if (node == nullptr) return {};
  const auto& texts = settings.list(key);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto pattern = Pattern::parse(texts[i]);
    if (!pattern) return node->items[i].refuse(pattern.error().message);
    patterns.push_back(std::move(*pattern));
  }
  return {};
}

Status read_labels(Subscription& subscription, const YamlNode& mapping) {
  const auto* node = mapping.find("labels");
  if (node == nullptr) return {};
  if (node->kind != YamlNode::Kind::mapping)
    return node->refuse("'labels' takes a mapping (name: value)");
  for (const auto& [name, value] : node->entries) {
    if (value.kind != YamlNode::Kind::scalar)
      return value.refuse("label '" + printable(name) + "' takes one value");
    subscription.labels.emplace(name, value.scalar);
  }
  return {};
}

// Only what is written counts: the scheme's defaults hold for the rest.
Status read_delivery(Subscription& subscription, const YamlNode& mapping) {
  const auto* node = mapping.find("delivery");
  if (node == nullptr) return {};
  const auto settings = read_settings(*node, delivery_options);
  if (!settings) return tl::unexpected(settings.error());
  auto& delivery = subscription.delivery;
  const auto duration = [&](std::string_view key, std::optional<Duration>& target) {
    if (node->find(key) != nullptr) target = settings->duration(key);
  };
  const auto number = [&](std::string_view key, std::optional<std::uint32_t>& target) {
    if (node->find(key) != nullptr) target = static_cast<std::uint32_t>(settings->integer(key));
  };
  duration("retry-initial", delivery.retry_initial);
  duration("retry-max", delivery.retry_max);
  number("retry-count", delivery.retry_count);
  duration("expiry", delivery.expiry);
  number("window", delivery.window);
  return {};
}

Result<Subscription> read_one(const YamlNode& node, WallTime created) {
  if (node.kind != YamlNode::Kind::mapping)
    return node.refuse("each subscription is a mapping with `id` and `callback`");
  const auto settings = read_settings(node, subscription_options, nested);
  if (!settings) return tl::unexpected(settings.error());
  Subscription subscription;
  subscription.id = settings->text("id");
  subscription.callback = settings->text("callback");
  if (subscription.id.empty()) return node.refuse("a subscription needs an `id`");
  if (subscription.callback.empty()) return node.refuse("a subscription needs a `callback`");
  subscription.owner = "config";
  subscription.via = "config";
  subscription.created = subscription.updated = created;
  subscription.state = SubscriptionState::active;
  subscription.filter = settings->text("filter");
  subscription.edition = settings->text("edition");
  subscription.language = settings->text("language");
  if (auto good = read_patterns(subscription.types, *settings, node, "types"); !good)
    return tl::unexpected(good.error());
  if (auto good = read_patterns(subscription.sources, *settings, node, "sources"); !good)
    return tl::unexpected(good.error());
  if (auto good = read_labels(subscription, node); !good) return tl::unexpected(good.error());
  if (auto good = read_delivery(subscription, node); !good) return tl::unexpected(good.error());
  if (auto good = validate(subscription); !good) return node.refuse(good.error().message);
  return subscription;
}

}  // namespace

Result<std::vector<Subscription>> read_static_subscriptions(const YamlNode& node,
                                                            WallTime created) {
  std::vector<Subscription> subscriptions;
  if (node.kind == YamlNode::Kind::null) return subscriptions;
  if (node.kind != YamlNode::Kind::sequence)
    return node.refuse("'subscriptions' takes a list of mappings");
  std::set<std::string> ids;
  for (const auto& item : node.items) {
    auto subscription = read_one(item, created);
    if (!subscription) return tl::unexpected(subscription.error());
    if (!ids.insert(subscription->id).second)
      return item.refuse("there are two subscriptions with the id '" + printable(subscription->id) +
                         "'");
    subscriptions.push_back(std::move(*subscription));
  }
  return subscriptions;
}

}  // namespace sense::cli
