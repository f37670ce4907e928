// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bus/keys.hpp"
#include "tests/bench/harness/system_under_test.hpp"

namespace sense::bench {

// SENSE itself: `sense broker` from this executable, Bus::publish and Bus::follow.
class BusSystem : public SystemUnderTest {
 public:
  [[nodiscard]] Result<pid_t> start(const Workload& workload, Children& children) override;
  [[nodiscard]] Status publish(const Workload& workload, Sender& sender) override;
  [[nodiscard]] Status subscribe(const Workload& workload, Receiver& receiver) override;

  // It loses nothing, but a subscriber that was stopped first reads what waited for it.
  [[nodiscard]] Duration patience() const override { return std::chrono::seconds{60}; }

 protected:
  static constexpr auto config_file = "sense.yaml";  // of start(), in the system's folder
  // What the configuration file is to hold besides, in YAML.
  [[nodiscard]] virtual std::string more_config() const { return {}; }
  // Of the event with that number, from 1; warm_up()'s are numbered, too.
  [[nodiscard]] virtual std::string source_of(std::uint64_t number) const;
  // The type of all events.
  static std::string_view type_text() { return "{urn:example:bench}event"; }

 private:
  // Relative to the system's folder.
  std::string service_;
  std::string events_;
  BusKeys keys_;  // of the clients
};

}  // namespace sense::bench
