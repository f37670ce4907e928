// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/event/event.hpp"
#include "core/registry/management_change.hpp"
#include "core/subscription/delivery_options.hpp"

namespace sense {

// The gateways of the installation and the schemes that they serve: the registry's list of kind
// `gateway`, kept current by its events. Pure; one thread.
class GatewayDirectory {
 public:
  // `name`, `schemes`: of this gateway.
  GatewayDirectory(std::string name, std::span<const Scheme> schemes)
      : name_(std::move(name)), own_(announced(schemes)) {}

  // A list of RegistryReader: clear(), then add() each entry of kind `gateway`, then complete()
  // with the list's position. Events up to that position change nothing any more.
  void clear();
  void add(const RegistryEntry& entry);
  void complete(std::uint64_t position);
  // True when the event announces a change of a gateway, which is applied unless the list has it.
  bool on_event(const Event& event);

  // Whether a gateway of that name has announced itself.
  [[nodiscard]] bool has(const std::string& name) const { return gateways_.contains(name); }
  [[nodiscard]] bool serves_here(std::string_view scheme) const { return has_scheme(own_, scheme); }
  // True when no other gateway serves a scheme of this one; false until the list is complete.
  [[nodiscard]] bool is_alone() const;
  [[nodiscard]] bool serves_anywhere(std::string_view scheme) const;
  // Refuses what asks for `max-latency` of a scheme that cannot keep it: badparam, with the schemes
  // that can.
  [[nodiscard]] Status check_latency(const DeliveryOptions& delivery,
                                     std::string_view scheme) const;
  // All of them and this one, by name.
  [[nodiscard]] std::vector<AnnouncedGateway> list() const;

 private:
  using Schemes = std::vector<AnnouncedScheme>;
  [[nodiscard]] static bool has_scheme(const Schemes& schemes, std::string_view scheme);

  const std::string name_;
  const Schemes own_;
  std::map<std::string, Schemes> gateways_;  // by name
  std::uint64_t position_ = 0;               // of the list
  bool complete_ = false;
};

}  // namespace sense
