// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/event/event.hpp"

namespace sense {

// The gateways of the installation and the schemes that they serve: announces this one in the
// registry, and follows the entries of the others. Reactor thread; the bus must outlive it.
class GatewayDirectory {
 public:
  struct Callbacks {
    // Runs a task after a pause, when the broker did not answer.
    std::function<void(std::function<void()>)> retry_later;
    // Called after each change.
    std::function<void()> changed;
  };
  GatewayDirectory(Bus& bus, std::string name, std::span<const std::string_view> schemes,
                   Callbacks callbacks);

  void load();
  void announce(std::vector<std::string> listening);
  // True when the event announces a change of a gateway.
  bool on_event(const Event& event);
  void stop() { stopped_ = true; }

  [[nodiscard]] bool serves_here(const std::string& scheme) const { return own_.contains(scheme); }
  // True when no other gateway serves a scheme of this one; false until that is known.
  [[nodiscard]] bool is_alone() const;
  [[nodiscard]] bool serves_anywhere(const std::string& scheme) const;

 private:
  Bus& bus_;
  std::string name_;
  std::set<std::string> own_;
  Callbacks callbacks_;
  std::map<std::string, std::vector<std::string>> others_;  // schemes, by name
  bool loaded_ = false;
  bool stopped_ = false;
};

}  // namespace sense
