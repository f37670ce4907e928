// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/counters.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/admission/cookies.hpp"
#include "gateways/sense/admission/keys.hpp"
#include "gateways/sense/admission/rate_limits.hpp"
#include "gateways/sense/delivery/deliveries.hpp"
#include "gateways/sense/delivery/encoder.hpp"
#include "gateways/sense/delivery/verifications.hpp"
#include "gateways/sense/reply_sender.hpp"
#include "gateways/sense/requests.hpp"
#include "gateways/sense/server_config.hpp"

namespace sense::datagram {

// A SENSE/1 server without sockets, clock and threads (docs/sense-protocol.md). Every effect is
// returned as Actions, to be executed in order. Input never ends the process, and memory is bounded
// by the limits. One thread at a time.
class Server {
 public:
  // `directory` is only read (find, count, count_for). All references must outlive this.
  Server(ServerConfig config, const ServedSubscriptions& directory, const EgressPolicy& egress,
         Counters& counters);

  // One received datagram. `cut`: it was longer than the buffer, and `octets` is its beginning.
  // `session`: the DTLS session that it came in. A session has proved the address, so that no
  // cookie is needed, and its key as a Mac would.
  [[nodiscard]] Actions on_datagram(std::string_view octets, const Peer& from, Timestamp now,
                                    bool cut = false,
                                    std::shared_ptr<const SessionIdentity> session = nullptr);
  [[nodiscard]] Actions on_timer(Timestamp now);
  // When to call on_timer next; nothing: not needed.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Results of Create, LookUp, Renew and Cancel; of ListSources; of Publish. An unknown request_id
  // is ignored.
  [[nodiscard]] Actions on_subscription(RequestId request_id, Result<SubscriptionRef> result,
                                        Timestamp now);
  [[nodiscard]] Actions on_sources(RequestId request_id,
                                   const Result<Subscriptions::SourcePage>& result, Timestamp now);
  [[nodiscard]] Actions on_receipt(RequestId request_id, const Result<Receipt>& result,
                                   Timestamp now);

  // Starts one attempt of the host; exactly one Finished with this attempt_id follows, now or
  // later. REQUIRES: the attempt_id is not in use.
  [[nodiscard]] Actions deliver(AttemptId attempt_id, std::shared_ptr<const Delivery> delivery,
                                Timestamp now);
  [[nodiscard]] Verification verify(const Subscription& subscription, std::string token,
                                    Timestamp now, Actions& out);
  [[nodiscard]] Actions forget(const std::string& subscription);
  // Finishes all attempts with retry. Requests in progress get no reply; clients repeat them.
  [[nodiscard]] Actions stop();
  // Replaces the keys. Subscriptions of removed keys receive nothing from now on.
  void set_keys(std::vector<SharedKey> keys) { keys_.replace(std::move(keys)); }

  // Number of entries held. Each is bounded, whatever is received.
  struct State {
    std::size_t replies = 0;  // stored, and requests of proved addresses in progress
    std::size_t reply_octets = 0;
    std::size_t pending = 0;
    std::size_t pending_hosts = 0;
    std::size_t creations = 0;
    std::size_t verifications = 0;
    std::size_t deliveries = 0;
    std::size_t closed = 0;
    std::size_t keyed_seen = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  [[nodiscard]] State state() const;

 private:
  void on_message(const Message& message, std::string_view octets, DatagramContext& context,
                  Actions& out);
  // Authenticates the message; sets the key of the requester.
  [[nodiscard]] Keys::Verdict authenticate(const Message& message, std::string_view octets,
                                           DatagramContext& context);
  void on_malformed(const Malformed& malformed, const DatagramContext& context, Actions& out);
  void on_ack(const Message& message, const DatagramContext& context, Actions& out);
  void on_request(const Message& request, const Keys::Verdict& verdict, DatagramContext& context,
                  Actions& out);
  void refuse(const Message& request, const std::string& key, const Error& error,
              const DatagramContext& context, Actions& out);
  void on_proved(const Message& request, const Keys::Verdict& verdict,
                 const DatagramContext& context, Actions& out);
  [[nodiscard]] bool handle_repeat(const Message& request, bool proved,
                                   const DatagramContext& context, Actions& out);
  void reply_with_cookie(const Message& request, const DatagramContext& context, Actions& out);

  ServerConfig config_;
  const ServedSubscriptions& directory_;
  Cookies cookies_;
  Keys keys_;
  RateLimits rates_;
  ReplySender replies_;
  DeliveryEncoder encoder_;
  Deliveries deliveries_;
  Verifications verifications_;
  Requests requests_;

  struct Counts {
    Counters::Counter& received;
    Counters::Counter& outside;
    Counters::Counter& malformed;
    Counters::Counter& unanswered;
    Counters::Counter& unproved;
    Counters::Counter& repeated;
    Counters::Counter& forbidden;
    Counters::Counter& too_many;
    Counters::Counter& keys_refused;
    Counters::Counter& acks;
    Counters::Counter& acks_ignored;
  } counts_;
};

}  // namespace sense::datagram
