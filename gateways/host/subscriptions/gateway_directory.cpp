// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/gateway_directory.hpp"

#include <algorithm>

#include "core/registry/management_change.hpp"

namespace sense {

namespace {
std::set<std::string> set_of(const std::vector<std::string>& schemes) {
  return {schemes.begin(), schemes.end()};
}
}  // namespace

void GatewayDirectory::clear() {
  gateways_.clear();
  complete_ = false;
}

void GatewayDirectory::add(const RegistryEntry& entry) {
  gateways_[entry.key] = set_of(schemes_of_entry(entry.value));
}

void GatewayDirectory::complete(std::uint64_t position) {
  position_ = position;
  complete_ = true;
}

bool GatewayDirectory::on_event(const Event& event) {
  const auto change = gateway_change(event);
  if (!change) return false;
  if (event.sequence <= position_) return true;
  if (change->schemes.empty())
    gateways_.erase(change->name);
  else
    gateways_[change->name] = set_of(change->schemes);
  return true;
}

bool GatewayDirectory::is_alone() const {
  return complete_ && std::none_of(gateways_.begin(), gateways_.end(), [this](const auto& other) {
           return other.first != name_ &&
                  std::any_of(own_.begin(), own_.end(),
                              [&](const auto& scheme) { return other.second.contains(scheme); });
         });
}

bool GatewayDirectory::serves_anywhere(const std::string& scheme) const {
  return own_.contains(scheme) ||
         std::any_of(gateways_.begin(), gateways_.end(),
                     [&](const auto& other) { return other.second.contains(scheme); });
}

}  // namespace sense
