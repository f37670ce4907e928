// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gateways/host/dead_letters/redrive.hpp"
#include "gateways/host/dispatcher.hpp"
#include "gateways/host/event_reader.hpp"
#include "gateways/host/failover/failover.hpp"
#include "gateways/host/feeds/journal_feeds.hpp"
#include "gateways/host/gateway_services.hpp"
#include "gateways/host/guarded_gateway.hpp"
#include "gateways/host/records/kept_deliveries.hpp"
#include "gateways/host/subscriptions/announcement.hpp"
#include "gateways/host/subscriptions/subscription_follower.hpp"

namespace sense {

// The life of one gateway, as a state machine: it is started, leads or stands by, serves, and is
// stopped. Owns the plugin's object, the engine, the store and all parts between them; bus, clock,
// timers, reactor and seed are its environment's, so that it runs in virtual time as well. Reactor
// thread only.
class Lifecycle {
 public:
  enum class State {
    starting,     // until another gateway of this kind is known to lead, or this one does
    standing_by,  // another leads; the store is a copy of its store
    leading,      // reads the lists
    serving,      // leads, and the plugin has started
    stopping,     // everything is stored; the lease is being released
    stopped,      // the plugin's object is destroyed; nothing is called any more
  };
  // All of it must outlive the object, and no task may run and no answer come after its end: close
  // the bus first.
  struct Environment {
    Bus& bus;
    const Clock& clock;
    boost::asio::io_context& reactor;                            // for the plugin alone
    Executor post;                                               // runs a task soon
    std::function<void(Duration, std::function<void()>)> after;  // runs a task after a pause
    std::function<void()> stopped;                               // called once, in state `stopped`
    std::uint64_t seed = std::random_device{}();                 // of the retries' jitter
    std::function<void(const MeasuredAttempt&)> measured = {};   // as Dispatcher::Callbacks
  };

  // Opens the store and makes the plugin's object. The descriptor must outlive the result.
  [[nodiscard]] static Result<std::unique_ptr<Lifecycle>> make(GatewayConfig config,
                                                               const GatewayDescriptor& descriptor,
                                                               Environment environment);

  // Call it once.
  void begin();
  // Stores what is done, and ends; in any state, also before begin(). The first reason counts.
  void stop(Status reason);

  [[nodiscard]] State state() const { return state_; }
  // Why it was stopped; success when it was told to.
  [[nodiscard]] const Status& result() const { return result_; }
  [[nodiscard]] const Counters& counters() const { return services_->counters; }
  [[nodiscard]] const Engine& engine() const { return services_->engine; }

 private:
  Lifecycle(const GatewayDescriptor& descriptor, Environment environment, GatewayStore store,
            VerifiedCallbacks verified, std::unique_ptr<GatewayServices> services,
            std::unique_ptr<GuardedGateway> gateway, std::string pair_secret);

  // A timer whose task is dropped once this is being stopped.
  void after(Duration pause, std::function<void()> task);
  [[nodiscard]] Timestamp now() const { return environment_.clock.now(); }

  void on_stand_by();
  void on_lead();
  // The lists are read; events follow from `position`.
  void on_listed(std::uint64_t position, MonoTime wait_until);
  void serve(std::uint64_t position);
  void on_released();
  [[nodiscard]] bool on_event(const EventRef& event);  // as EventReader::Callbacks::process
  void on_slice_done();
  void on_lost(const Batch& batch);
  void on_gone(const std::string& subscription);
  void on_checkpoint_stored(bool only_position, std::function<void()> replicated);
  void on_directory_change();

  [[nodiscard]] std::vector<std::string> topics() const;
  void checkpoint();
  void checkpoint_soon();
  void checkpoint_periodically();

  State state_ = State::starting;
  Status result_;
  bool checkpoint_scheduled_ = false;

  // In the order in which they are built: each uses those above.
  const GatewayDescriptor& descriptor_;
  const Environment environment_;
  GatewayStore store_;
  VerifiedCallbacks verified_;
  std::unique_ptr<GatewayServices> services_;
  const GatewayConfig& config_;  // in services_
  JournalFeeds feeds_;
  std::unique_ptr<GuardedGateway> gateway_;  // null in state `stopped`
  Verifier verifier_;
  SubscriptionFollower follower_;
  Announcement announcement_;
  Failover failover_;
  CheckpointWriter checkpoints_;
  DeadLetterNotices notices_;
  SuspensionWriter suspensions_;
  DeliveryLog log_;
  LatenessTable lateness_;
  KeptDeliveries kept_;
  Dispatcher dispatcher_;
  Redriver redriver_;
  EventReader reader_;
};

}  // namespace sense
