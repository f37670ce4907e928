// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/gateway_directory.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/subscription/delivery_latency.hpp"

namespace sense {

namespace {

// How long an event may take. Absent: that is not known, or it has no bound.
std::optional<Duration> longest(const AnnouncedScheme& scheme, const DeliveryOptions& delivery) {
  if (!scheme.capabilities) return std::nullopt;
  if (!delivery.collects()) return worst_latency(delivery, scheme.capabilities->latency.highest);
  if (!scheme.capabilities->digest_latency) return std::nullopt;
  return worst_latency(delivery, scheme.capabilities->digest_latency->highest);
}

}  // namespace

bool GatewayDirectory::has_scheme(const Schemes& schemes, std::string_view scheme) {
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](const auto& served) { return served.name == scheme; });
}

void GatewayDirectory::clear() {
  gateways_.clear();
  complete_ = false;
}

void GatewayDirectory::add(const RegistryEntry& entry) {
  gateways_[entry.key] = schemes_of_entry(entry.value);
}

void GatewayDirectory::complete(std::uint64_t position) {
  position_ = position;
  complete_ = true;
}

bool GatewayDirectory::on_event(const Event& event) {
  auto change = gateway_change(event);
  if (!change) return false;
  if (event.sequence <= position_) return true;
  if (change->schemes.empty())
    gateways_.erase(change->name);
  else
    gateways_[change->name] = std::move(change->schemes);
  return true;
}

bool GatewayDirectory::is_alone() const {
  return complete_ && std::none_of(gateways_.begin(), gateways_.end(), [this](const auto& other) {
           return other.first != name_ &&
                  std::any_of(own_.begin(), own_.end(), [&](const auto& scheme) {
                    return has_scheme(other.second, scheme.name);
                  });
         });
}

bool GatewayDirectory::serves_anywhere(std::string_view scheme) const {
  return serves_here(scheme) ||
         std::any_of(gateways_.begin(), gateways_.end(),
                     [&](const auto& other) { return has_scheme(other.second, scheme); });
}

Status GatewayDirectory::check_latency(const DeliveryOptions& delivery,
                                       std::string_view scheme) const {
  if (!delivery.sparse->max_latency) return {};
  std::set<std::string_view> able;
  std::string why = "whose gateway has not declared how long deliveries take";
  const auto gateways = list();
  for (const auto& gateway : gateways)
    for (const auto& served : gateway.schemes) {
      const auto worst = longest(served, delivery);
      if (worst && *worst <= *delivery.sparse->max_latency) able.insert(served.name);
      if (worst && served.name == scheme) why = "where events take up to " + to_text(*worst);
    }
  if (able.contains(scheme)) return {};
  std::string others;
  for (const auto name : able) others.append(others.empty() ? "" : ", ").append(name);
  return fail(Code::badparam,
              "delivery: max-latency " + to_text(*delivery.sparse->max_latency) +
                  " cannot be kept by a callback " + printable(scheme) + ":, " + why + "; " +
                  (others.empty() ? "no scheme here can" : "these can: " + others),
              "delivery");
}

std::vector<AnnouncedGateway> GatewayDirectory::list() const {
  auto all = gateways_;
  all.insert_or_assign(name_, own_);
  std::vector<AnnouncedGateway> gateways;
  for (auto& [name, schemes] : all) gateways.push_back({name, std::move(schemes)});
  return gateways;
}

}  // namespace sense
