// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/config/settings.hpp"
#include "core/egress/policy.hpp"
#include "core/registry/subscriptions.hpp"
#include "core/subscription/subscription.hpp"

// What the author of a gateway plugin reads. A gateway is one folder with one shared object that
// exports one descriptor (SENSE_GATEWAY below). The host owns counting, waiting, numbering,
// suspending and dead letters; a plugin attempts once and says how it went.
//
// Threads: the host calls a plugin on one thread only, the reactor's, and a plugin calls `done` and
// everything in its context on that thread too (boost::asio::post(context.reactor, ...) gets there
// from elsewhere). A plugin never blocks that thread; BlockingGateway (blocking_gateway.hpp) is for
// authors who prefer to block.
namespace sense {

// How one attempt to deliver went. Not an error: a refused callback is an ordinary outcome.
struct Attempt {
  enum class Outcome {
    delivered,  // the other side has it
    retry,      // not now: try again later
    rejected,   // never this event: it becomes a dead letter
    gone,       // never again: the subscription ends
  };
  Outcome outcome = Outcome::retry;
  // With retry: how long to wait, instead of the subscription's own schedule. Clamped by the host.
  std::optional<Duration> after;
  std::string answer;  // what the other side said, one line, for operators

  static Attempt delivered(std::string answer = {}) {
    return {Outcome::delivered, std::nullopt, std::move(answer)};
  }
  static Attempt retry(std::string answer, std::optional<Duration> after = std::nullopt) {
    return {Outcome::retry, after, std::move(answer)};
  }
  static Attempt rejected(std::string answer) {
    return {Outcome::rejected, std::nullopt, std::move(answer)};
  }
  static Attempt gone(std::string answer) {
    return {Outcome::gone, std::nullopt, std::move(answer)};
  }
};

// One attempt to make. Shared and immutable; keep it as long as needed.
struct Delivery {
  enum class Kind {
    event,   // `event` is to be delivered as `number`
    gap,     // numbers `number` to `number_last` will never come; reason
    ended,   // the subscription has ended; reason. Nothing follows
    digest,  // `contents` are to be delivered together; numbers `number` to `number_last`
  };
  struct Content {
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;
    EventRef event;  // never null when a plugin sees it
  };
  Kind kind = Kind::event;
  SubscriptionRef subscription;
  std::uint64_t number = 0;       // 1, 2, 3 ... within the subscription
  std::uint64_t number_last = 0;  // of a gap, of a digest
  std::uint32_t attempt = 1;      // of this delivery, from 1
  // For gap, ended and digest a management event that says it in words, so that a plugin may treat
  // all kinds alike; a digest's holds the events. Never null.
  EventRef event;
  std::string reason;  // "undeliverable", "expired" ...; of ended: expired, cancelled, revoked,
                       // unreachable, shutdown
  // 1, 2, 3 ... within the subscription: what was collected and closed together; the same in each
  // repeat. 0: not collected.
  std::uint64_t window = 0;
  std::vector<Content> contents;  // of a digest, in the order of their numbers
};

using AttemptDone = std::function<void(Attempt)>;

// The outcome of asking a callback whether it wants to be called.
struct Verification {
  enum class Outcome {
    verified,  // it said yes
    asked,     // the question is on its way; the answer comes to Subscriptions::confirm
    refused,   // it said no, or may not be asked: the subscription ends
    failed,    // it could not be asked now: the host asks again, at growing intervals
  };
  Outcome outcome = Outcome::failed;
  std::string answer;
};
using VerificationDone = std::function<void(Verification)>;

class Gateway {
 public:
  virtual ~Gateway() = default;

  // Opens the front door. Called once, after the subscriptions are loaded.
  [[nodiscard]] virtual Status start() = 0;
  // Closes it; answers what is under way with retry. No call follows.
  virtual void stop() = 0;
  // Attempts once. `done` is called exactly once, later or at once.
  virtual void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) = 0;
  // Asks a pending subscription's callback, with a token that only the callback can know. `done`
  // once.
  virtual void verify(SubscriptionRef subscription, std::string token, VerificationDone done) = 0;
  // A subscription served here has ended or changed; drop what is kept for it. Default: nothing.
  virtual void forget(const std::string& subscription_id) { (void)subscription_id; }
  // Where the front door listens, as URIs, for people: "sense://127.0.0.1:7367". Empty: nowhere.
  [[nodiscard]] virtual std::vector<std::string> listening() const = 0;
};

// What a plugin is given instead of globals. Outlives the plugin.
struct GatewayContext {
  std::string name;  // of this gateway in the configuration
  const Clock& clock;
  Counters& counters;
  boost::asio::io_context& reactor;
  Publisher& publisher;
  Subscriptions& subscriptions;
  const ServedSubscriptions& served;
  const EgressPolicy& egress;
  // All parameters of the service that clients may see, e.g. {"max-period", "86400"}.
  std::function<std::vector<std::pair<std::string, std::string>>()> parameters;
  // The event with that sequence, from the broker's journal: for whoever may see it, which is the
  // plugin's to know. `done` exactly once, later; notfound when the journal does not hold it.
  // Empty: this host cannot.
  std::function<void(std::uint64_t sequence, std::function<void(Result<EventRef>)> done)> event_at =
      {};
};

// The survey's taxonomy (docs/writing-a-gateway.md): what a subscriber may expect of the transport.
struct Capabilities {
  const char* latency;          // "milliseconds", "seconds", "minutes"
  const char* initiator;        // "source", "sink", "both"
  const char* acknowledgement;  // "end-to-end", "hop", "none"
  std::uint64_t payload_max;    // octets
};

// Defaults of delivery for this gateway's schemes; a subscription may override them.
struct DeliveryDefaults {
  // Pauses after attempt 1, 2, 3 ...; as many attempts as pauses, and one more. Seconds.
  std::span<const std::uint32_t> retry_seconds;
  std::uint32_t window;  // attempts in flight at once for one subscription
};

// Changes with every incompatible change of these headers.
inline constexpr const char* gateway_abi = "sense-gateway/3";

// The one thing that a plugin exports. Static data.
struct GatewayDescriptor {
  const char* abi;                            // gateway_abi
  const char* name;                           // "http"
  const char* summary;                        // one sentence
  std::span<const std::string_view> schemes;  // callback URI schemes, lower case
  std::span<const Option> options;
  Capabilities capabilities;
  DeliveryDefaults delivery;
  Result<std::unique_ptr<Gateway>> (*create)(const Settings& options, GatewayContext& context);
};

}  // namespace sense

// Put once at the end of a plugin: SENSE_GATEWAY(descriptor). The symbol carries the plugin's
// folder name nowhere: one shared object, one gateway.
#define SENSE_GATEWAY(descriptor)                                                   \
  extern "C" __attribute__((visibility("default"))) const sense::GatewayDescriptor* \
  sense_gateway_descriptor() {                                                      \
    return &(descriptor);                                                           \
  }
