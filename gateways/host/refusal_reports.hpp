// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/counters.hpp"
#include "core/bus/bus.hpp"

namespace sense {

// What this gateway refuses its clients, on the way to the broker's audit trail. At most
// under_way_max are on their way; further ones, and those that the broker did not take, are counted
// in gateway.refusals.left-out, and told with the next. Reactor thread only; the reporter and the
// counters must outlive it, answers may come later.
class RefusalReports {
 public:
  static constexpr std::size_t under_way_max = 16;
  static constexpr std::size_t request_length_max = 128;  // more is cut

  RefusalReports(RefusalReporter& broker, Counters& counters)
      : broker_(broker), counters_(counters) {}

  // Errors other than noaccess and nomoreroom are the client's mistakes, and not told. `request`:
  // what was asked.
  void add(const ServedClient& client, std::string request, const Error& error);

 private:
  struct State {
    std::size_t under_way = 0;
    std::uint64_t left_out = 0;
  };

  RefusalReporter& broker_;
  Counters& counters_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace sense
