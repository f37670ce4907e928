// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "broker/broker.hpp"
#include "broker/journal/ingest.hpp"
#include "broker/journal/request.hpp"
#include "broker/journal/store.hpp"
#include "core/admin/metrics.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/mailbox.hpp"

namespace sense {

// The thread `sense-commit`: stores all that is waiting as one group, or in groups of about 8 MiB,
// again and again, and removes what retention no longer keeps. Owns the connection that writes, the
// registry and the deduplication window.
class CommitLoop {
 public:
  // What it measures, once for each group or request.
  struct Measures {
    Histogram group_seconds;    // to write and sync it
    Histogram group_requests;   // how many it has
    Histogram request_seconds;  // from when it was received until it is stored
  };
  // `settings`: of broker_options(). Answers and events go to `results`. All must outlive it.
  CommitLoop(Store store, const Settings& settings, Counters& counters, AuditTrail& audit,
             bus::Mailbox<Outgoing>& results, Measures measures);
  ~CommitLoop() { stop(); }

  // Restores the state and loads the configuration's subscriptions; before start().
  [[nodiscard]] Status open(const std::vector<Subscription>& configured);
  // The last sequence; before start().
  [[nodiscard]] std::uint64_t head() const { return ingest_->head(); }

  // `on_failure`: the state of the disk is unknown after a failed write. The thread has ended, and
  // start-up recovers. Called on the thread, at most once.
  void start(std::function<void(Error)> on_failure);
  // Stores what is waiting, and ends the thread. Again: no effect.
  void stop();

  // Any thread. False: more than broker.waiting-size octets would wait; the request is not taken,
  // which is counted and announced by a notice.
  [[nodiscard]] bool put(IncomingRef& request);
  // What to answer to a request that was not taken.
  [[nodiscard]] static Error overload();
  // Any thread. For how long a group has been on its way to the disk; zero: none is.
  [[nodiscard]] Duration committing_for(MonoTime now) const;
  // Any thread.
  [[nodiscard]] std::size_t waiting_octets() const { return waiting_octets_.load(); }
  // Any thread. As Ingest::note_damage.
  void note_damage(Journal::Range range) { damage_.put(range); }

 private:
  void run();
  [[nodiscard]] std::chrono::milliseconds longest_wait() const;
  [[nodiscard]] bool commit(const std::vector<IncomingRef>& waiting);
  void measure(std::span<const IncomingRef> group, MonoTime began) const;
  void trim(Timestamp now);

  Store store_;
  const Settings& settings_;
  Counters& counters_;
  AuditTrail& audit_;
  bus::Mailbox<Outgoing>& results_;
  const Measures measures_;
  std::function<void(Error)> on_failure_;

  bus::Mailbox<IncomingRef> requests_;
  std::atomic<std::size_t> waiting_octets_ = 0;
  std::atomic<std::uint64_t> overloads_ = 0;  // refused requests not yet announced by a notice
  bus::Mailbox<Journal::Range> damage_;
  std::atomic<bool> stopping_ = false;
  std::atomic<MonoTime> committing_since_ = MonoTime{};  // the epoch: no group is under way

  // Owned by the thread.
  std::optional<Ingest> ingest_;
  MonoTime trimmed_{};
  log::RateLimiter trim_log_limit_{std::chrono::minutes{1}};
  std::thread thread_;
};

}  // namespace sense
