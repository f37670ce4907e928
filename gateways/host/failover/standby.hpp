// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <functional>
#include <string>

#include "core/bus/bus.hpp"
#include "gateways/host/failover/replication_stream.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// A gateway that serves nothing and keeps its store the same as the leader's, so that it can go on
// where that one ends. Reactor thread; all it is given must outlive it.
class Standby {
 public:
  static constexpr Duration word_interval = std::chrono::seconds{10};
  static constexpr std::size_t changes_octets_max = 256 * 1024 * 1024;

  struct Ways {
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
  };
  // `folder`: where a copy is collected.
  Standby(GatewayStore& store, Bus& bus, const Clock& clock, std::string gateway, std::string kind,
          std::string folder, Ways ways)
      : store_(store),
        bus_(bus),
        clock_(clock),
        gateway_(std::move(gateway)),
        kind_(std::move(kind)),
        path_(std::move(folder) + "/copy.db"),
        ways_(std::move(ways)) {}

  // Follows who leads under that token, from now on.
  void follow(std::uint64_t token);
  // Whether the store here is a copy of what that leader has done, as far as has been read.
  [[nodiscard]] bool in_step(std::uint64_t token) const {
    return following_ && replicated_.token == token && !gap_;
  }
  // This gateway leads now, under that token. `done` when all is read that was said before it.
  void end(std::uint64_t token, std::function<void()> done);
  void stop() { following_ = false; }

 private:
  void find_head();
  void listen(std::uint64_t position);
  void take(const Batch& batch);
  void take(const Event& event);
  [[nodiscard]] Status install_copy(const CopyPart& part, const Event& event);
  [[nodiscard]] Status apply_replicated_changes(const CopyPart& part, const Event& event);
  void miss(const std::string& reason);
  void speak();

  GatewayStore& store_;
  Bus& bus_;
  const Clock& clock_;
  std::string gateway_;
  std::string kind_;
  std::string path_;
  Ways ways_;

  bool following_ = false;
  bool speaking_ = false;
  std::uint64_t token_ = 0;                       // of the leader
  GatewayStore::ReplicationPosition replicated_;  // of what is stored
  bool gap_ = false;                              // behind it
  std::string stream_;                            // followed without a gap; empty: none
  std::uint64_t part_ = 0;                        // of it, that came last
  std::ofstream file_;                            // the copy that is coming
  std::string changes_;                           // those that are coming
  std::uint64_t position_ = 0;
  std::uint64_t end_at_ = 0;
  std::function<void()> ended_;
};

}  // namespace sense
