// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
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
#include "gateways/sense/admission/listener_policy.hpp"
#include "gateways/sense/admission/quota.hpp"
#include "gateways/sense/admission/rate_limits.hpp"
#include "gateways/sense/delivery/deliveries.hpp"
#include "gateways/sense/delivery/encoder.hpp"
#include "gateways/sense/delivery/verifications.hpp"
#include "gateways/sense/model/actions.hpp"
#include "gateways/sense/model/limits.hpp"
#include "gateways/sense/reply_cache.hpp"

namespace sense::datagram {

struct ServerConfig {
  Limits limits;
  std::vector<Listener> listeners;
  std::vector<ListenerPolicy> policies;  // of the listeners, in their order; what is missing: none
  std::vector<SharedKey> keys;
  FetchLocation fetch;
  std::string cookie_key;  // 32 unguessable octets
  std::uint64_t seed = 0;  // of the jitter
  // Parameters of the service, shown after our own.
  std::function<std::vector<std::pair<std::string, std::string>>()> parameters;
};

// A SENSE/1 server without sockets, clock and threads (docs/sense-protocol.md). Everything that it
// wants done comes back as Actions, in order. No input can end the process, and memory is bounded
// by the limits. One thread at a time.
class Server {
 public:
  // `directory` is only read (find, count, count_for). All references must outlive this.
  Server(ServerConfig config, const ServedSubscriptions& directory, const EgressPolicy& egress,
         Counters& counters);

  // One datagram as it arrived. Of one longer than the buffer, the first octets and cut = true.
  [[nodiscard]] Actions on_datagram(std::string_view octets, const Peer& from, Timestamp now,
                                    bool cut = false);
  [[nodiscard]] Actions on_timer(Timestamp now);
  // When to call on_timer next; nothing: no need.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Answers to Create, LookUp, Renew and Cancel; to ListSources; to Publish.
  [[nodiscard]] Actions on_subscription(RequestId request_id, Result<SubscriptionRef> result,
                                        Timestamp now);
  [[nodiscard]] Actions on_sources(RequestId request_id, Result<Subscriptions::SourcePage> result,
                                   Timestamp now);
  [[nodiscard]] Actions on_receipt(RequestId request_id, Result<Receipt> result, Timestamp now);

  // One attempt of the host's; Finished with this request_id follows once. REQUIRES: the request_id
  // is not in use.
  [[nodiscard]] Actions deliver(AttemptId attempt_id, std::shared_ptr<const Delivery> delivery,
                                Timestamp now);
  [[nodiscard]] Verification verify(const Subscription& subscription, std::string token,
                                    Timestamp now, Actions& out);
  [[nodiscard]] Actions forget(const std::string& subscription);
  // Finishes all attempts with retry. Requests under way stay unanswered: their askers repeat them.
  [[nodiscard]] Actions stop();
  // Other keys hold from now on. Subscriptions of those that are gone get nothing any more.
  void set_keys(std::vector<SharedKey> keys) { keys_.replace(std::move(keys)); }

  // How much is remembered, in entries. Each is bounded, whatever arrives.
  struct State {
    std::size_t replies = 0;  // and requests of proved addresses that are being worked on
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
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  enum class Stage { create, look_up, renew, cancel, sources, publish };
  // Who asks.
  struct Requester {
    Peer from;
    std::string key;  // the name of the key that signed; "": none
  };
  // What came, while it is being judged.
  struct DatagramContext {
    Requester requester;
    std::size_t octets = 0;    // its length: an unproved address gets three times that
    bool seen_before = false;  // its address returned an older cookie
    Timestamp now;
  };
  // A request that waits for the broker.
  struct Pending {
    Requester requester;
    Message request;
    Stage stage = Stage::create;
    std::string callback;  // of create
    std::string event_id;  // of publish
    SubscriptionRef subscription;
  };

  // server.cpp: what is refused or answered at once.
  void on_message(const Message& message, std::string_view octets, DatagramContext& context,
                  Actions& out);
  void on_malformed(const Malformed& malformed, const DatagramContext& context, Actions& out);
  void on_ack(const Message& message, const DatagramContext& context, Actions& out);
  void on_request(const Message& request, const Keys::Verdict& verdict, DatagramContext& context,
                  Actions& out);
  void on_proved(const Message& request, const Keys::Verdict& verdict,
                 const DatagramContext& context, Actions& out);
  [[nodiscard]] bool handle_repeat(const Message& request, bool proved,
                                   const DatagramContext& context, Actions& out);
  void reply_with_cookie(const Message& request, const DatagramContext& context, Actions& out);
  void execute(const Message& request, const Requester& requester, Timestamp now, Actions& out);

  // requests.cpp: the requests of proved addresses.
  Status start_register(const Message& request, const Requester& requester, Timestamp now,
                        Actions& out);
  Status start_create(const Message& request, const Requester& requester, Duration period,
                      Timestamp now, Actions& out);
  Status start_existing(const Message& request, const Requester& requester, Actions& out);
  Status start_change(RequestId request_id, Pending& pending, Actions& out);
  Status start_sources(const Message& request, const Requester& requester, Actions& out);
  Status start_publish(const Message& request, const Requester& requester, Timestamp now,
                       Actions& out);
  Status reply_parameters(const Message& request, const Requester& requester, Timestamp now,
                          Actions& out);
  [[nodiscard]] Parameters parameters_for(const Requester& requester) const;
  [[nodiscard]] Message registered_reply(const Message& request, const Subscription& granted) const;
  [[nodiscard]] Message list_reply(const Message& request, const Requester& requester,
                                   const std::vector<std::string>& lines, bool more) const;

  // reply_sender.cpp: what goes back, and what is kept of it.
  RequestId add_pending(Pending pending);
  [[nodiscard]] std::optional<Pending> take_pending(RequestId request_id);
  [[nodiscard]] const ListenerPolicy& policy_of(const Peer& from) const;
  // Octets of the longest reply to a proved address, before it is signed.
  [[nodiscard]] std::size_t reply_octets_max(const Requester& requester) const;
  // Within three times the octets, at most at the rate; perhaps not at all.
  void reply_unproved(const DatagramContext& context, Message reply, Actions& out);
  // The reply to a request of a proved address: kept for repeats.
  void send_reply(const Requester& requester, Message reply, Timestamp now, Actions& out);
  void send_signed(const Requester& requester, std::string octets, Timestamp now, Actions& out);

  ServerConfig config_;
  const ServedSubscriptions& directory_;
  const EgressPolicy& egress_;
  Cookies cookies_;
  Keys keys_;
  RateLimits rates_;
  ReplyCache reply_cache_;
  DeliveryEncoder encoder_;
  Deliveries deliveries_;
  Verifications verifications_;
  SubscriptionQuota subscription_quota_;
  std::map<RequestId, Pending> pending_;
  PerHostCounts pending_per_host_;
  RequestId last_request_id_ = 0;

  struct Counts {
    Counters::Counter& received;
    Counters::Counter& outside;
    Counters::Counter& malformed;
    Counters::Counter& unanswered;
    Counters::Counter& unproved;
    Counters::Counter& repeated;
    Counters::Counter& forbidden;
    Counters::Counter& too_many;
    Counters::Counter& unproved_dropped;
    Counters::Counter& keys_refused;
    Counters::Counter& acks;
    Counters::Counter& acks_ignored;
  } counts_;
};

}  // namespace sense::datagram
