// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "core/bus/bus.hpp"
#include "gateways/host/failover/replication_stream.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// Keeps the stores of this leader's standbys the same as its own: a copy of the whole when one
// asks, then what each checkpoint has changed. Without a standby it does nothing. Reactor thread;
// all it is given must outlive it.
class Replication {
 public:
  // A standby that has not been heard of for so long is not waited for any more.
  static constexpr Duration patience = std::chrono::minutes{10};
  static constexpr Duration pause = std::chrono::seconds{10};  // after what went wrong
  // A position alone is worth an event only so often.
  static constexpr Duration position_interval = std::chrono::minutes{1};
  static constexpr std::size_t log_octets_max = 64 * 1024 * 1024;
  static constexpr int pages_a_step = 1000;

  struct Ways {
    Executor later;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  // `folder`: where a copy may be prepared.
  Replication(GatewayStore& store, Publisher& publisher, const Clock& clock, std::string gateway,
              std::string kind, std::string folder, Ways ways)
      : store_(store),
        publisher_(publisher),
        clock_(clock),
        gateway_(std::move(gateway)),
        kind_(std::move(kind)),
        path_(std::move(folder) + "/copy.db"),
        ways_(std::move(ways)) {}

  // This gateway leads, under that token. With `expected`, a standby may be there.
  void lead(std::uint64_t token, bool expected);
  // True when it was the word of a standby.
  bool take(const Event& event);
  // A checkpoint is in the store. `done` is called when standbys can have it: at once when there is
  // none that has all before it.
  void saved(bool only_position, std::function<void()> done);
  void stop();

 private:
  enum class State { off, copying, sending, in_step };
  void begin();
  void copy_on(const std::string& stream);
  [[nodiscard]] Status start_copy();
  [[nodiscard]] Result<bool> step_copy();
  void send_file();
  void send_changes();
  void send_next();
  void send(CopyPart part, std::string octets, std::function<void()> then);
  void give_up(const std::string& reason);
  void settle();

  GatewayStore& store_;
  Publisher& publisher_;
  const Clock& clock_;
  std::string gateway_;
  std::string kind_;
  std::string path_;
  Ways ways_;

  State state_ = State::off;
  std::uint64_t token_ = 0;
  std::string stream_;
  std::uint64_t part_ = 0;
  MonoTime heard_{};
  struct Copying {
    Database file;
    DatabaseCopy copy;
  };
  std::optional<Copying> copying_;
  std::ifstream file_;
  std::optional<ChangeLog> log_;
  std::string changes_;  // what is being sent
  std::size_t sent_ = 0;
  bool sending_changes_ = false;
  std::function<void()> done_;  // of the last saved()
  MonoTime position_sent_{};
};

}  // namespace sense
