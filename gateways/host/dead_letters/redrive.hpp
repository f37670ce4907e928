// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/bus.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"

namespace sense {

// Executes the requests about this gateway's dead letters
// (core/subscription/dead_letter_request.hpp), one after the other: redrives or purges the selected
// dead letters that exist when it begins, and publishes the outcome once that is stored.
//
// It works in portions, between which the reactor runs and the store is written, so that a million
// dead letters neither delay deliveries nor fill memory. The checkpoint that has the effects of a
// portion also has the job's progress: a crash neither forgets a request nor repeats what was
// stored.
//
// Reactor thread; its dependencies must outlive it, and none may call back after its end.
class Redriver {
 public:
  static constexpr std::uint32_t portion_dead_letters = 500;
  static constexpr std::size_t portion_octets = 4 * 1024 * 1024;
  static constexpr std::size_t requests_max = 100;  // queued; more are refused
  static constexpr std::size_t waiting_max =
      100'000;  // pending deliveries above those at its begin
  static constexpr Duration room_patience =
      std::chrono::seconds{5};  // while there is no room and the backlog does not shrink
  static constexpr Duration retry_after = std::chrono::milliseconds{250};
  static constexpr Duration progress_interval = std::chrono::seconds{2};

  struct Dependencies {
    GatewayStore& store;
    Engine& engine;
    CheckpointWriter& checkpoints;
    Publisher& publisher;
    Counters& counters;
    const Clock& clock;
  };
  struct Callbacks {
    std::function<void(Duration, std::function<void()>)> after;  // runs a task after a pause
    std::function<void()>
        checkpoint;  // takes a checkpoint, then performs the actions of the engine
  };
  Redriver(std::string gateway, Dependencies dependencies, Callbacks callbacks)
      : gateway_(std::move(gateway)),
        dependencies_(dependencies),
        callbacks_(std::move(callbacks)) {}

  // Resumes the requests that a stop or crash interrupted.
  void start();
  // The next event of the journal. True when it is a request to this gateway or another.
  bool on_event(const Event& event);

 private:
  struct Stall {  // no room: the lowest backlog so far, and since when
    std::size_t waiting = 0;
    MonoTime since{};
  };

  void schedule(Duration after);
  void step();
  // False when there was no progress: retry later.
  [[nodiscard]] bool process_portion(RedriveJob& job);
  [[nodiscard]] bool begin(RedriveJob& job);
  // False: retry this dead letter later.
  [[nodiscard]] bool process(RedriveJob& job, const StoredDeadLetter& dead_letter,
                             std::size_t& octets);
  [[nodiscard]] bool redrive(RedriveJob& job, const StoredDeadLetter& dead_letter,
                             const EventRef& event);
  [[nodiscard]] bool room_may_come(const std::string& subscription);
  void count_refusal(RedriveJob& job, DeadLetterRefusal refusal);
  void log_store_error(const Error& error);
  void publish_progress();
  void publish_outcome();
  void on_outcome_published(const Result<Receipt>& receipt);

  const std::string gateway_;
  Dependencies dependencies_;
  Callbacks callbacks_;
  std::deque<RedriveJob> jobs_;  // the first is being processed
  bool scheduled_ = false;
  bool publishing_ = false;
  // Of the job being processed, in this process:
  std::optional<std::size_t> room_;      // bound of all pending deliveries
  std::map<std::string, Stall> stalls_;  // by subscription; "": all
  MonoTime progress_published_{};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
