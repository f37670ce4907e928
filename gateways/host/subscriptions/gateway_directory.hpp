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

// Which gateways the installation has and what they serve: this one tells the registry of itself,
// and learns of the others. Reactor thread; the bus must outlive it.
class GatewayDirectory {
 public:
  struct Ways {
    // Runs a task after a pause, for what the broker did not answer.
    std::function<void(std::function<void()>)> again;
    // Called whenever more is known.
    std::function<void()> changed;
  };
  GatewayDirectory(Bus& bus, std::string name, std::span<const std::string_view> schemes,
                   Ways ways);

  void load();
  void announce(std::vector<std::string> listening);
  // True when the event announced a change of a gateway.
  bool take_change(const Event& event);
  void stop() { stopped_ = true; }

  [[nodiscard]] bool serves_here(const std::string& scheme) const { return own_.contains(scheme); }
  // Whether no other gateway serves what this one does; false until that is known.
  [[nodiscard]] bool alone() const;
  [[nodiscard]] bool serves_anywhere(const std::string& scheme) const;

 private:
  Bus& bus_;
  std::string name_;
  std::set<std::string> own_;
  Ways ways_;
  std::map<std::string, std::vector<std::string>> others_;  // schemes, by name
  bool loaded_ = false;
  bool stopped_ = false;
};

}  // namespace sense
