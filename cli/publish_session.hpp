#pragma once

#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/loop.hpp"
#include "cli/sense_publisher.hpp"

namespace CLI {
class App;
}

namespace sense::cli {

// Where a command's events go in: over the bus of the configuration, or through a SENSE/1 server.
// `loop` must outlive it, and run no more when it is closed.
class PublishSession {
 public:
  // `via`: sense://HOST[:PORT], or "" for the bus; then alone a configuration is needed.
  [[nodiscard]] static Result<std::unique_ptr<PublishSession>> open(Loop& loop,
                                                                    const Global& global,
                                                                    const std::string& via);
  [[nodiscard]] Publisher& publisher();
  // For messages: "the broker at ipc://…" or "sense://…".
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  explicit PublishSession(std::string where) : where_(std::move(where)) {}
  std::string where_;
  std::unique_ptr<BusSession> bus_;
  std::unique_ptr<SensePublisher> sense_;
};

// The option --via.
void add_via(CLI::App& command, std::string& target);

}  // namespace sense::cli
