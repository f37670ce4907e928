// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <zmq.hpp>

#include "broker/listeners/bound_listeners.hpp"
#include "broker/listeners/listeners.hpp"
#include "broker/security/event_stream.hpp"
#include "broker/security/rate_limit.hpp"
#include "broker/security/sender.hpp"
#include "broker/security/zap.hpp"
#include "core/base/random.hpp"

namespace sense {

// Access control of the broker's sockets: binds their listeners, authenticates connections, and
// gives the principal and the rights of each message's sender. Network thread only; context,
// counters, audit trail and sockets must outlive it.
class AccessControl {
 public:
  AccessControl(zmq::context_t& context, Counters& counters, AuditTrail& audit)
      : context_(context), counters_(counters), audit_(audit) {}

  // `settings`: of broker_options(). Starts the authenticator, binds all endpoints, and tests those
  // with CURVE by a random key. Fails when an endpoint cannot be bound, and when one accepts the
  // random key. `events` is created here, and replaced when rights change.
  [[nodiscard]] Status open(const BusEndpoints& endpoints, const Settings& settings,
                            zmq::socket_t& service, zmq::socket_t& events, zmq::socket_t& publish);
  // The endpoints as bound.
  [[nodiscard]] BusEndpoints endpoints() const;

  // Applies changes of the access file, processes received subscriptions, and binds listeners that
  // were lost (BoundListeners). Call it in each cycle of the network thread before sending. False:
  // call it again within milliseconds.
  [[nodiscard]] bool update(MonoTime now);

  // As Authenticator::failure().
  [[nodiscard]] std::optional<Error> failure() const { return authenticator_->failure(); }

  // The principal that sent the message; null when its key has no access any more, which is counted
  // and logged. Valid until update().
  [[nodiscard]] const Principal* sender(const zmq::message_t& frame, MonoTime now);
  // Whom the connection of `sender` speaks for; the sender itself where `client` has no principal.
  // Fails with noaccess when it may not, or when there is no such principal.
  [[nodiscard]] Result<Sender> speaker(const Principal& sender, const bus::OnBehalf& client) const;
  [[nodiscard]] AuditTrail& audit() { return audit_; }
  // For a gateway: who proves itself with what, of those that it may speak for; without them when
  // their version is `known`. Fails with noaccess when it speaks for no principal.
  [[nodiscard]] Result<ProofTable> proofs(const Sender& sender, std::string_view known) const;
  // The access file as it is now.
  [[nodiscard]] const std::shared_ptr<const AccessList>& list() const { return access_; }
  // Whether the account (client_account) may publish that many events now; counts them.
  [[nodiscard]] bool within_rate(std::string_view account, std::size_t events, MonoTime now);

 private:
  zmq::context_t& context_;
  Counters& counters_;
  AuditTrail& audit_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<EventStream> stream_;
  BoundListeners service_{counters_};
  BoundListeners publish_{counters_};
  std::shared_ptr<const AccessList> access_;
  std::uint64_t version_ = 0;
  const std::string run_ = random_token(60);  // versions of another run are other versions
  RateLimit rate_{0};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
