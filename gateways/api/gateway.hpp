// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include "core/bus/proof.hpp"
#include "core/config/settings.hpp"
#include "core/egress/policy.hpp"
#include "core/registry/capabilities.hpp"
#include "core/registry/ended_subscriptions.hpp"
#include "core/registry/management_change.hpp"
#include "core/registry/subscriptions.hpp"
#include "core/subscription/subscription.hpp"
#include "gateways/api/feeds.hpp"

namespace boost::asio {
class io_context;
}

// The interface of a gateway plugin (docs/writing-a-gateway.md). A gateway is one folder with one
// shared object that exports one descriptor (SENSE_GATEWAY below). The host numbers, queues,
// retries, suspends and dead-letters; a plugin attempts a delivery once and reports the outcome.
//
// Threads: the host calls a plugin on one thread only, the reactor's, and a plugin calls `done` and
// everything in its context on that thread too (from another thread by
// boost::asio::post(context.reactor, ...)). A plugin never blocks that thread; one whose attempts
// block derives from BlockingGateway (blocking_gateway.hpp).
namespace sense {

class DeliveryRecords;

// The outcome of one attempt to deliver. Not an error: a refusal is an ordinary outcome.
struct Attempt {
  enum class Outcome {
    delivered,  // the receiver has it
    retry,      // failed for now: the host tries again later
    rejected,   // this event will never be accepted: it becomes a dead letter
    gone,       // no event will be accepted any more: the subscription ends; one of the
                // configuration file stays, and this is as retry
  };
  Outcome outcome = Outcome::retry;
  // With retry: how long to wait, instead of the subscription's own schedule. Clamped by the host.
  std::optional<Duration> after;
  std::string answer;   // what the receiver said, one line, for operators and the owner
  unsigned status = 0;  // the receiver's, of its protocol; 0: there was none

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

// One delivery to attempt. Shared and immutable; may be kept as long as needed.
struct Delivery {
  enum class Kind {
    event,   // `event` is to be delivered as `number`
    gap,     // numbers `number` to `number_last` will never be delivered; `reason`
    ended,   // the subscription has ended; `reason`. No delivery follows
    digest,  // `contents` are to be delivered together; numbers `number` to `number_last`
  };
  struct Content {
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;
    EventRef event;  // never null in a plugin
  };
  Kind kind = Kind::event;
  SubscriptionRef subscription;
  std::uint64_t number = 0;       // 1, 2, 3 ... within the subscription
  std::uint64_t number_last = 0;  // of a gap, of a digest
  std::uint32_t attempt = 1;      // of this delivery, from 1
  // For gap, ended and digest a management event that describes it, so that a plugin may treat all
  // kinds alike; that of a digest contains the events. Never null.
  EventRef event;
  std::string reason;  // "undeliverable", "expired" ...; of ended: expired, cancelled, revoked,
                       // unreachable, shutdown
  // Of a digest, 1, 2, 3 ... within the subscription; the same in each repeated attempt. 0: no
  // digest.
  std::uint64_t window = 0;
  std::vector<Content> contents;  // of a digest, in the order of their numbers
};

// Called by the plugin with the outcome of an attempt, on the reactor's thread. A second call is
// ignored.
using AttemptDone = std::function<void(Attempt)>;

// The outcome of asking a callback whether it agrees to deliveries.
struct Verification {
  enum class Outcome {
    verified,  // it agrees
    asked,     // the request was sent; the answer comes to Subscriptions::confirm
    refused,   // it does not agree, or may not be asked: the subscription ends
    failed,    // it could not be asked: the host asks again, at growing intervals
  };
  Outcome outcome = Outcome::failed;
  std::string answer;
};
// As AttemptDone, for a verification.
using VerificationDone = std::function<void(Verification)>;

// The plugin's object: made by `create` of the descriptor, owned and destroyed by the host, on the
// reactor's thread. An exception that leaves deliver() counts as retry, one that leaves verify() as
// failed, one that leaves start() ends the process; others are logged.
class Gateway {
 public:
  virtual ~Gateway() = default;

  // Opens the gateway's listener, if it has one. Called once, after the subscriptions are loaded; a
  // failure ends the process. Default: nothing.
  [[nodiscard]] virtual Status start() { return {}; }
  // Closes the listener and completes attempts in progress with retry. May be called again, also
  // without start(); no other call follows but deliver(), which then completes with retry.
  // Default: nothing.
  virtual void stop() {}
  // Attempts once. `done` is called exactly once, later or at once.
  virtual void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) = 0;
  // Asks a pending subscription's callback whether it agrees, with a token that only the callback
  // gets to know. `done` is called exactly once, later or at once.
  virtual void verify(SubscriptionRef subscription, std::string token, VerificationDone done) = 0;
  // A subscription served here has ended or changed; discard what is kept for it. Default: nothing.
  virtual void forget(const std::string& subscription_id) { (void)subscription_id; }
  // Where the gateway's listener listens, as URIs, for people: "sense://127.0.0.1:7367". Default:
  // nowhere.
  [[nodiscard]] virtual std::vector<std::string> listening() const { return {}; }
};

// What a plugin does for the clients of its listener. Everything is judged by the rights of the
// client's principal alone (docs/security.md), and told apart in the journal: a plugin has no way
// to speak with the rights of its gateway, nor for a principal that has not proved itself to it.
class ClientServices {
 public:
  static constexpr const char* anonymous = "anonymous";
  virtual ~ClientServices() = default;

