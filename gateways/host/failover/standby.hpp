// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>
#include <string>

#include "core/bus/bus.hpp"
#include "gateways/host/failover/pair_secret.hpp"
#include "gateways/host/failover/replication_stream.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// The follower of a replication stream: keeps the store the same as the leader's, so that this
// gateway can take over. Reactor thread; all arguments must outlive it, and none may call back
// after its end.
class Standby {
 public:
  static constexpr Duration heartbeat_interval = std::chrono::seconds{10};
  static constexpr std::size_t changes_octets_max = 256 * 1024 * 1024;

  struct Callbacks {
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  // `folder`: where a copy is assembled. `pair`: of the gateways of this kind.
  Standby(GatewayStore& store, Bus& bus, const Clock& clock, std::string gateway, std::string kind,
          std::string folder, const PairSecret& pair, Callbacks callbacks)
      : store_(store),
        bus_(bus),
        clock_(clock),
        gateway_(std::move(gateway)),
        kind_(std::move(kind)),
        path_(std::move(folder) + "/copy.db"),
        pair_(pair),
        callbacks_(std::move(callbacks)) {}

  // Follows the leader of that token.
  void follow(std::uint64_t token);
  // True when the store is a copy of that leader's, and all has been read that was in the journal
  // when this gateway began to follow: a stream may have ended while it was away.
  [[nodiscard]] bool in_sync(std::uint64_t token) const {
    const bool has_read = known_from_ != 0 && position_ >= known_from_;
    return following_ && has_read && replicated_.token == token && !gap_;
  }
  // This gateway leads under that token. Calls `done` when everything published before is applied.
  void take_over(std::uint64_t token, std::function<void()> done);
  void stop() { following_ = false; }

 private:
  void find_position();
  void listen(std::uint64_t position);
  void on_batch(const Batch& batch);
  void on_event(const Event& event);
  [[nodiscard]] Status install_copy(const ReplicationPart& part, const Event& event);
  [[nodiscard]] Status apply_replicated_changes(const ReplicationPart& part, const Event& event);
  void on_gap(const std::string& reason);
  void send_heartbeat();

  GatewayStore& store_;
  Bus& bus_;
  const Clock& clock_;
  std::string gateway_;
  std::string kind_;
  std::string path_;
  const PairSecret& pair_;
  Callbacks callbacks_;

  bool following_ = false;
  bool heartbeat_started_ = false;
  std::uint64_t token_ = 0;                       // of the leader
  GatewayStore::ReplicationPosition replicated_;  // of the store
  bool gap_ = false;                              // parts after it were lost
  std::string stream_;                            // followed without a gap; empty: none
  std::uint64_t part_ = 0;                        // of it, the last one read
  std::ofstream file_;                            // the copy being received
  std::string changes_;                           // the set being received
  std::uint64_t position_ = 0;
  std::uint64_t known_from_ = 0;  // sequence of the first heartbeat; 0: not published yet
  std::uint64_t take_over_at_ = 0;
  std::function<void()> on_taken_over_;
};

}  // namespace sense
