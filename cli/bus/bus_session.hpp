// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "core/bus/bus.hpp"

namespace sense::cli {

// A connection to the broker, whose callbacks run on the loop's thread, as every call must. Reports
// on standard error that it waits when the broker does not answer within a second. `loop` must
// outlive it, and must have ended when it is closed.
class BusSession {
 public:
  // Fails when the configuration or the client's keys cannot be used; a broker that is away is no
  // failure.
  [[nodiscard]] static Result<std::unique_ptr<BusSession>> open(Loop& loop, const Global& global);
  ~BusSession();
  [[nodiscard]] Bus& bus() { return *bus_; }
  // Where the broker is, for messages.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

 private:
  BusSession(Loop& loop, std::string endpoint) : loop_(loop), endpoint_(std::move(endpoint)) {}
  Loop& loop_;
  std::string endpoint_;
  std::unique_ptr<Bus> bus_;
};

}  // namespace sense::cli
