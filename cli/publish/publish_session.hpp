// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/bus/bus_session.hpp"
#include "cli/publish/sense_publisher.hpp"

namespace sense::cli {

// Through which server: sense://HOST[:PORT], or "" for the bus; then alone a configuration is
// needed.
struct Via {
  std::string target;
  SenseSocketOptions socket;
};

// Where a command publishes (the loop's thread): on the bus of the configuration, or through a
// SENSE/1 server. `loop` must outlive it, and must have ended when it is closed.
class PublishSession {
 public:
  // Fails when the configuration, a key file or the URI cannot be used; a server that is away is no
  // failure.
  [[nodiscard]] static Result<std::unique_ptr<PublishSession>> open(Loop& loop,
                                                                    const Global& global,
                                                                    const Via& via);
  [[nodiscard]] Publisher& publisher();
  // For messages: "the broker at ipc://…" or "sense://…".
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  explicit PublishSession(std::string where) : where_(std::move(where)) {}
  std::string where_;
  std::unique_ptr<BusSession> bus_;
  std::unique_ptr<SensePublisher> sense_;
};

// The options --via and --key.
[[nodiscard]] std::vector<CommandOption> via_options(Via& via);

}  // namespace sense::cli
