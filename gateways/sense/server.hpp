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
  std::vector<ListenerPolicy> policies;  // by listener; a missing one is the default
  std::vector<SharedKey> keys;
  FetchLocation fetch;
  std::string cookie_key;  // 32 unguessable octets
  std::uint64_t seed = 0;  // of the jitter of retries
  // Further parameters of the service, listed after those of the limits.
  std::function<std::vector<std::pair<std::string, std::string>>()> parameters;
};

// A SENSE/1 server without sockets, clock and threads (docs/sense-protocol.md). Every effect is
// returned as Actions, to be executed in order. Input never ends the process, and memory is bounded
// by the limits. One thread at a time.
class Server {
 public:
  // `directory` is only read (find, count, count_for). All references must outlive this.
  Server(ServerConfig config, const ServedSubscriptions& directory, const EgressPolicy& egress,
         Counters& counters);

  // One received datagram. `cut`: it was longer than the buffer, and `octets` is its beginning.
  [[nodiscard]] Actions on_datagram(std::string_view octets, const Peer& from, Timestamp now,
                                    bool cut = false);
  [[nodiscard]] Actions on_timer(Timestamp now);
  // When to call on_timer next; nothing: not needed.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Results of Create, LookUp, Renew and Cancel; of ListSources; of Publish. An unknown request_id
  // is ignored.
  [[nodiscard]] Actions on_subscription(RequestId request_id, Result<SubscriptionRef> result,
                                        Timestamp now);
  [[nodiscard]] Actions on_sources(RequestId request_id, Result<Subscriptions::SourcePage> result,
                                   Timestamp now);
  [[nodiscard]] Actions on_receipt(RequestId request_id, Result<Receipt> result, Timestamp now);

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
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  enum class Stage { create, look_up, renew, cancel, sources, publish };
  // The sender of a request.
  struct Requester {
    Peer from;
    std::string key;  // name of the key that signed; "": none
  };
  // A received datagram while it is processed.
  struct DatagramContext {
    Requester requester;
    std::size_t octets = 0;    // its length; bounds the reply to an unproved address
    bool seen_before = false;  // it has a cookie of its address, perhaps expired
    Timestamp now;
  };
  // A request that waits for a result of the broker.
  struct Pending {
    Requester requester;
    Message request;
    Stage stage = Stage::create;
    std::string callback;  // of create, and of renew when events go there from now on
    std::string event_id;  // of publish
    SubscriptionRef subscription;
  };

  // server.cpp: validation, cookies, rates; what is refused or answered at once.
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

  // requests.cpp: execution of requests from proved addresses.
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

  // reply_sender.cpp: replies, and pending requests.
  RequestId add_pending(Pending pending);
  [[nodiscard]] std::optional<Pending> take_pending(RequestId request_id);
  [[nodiscard]] const ListenerPolicy& policy_of(const Peer& from) const;
  // "": the listener has no name.
  [[nodiscard]] std::string_view name_of_listener(const Peer& from) const;
  // Octets that a reply to a proved address may have, before it is signed.
  [[nodiscard]] std::size_t reply_octets_max(const Requester& requester) const;
  // At most three times the octets of the datagram, and within the rate limits; else nothing.
  void reply_unproved(const DatagramContext& context, Message reply, Actions& out);
  // The reply to a request of a proved address; stored for repeats.
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
