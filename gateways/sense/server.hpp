#pragma once

#include <deque>
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
#include "gateways/sense/actions.hpp"
#include "gateways/sense/cookies.hpp"
#include "gateways/sense/deliveries.hpp"
#include "gateways/sense/limits.hpp"
#include "gateways/sense/replies.hpp"
#include "gateways/sense/verifications.hpp"

namespace sense::datagram {

struct ServerConfig {
  Limits limits;
  std::vector<Listener> listeners;
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
  Server(ServerConfig config, const Subscriptions& directory, const EgressPolicy& egress,
         Counters& counters);

  // One datagram as it arrived. Of one longer than the buffer, the first octets and cut = true.
  [[nodiscard]] Actions on_datagram(std::string_view octets, const Peer& from, Now now,
                                    bool cut = false);
  [[nodiscard]] Actions on_timer(Now now);
  // When to call on_timer next; nothing: no need.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Answers to Create, LookUp, Renew and Cancel; to ListSources; to Publish.
  [[nodiscard]] Actions on_subscription(Ticket ticket, Result<SubscriptionRef> result, Now now);
  [[nodiscard]] Actions on_sources(Ticket ticket, Result<Subscriptions::SourcePage> result,
                                   Now now);
  [[nodiscard]] Actions on_receipt(Ticket ticket, Result<Receipt> result, Now now);

  // One attempt of the host's; Finished with this ticket follows once. REQUIRES: the ticket is not
  // in use.
  [[nodiscard]] Actions deliver(Ticket ticket, std::shared_ptr<const Delivery> delivery, Now now);
  [[nodiscard]] Verification verify(const Subscription& subscription, std::string token, Now now,
                                    Actions& out);
  [[nodiscard]] Actions forget(const std::string& subscription);
  // Finishes all attempts with retry. Requests under way stay unanswered: their askers repeat them.
  [[nodiscard]] Actions stop();

 private:
  enum class Stage { create, look_up, renew, cancel, sources, publish };
  // A request that waits for the broker.
  struct Pending {
    Peer from;
    Message request;
    Stage stage = Stage::create;
    std::string callback;  // of create
    std::string event_id;  // of publish
    SubscriptionRef subscription;
  };
  // A subscription that was created a moment ago and may not be in the directory yet.
  struct Created {
    std::string id;
    std::string callback;
    MonoTime since;
  };
  // Who is answered, and with how many octets at most.
  struct Asker {
    Peer from;
    std::size_t octets_max = 0;
  };

  void on_malformed(const Malformed& malformed, const Asker& asker, Actions& out);
  void on_ack(const Message& message, const Asker& asker, Now now, Actions& out);
  void on_request(const Message& request, const Peer& from, std::size_t octets, Now now,
                  Actions& out);
  void ask_for_proof(const Message& request, const Asker& asker, Now now, Actions& out);
  void carry_out(const Message& request, const Peer& from, Now now, Actions& out);

  Status start_register(const Message& request, const Peer& from, Now now, Actions& out);
  Status start_create(const Message& request, const Peer& from, Duration period, Now now,
                      Actions& out);
  Status admit(const std::string& callback, Now now);
  Status start_on_known(const Message& request, const Peer& from, Actions& out);
  Status go_on_with(Ticket ticket, Pending& pending, Actions& out);
  Status start_sources(const Message& request, const Peer& from, Actions& out);
  Status start_publish(const Message& request, const Peer& from, Now now, Actions& out);
  void answer_parameters(const Message& request, const Peer& from, Actions& out);

  Ticket wait(Pending pending);
  [[nodiscard]] std::optional<Pending> take(Ticket ticket);
  [[nodiscard]] Message registered_reply(const Message& request, const Subscription& granted) const;
  [[nodiscard]] Message list_reply(const Message& request, const std::vector<std::string>& lines,
                                   bool more, std::size_t octets_max) const;

  void answer(const Asker& asker, Message reply, Actions& out);
  // The reply to a request of a proved address: kept for repeats.
  void conclude(const Peer& from, const Message& reply, Actions& out);

  ServerConfig config_;
  const Subscriptions& directory_;
  const EgressPolicy& egress_;
  Cookies cookies_;
  Replies replies_;
  Deliveries deliveries_;
  Verifications verifications_;
  std::map<Ticket, Pending> pending_;
  std::deque<Created> created_;
  Ticket tickets_ = 0;

  struct Counts {
    Counters::Counter& received;
    Counters::Counter& malformed;
    Counters::Counter& unanswered;
    Counters::Counter& unproved;
    Counters::Counter& repeated;
    Counters::Counter& acks;
    Counters::Counter& acks_ignored;
  } counts_;
};

}  // namespace sense::datagram
