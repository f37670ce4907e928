// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateways/api/gateway.hpp"
#include "gateways/host/lazy_timer.hpp"
#include "gateways/host/notices/notices.hpp"
#include "gateways/host/records/delivery_log.hpp"
#include "gateways/host/records/lateness_table.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"
#include "gateways/host/subscriptions/suspension_writer.hpp"

namespace sense {

// What became of one attempt, for the metrics. A value.
struct MeasuredAttempt {
  Attempt::Outcome outcome = Attempt::Outcome::retry;
  Duration took{0};
  std::optional<Duration> since_accepted;  // of its (first) event by the broker
};

// Carries out what the engine decides: attempts deliveries through the plugin and brings the
// outcomes back, hands dead letters and what has expired to the next checkpoint, suspensions and
// ends to the registry, and wakes the engine when it asks for it. Reactor thread; all arguments
// must outlive it, and none may call back after its end.
class Dispatcher {
 public:
  struct Dependencies {
    Engine& engine;
    GatewayStore& store;  // loads payloads
    Gateway& gateway;     // throws nothing (GuardedGateway)
    CheckpointWriter& checkpoints;
    DeadLetterNotices& notices;
    SuspensionWriter& suspensions;
    DeliveryLog& log;
    LatenessTable& lateness;
    const Clock& clock;
  };
  struct Callbacks {
    Executor post;                                               // runs a task soon
    std::function<void(Duration, std::function<void()>)> after;  // runs a task after a pause
    std::function<bool()> may_attempt;  // false: nothing is carried out until it is true
    std::function<void(const std::string& id)> gone;   // ends a subscription: its callback is gone
    std::function<void(const std::string& id)> ended;  // nothing is delivered to it any more
    std::function<void()> checkpoint_soon;             // something waits for a checkpoint
    std::function<void()> settled;                     // outcomes were processed
    std::function<void(const MeasuredAttempt&)> measured = {};  // empty: nothing is measured
  };
  Dispatcher(Dependencies dependencies, Callbacks callbacks);

  // Carries out what is due.
  void perform();
  // From now on nothing is attempted: outcomes of attempts under way still count, but for retry,
  // since such an attempt is repeated after the next start.
  void drain();
  // Records the outcomes and dead letters so far; later ones are void. For the end.
  void close();

 private:
  enum class State { open, draining, closed };
  void carry_out(Engine::Actions& actions);
  void attempt(Engine::Deliver& deliver);
  // Of an attempt under way: what the log needs of it, since the plugin may release the delivery.
  struct Begun {
    SubscriptionRef subscription;
    MonoTime at{};
    AttemptRecord record;
    std::vector<WallTime> observed;  // its events
  };
  void note(const Begun& begun, const Attempt& outcome);
  void measure(const Begun& begun);
  void on_outcome(std::uint64_t attempt_id, const Attempt& outcome);
  void perform_soon();

  Dependencies dependencies_;
  Callbacks callbacks_;
  LazyTimer timer_;
  State state_ = State::open;
  bool performing_ = false;
  bool perform_scheduled_ = false;
};

}  // namespace sense
