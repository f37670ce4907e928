// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/gateway_directory.hpp"

#include <algorithm>

#include "core/registry/management_change.hpp"

namespace sense {

GatewayDirectory::GatewayDirectory(Bus& bus, std::string name,
                                   std::span<const std::string_view> schemes, Callbacks callbacks)
    : bus_(bus), name_(std::move(name)), callbacks_(std::move(callbacks)) {
  for (const auto scheme : schemes) own_.emplace(scheme);
}

void GatewayDirectory::load() {
  bus_.registry_list("gateway", "", 1000, [this](Result<Bus::RegistryPage> page) {
    if (stopped_) return;
    if (!page) return callbacks_.retry_later([this] { load(); });
    for (const auto& entry : page->entries)
      others_.emplace(entry.key, schemes_of_entry(entry.value));
    loaded_ = true;
    callbacks_.changed();
  });
}

void GatewayDirectory::announce(std::vector<std::string> listening) {
  bus_.registry_get("gateway", name_, [this, listening](Result<RegistryEntry> entry) {
    if (stopped_) return;
    if (!entry && entry.error().code != Code::notfound)
      return callbacks_.retry_later([this, listening] { announce(listening); });
    RegistryEntry wanted{"gateway", name_, entry ? entry->revision : 0,
                         gateway_entry({own_.begin(), own_.end()}, listening)};
    bus_.registry_put(std::move(wanted), "started", [this, listening](auto answer) {
      if (!answer && !stopped_) callbacks_.retry_later([this, listening] { announce(listening); });
    });
  });
}

bool GatewayDirectory::on_event(const Event& event) {
  auto change = gateway_change(event);
  if (!change) return false;
  if (change->schemes.empty())
    others_.erase(change->name);
  else
    others_[change->name] = std::move(change->schemes);
  callbacks_.changed();
  return true;
}

bool GatewayDirectory::is_alone() const {
  return loaded_ && std::none_of(others_.begin(), others_.end(), [this](const auto& other) {
           return other.first != name_ &&
                  std::any_of(other.second.begin(), other.second.end(),
                              [this](const auto& scheme) { return own_.contains(scheme); });
         });
}

bool GatewayDirectory::serves_anywhere(const std::string& scheme) const {
  return own_.contains(scheme) ||
         std::any_of(others_.begin(), others_.end(), [&](const auto& other) {
           const auto& schemes = other.second;
           return std::find(schemes.begin(), schemes.end(), scheme) != schemes.end();
         });
}

}  // namespace sense
