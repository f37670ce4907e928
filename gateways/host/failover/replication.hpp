// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "core/bus/bus.hpp"
#include "gateways/host/failover/pair_secret.hpp"
#include "gateways/host/failover/replication_stream.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// Replicates the store of the leader to its standbys: a copy of the whole store when one asks for
// it, then the changes of each checkpoint. Inactive without a standby. Reactor thread; all
// arguments must outlive it, and none may call back after its end.
class Replication {
 public:
  // A standby without a heartbeat for so long is not waited for.
  static constexpr Duration standby_timeout = std::chrono::minutes{10};
  static constexpr Duration retry_pause = std::chrono::seconds{10};  // after a failure
  // A checkpoint with nothing but a new position is sent at most this often.
  static constexpr Duration position_interval = std::chrono::minutes{1};
  static constexpr std::size_t log_octets_max = 64 * 1024 * 1024;
  static constexpr int pages_a_step = 1000;

  struct Callbacks {
    Executor later;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  // `folder`: where the copy is prepared. `pair`: of the gateways of this kind.
  Replication(GatewayStore& store, Publisher& publisher, const Clock& clock, std::string gateway,
              std::string kind, std::string folder, const PairSecret& pair, Callbacks callbacks)
      : store_(store),
        publisher_(publisher),
        clock_(clock),
        gateway_(std::move(gateway)),
        kind_(std::move(kind)),
        path_(std::move(folder) + "/copy.db"),
        pair_(pair),
        callbacks_(std::move(callbacks)) {}

  // This gateway leads, under that token. `standby_expected`: start a stream at once.
  void lead(std::uint64_t token, bool standby_expected);
  // True when the event was the heartbeat of a standby.
  bool on_event(const Event& event);
  // A checkpoint was stored. Calls `done` when standbys can have it: at once when none is in sync.
  void saved(bool only_position, std::function<void()> done);
  void stop();

 private:
  enum class State { off, copying, sending, in_sync };
  void begin();
  void continue_copy(const std::string& stream);
  [[nodiscard]] Status start_copy();
  [[nodiscard]] Result<bool> step_copy();
  void send_file();
  void send_changes();
  void send_next();
  void send(ReplicationPart part, std::string octets, std::function<void()> then);
  void end_stream();
  void abandon_stream(const std::string& reason);
  void complete_saved();

  GatewayStore& store_;
  Publisher& publisher_;
  const Clock& clock_;
  std::string gateway_;
  std::string kind_;
  std::string path_;
  const PairSecret& pair_;
  Callbacks callbacks_;

  State state_ = State::off;
  std::uint64_t token_ = 0;
  std::string stream_;
  std::uint64_t part_ = 0;
  MonoTime standby_seen_{};
  struct Copying {
    Database file;
    DatabaseCopy copy;
  };
  std::optional<Copying> copying_;
  std::ifstream file_;
  std::optional<ChangeLog> log_;
  std::string changes_;  // being sent
  std::size_t sent_ = 0;
  bool sending_changes_ = false;
  std::function<void()> on_saved_;  // `done` of the last saved()
  MonoTime position_sent_{};
};

}  // namespace sense