  // A client that has proved nothing. `peer`: its address and port, for the records.
  [[nodiscard]] virtual ServedClient unproved(std::string peer) const = 0;
  // A client that has proved this to the plugin, which has checked it: a key, a certificate, an
  // address. A token is passed on as proof_of_token(), and known here only. Fails with noaccess
  // when it is no principal's proof, or of one that this gateway may not speak for; with noserver
  // while the broker has not told yet whose proofs there are.
  [[nodiscard]] virtual Result<ServedClient> identify(const Proof& proof, std::string peer) = 0;

  // As Publisher::publish. Refused with noaccess for a client that is neither unproved() nor of
  // identify().
  virtual void publish(const ServedClient& client, const Event& event, Publisher::Done done) = 0;
  // The subscriptions as that client may see and change them. Each request is carried out also when
  // the pointer has been released.
  [[nodiscard]] virtual std::shared_ptr<Subscriptions> subscriptions(
      const ServedClient& client) = 0;
  // The plugin has refused a client itself, for want of a right or of room: for the audit trail.
  // `request`: what was asked, e.g. "REGISTER". What the broker refuses is known there already;
  // other errors are not told. Cheap: what comes too often is counted only.
  virtual void refused(const ServedClient& client, std::string request, const Error& error) = 0;
};

// What a plugin gets from its host, instead of globals. Outlives the plugin.
struct GatewayContext {
  std::string name;  // of this gateway in the configuration
  const Clock& clock;
  Counters& counters;
  boost::asio::io_context& reactor;
  ClientServices& clients;
  const ServedSubscriptions& served;
  const EgressPolicy& egress;
  // All parameters of the service that clients may see, e.g. {"max-period", "86400"}.
  std::function<std::vector<std::pair<std::string, std::string>>()> parameters;
  // The event with that sequence, from the broker's journal, if the client may read it; for a
  // client without a principal the plugin decides that. `done` is called exactly once, later;
  // notfound when the journal does not hold it, or not for that client. Empty: this host cannot
  // read the journal.
  std::function<void(std::uint64_t sequence, const ServedClient& client,
                     std::function<void(Result<EventRef>)> done)>
      event_at = {};
  // Why a subscription of this installation ended, for an hour, from this process's memory. The
  // plugin says it to its owner alone. Empty: this host does not know.
  std::function<std::optional<EndedSubscription>(std::string_view id)> ended = {};
  // For clients that come and ask. Null: this host has none.
  Feeds* feeds = nullptr;
  // Attempts and dead letters of the subscriptions served here (delivery_records.hpp). Null: this
  // host keeps none.
  DeliveryRecords* records = nullptr;
  // The gateways of the installation that have announced themselves, by name, as clients may see
  // them. Empty: this host does not know.
  std::function<std::vector<AnnouncedGateway>()> gateways = {};
};

// Defaults of delivery for this gateway's schemes; a subscription may override them.
struct DeliveryDefaults {
  // Pauses after attempt 1, 2, 3 ...; as many attempts as pauses, and one more. Seconds.
  std::span<const std::uint32_t> retry_seconds;
  std::uint32_t window;  // attempts in flight at once for one subscription
};

// Changes with every incompatible change of these headers.
inline constexpr const char* gateway_abi = "sense-gateway/10";

// The one thing that a plugin exports. Static data.
struct GatewayDescriptor {
  const char* abi;                  // gateway_abi
  const char* name;                 // "http"
  const char* summary;              // one sentence
  std::span<const Scheme> schemes;  // of its callbacks, and what each can do
  std::span<const Option> options;
  DeliveryDefaults delivery;
  // Makes the plugin's object; nothing listens before start(). A failure ends the process.
  Result<std::unique_ptr<Gateway>> (*create)(const Settings& options, GatewayContext& context);
  // Refuses what create() or start() would refuse of the options, beyond what the table checks, and
  // makes, opens and changes nothing: what `sense config check` calls. An error begins with the key
  // that it is about, and a colon. Else the addresses at which the gateway would listen: "tcp
  // 127.0.0.1:8080", "udp [::1]:7367", or a path; empty: at none. Null: there is nothing to refuse.
  Result<std::vector<std::string>> (*check)(const Settings& options) = nullptr;
};

}  // namespace sense

// Stands once at the end of a plugin: SENSE_GATEWAY(descriptor). The symbol is the same for every
// gateway: one shared object, one gateway.
#define SENSE_GATEWAY(descriptor)                                                   \
  extern "C" __attribute__((visibility("default"))) const sense::GatewayDescriptor* \
  sense_gateway_descriptor() {                                                      \
    return &(descriptor);                                                           \
  }
