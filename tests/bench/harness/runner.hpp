// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/bench/harness/children.hpp"
#include "tests/bench/harness/workload.hpp"

namespace sense::bench {

// Runs systems under test: each a program of its own, one after the other, never two at once.
// Reports on standard error what runs. One thread, as Children.
class Runner {
 public:
  // `peers`: the folder of the peers' programs, each with the peer's name. `system`: the command
  // that runs this executable as a system under test.
  Runner(std::string peers, std::vector<std::string> system)
      : peers_(std::move(peers)), sense_(std::move(system)) {}

  // The outcomes of each run, by system; without those that are not there, which is said once.
  // The order changes from run to run, so that none always comes first. Names that begin with
  // that of SENSE are its own; it comes first, and fails the whole when it loses an event.
  using Outcomes = std::map<std::string, std::vector<Outcome>>;
  using WorkloadOf = std::function<Workload(const std::string& name)>;
  [[nodiscard]] Result<Outcomes> side_by_side(const std::string& title,
                                              std::vector<std::string> names,
                                              const WorkloadOf& workload_of, unsigned runs);

  // Why systems could not take part, by name.
  [[nodiscard]] const std::map<std::string, std::string>& absent() const { return absent_; }

 private:
  [[nodiscard]] Result<Outcome> run(const std::string& name, const Workload& workload);
  [[nodiscard]] Result<std::string> output_of(const std::string& name,
                                              const std::vector<std::string>& command);
  void leave_out(const std::string& name, const std::string& why);

  std::string peers_;
  std::vector<std::string> sense_;
  std::map<std::string, std::string> absent_;
  Children children_;
};

// Events a second at each subscriber, or acknowledgements where there is no subscriber.
[[nodiscard]] double rate_of(const Outcome& outcome);

}  // namespace sense::bench
