// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/event/event.hpp"
#include "core/sense/client_numbers.hpp"
#include "core/sense/client_requests.hpp"
#include "core/sense/message.hpp"
#include "core/sense/shared_keys.hpp"

// A SENSE/1 client without socket and clock. The owner of the socket does four things:
//
//   Client client(options);
//   handle(client.subscribe(now));
//   on a datagram from the server:    handle(client.on_datagram(octets, now));
//   at client.next_timer():           handle(client.on_timer(now));
//
// handle(Output) first processes each of `notices` (prints it, stores it), then sends each of
// `send` as one datagram to the server. The order matters: `send` holds the acknowledgements, and
// the server does not send an acknowledged event again.
namespace sense::datagram {

// The notices of a client.

// The subscription is in force. `renewed` is false for a new subscription; then numbers start again
// from 1.
struct Registered {
  std::string subscription;
  std::chrono::seconds period{0};  // granted
  std::string deliver_to;          // where events go, as the server sees it; "": it did not say
  bool renewed = false;
  bool pending = false;  // Deliver-To is another address and not verified yet
};

// An event, reported once per number; repeats are acknowledged and counted in repeats().
struct EventReceived {
  std::string subscription;
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  Event event;               // sequence is set; data empty when truncated
  bool truncated = false;    // too big for a datagram
  std::uint64_t length = 0;  // of the whole data
  std::string fetch;         // URL of the whole event, or ""
};

// Numbers that will not be delivered, as the server reported.
struct GapReported {
  std::string subscription;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string reason;
};

// The subscription has ended: ended by the server ("expired", "cancelled", "revoked",
// "unreachable", "shutdown"), unknown there ("lost"), or cancelled by cancel() ("cancelled").
struct Ended {
  std::string subscription;
  std::string reason;
};

// The reply to sources(), parameters() or publish(); `request` is the number that those returned.
// The code is noerror; data has the list, properties have Id and Sequence, or More.
struct Replied {
  std::uint64_t request = 0;
  Message reply;
};

// A request was refused, or was not answered after all tries: then `silent` is true and the code is
// timeout, which a server may also reply.
struct Failed {
  std::uint64_t request = 0;  // 0: the registration or its renewal
  Error error;
  bool silent = false;
  bool authenticated = true;  // false: the refusal lacks the Mac that ClientOptions::key asks for
};

// A registration from another address names this one as Deliver-To. Answered only with
// ClientOptions::passive.
struct VerifyRequested {
  std::string subscription;
};

// What a client reports: one of the above.
using Notice =
    std::variant<Registered, EventReceived, GapReported, Ended, Replied, Failed, VerifyRequested>;

// What the owner of the socket does, in this order. A value.
struct Output {
  std::vector<Notice> notices;    // first
  std::vector<std::string> send;  // then these, one datagram each
  std::uint64_t request = 0;      // of sources(), parameters(), publish(), cancel()
};

// What a client subscribes to, and how it behaves. A value; nothing in it is checked: patterns and
// filter are judged by the server.
struct ClientOptions {
  std::vector<std::string> types;    // patterns; none: all
  std::vector<std::string> sources;  // patterns; none: all
  std::chrono::seconds period{600};  // requested lease
  std::string filter;                // CloudEvents SQL; "": all events
  std::string deliver_to;            // "sense://192.0.2.7:9000"; "": the address of our socket
  std::string edition;
  std::string language;
  // Start of every tag: letters and digits, at most 40; unguessable (random_token(60)), so that
  // replies cannot be forged off the path.
  std::string tag_prefix = "r";
  Duration retry_interval = std::chrono::seconds{1};  // doubles after each try, up to 32 s
  std::uint32_t tries = 8;                            // of one request
  // Delay for combining acknowledgements into ranges; 16 of them are sent without further delay. 0:
  // each is sent at once.
  Duration ack_delay{0};
  // Registers again, without end, when the server has lost the subscription or does not answer.
  // Otherwise Failed or Ended is the last notice.
  bool persist = true;
  // This address is the Deliver-To of registrations from other addresses: VERIFY is answered, and
  // events of all subscriptions verified so (at most 64) are accepted. The datagrams in `send` then
  // go to the sender of the datagram that caused them, not to a fixed server.
  bool passive = false;
  std::size_t message_max = datagram::message_max;
  // With a key, all messages sent carry a Mac, and of messages received only those with a valid Mac
  // of the same key are accepted: replies, events, gaps and ends. Two exceptions: VERIFY and its
  // answer have no Mac; and a 9 NOACCESS without a Mac (the reply of a server that does not know
  // the key) fails the request with "not authenticated" and ends nothing permanently. A wrong clock
  // is corrected from the time that authenticated replies carry.
  std::optional<SharedKey> key;
};

// Whether the same request may succeed later: the server is absent, busy or out of room.
[[nodiscard]] bool is_temporary(Code code);

// One subscription at a time, and requests. Not thread-safe. Memory is bounded: at most 64 requests
// in progress, and 1,024 holes in the numbers (beyond that the lowest hole counts as seen).
class Client {
 public:
  explicit Client(ClientOptions options);

  // Registers, and renews the lease in time, until cancel(). Call once.
  [[nodiscard]] Output subscribe(Timestamp now);
  // Ends the subscription; Ended follows the reply of the server.
  [[nodiscard]] Output cancel(Timestamp now);
  // One page of the sources known to the server, after `after`; `limit` 0: as many as fit.
  [[nodiscard]] Output sources(std::string_view after, std::uint32_t limit, Timestamp now);
  // The parameters of the server, after `after`. Also serves as ping.
  [[nodiscard]] Output parameters(Timestamp now, std::string_view after = {});
  // Publishes. With an id, a repeat after a lost reply is recognised as a duplicate. Failed
  // (datatoobig) at once when the event does not fit into message_max.
  [[nodiscard]] Output publish(const Event& event, Timestamp now);

  // A datagram from the server. Malformed and unexpected ones are counted and ignored.
  [[nodiscard]] Output on_datagram(std::string_view octets, Timestamp now);
  [[nodiscard]] Output on_timer(Timestamp now);
  // When to call on_timer next; nothing: not needed.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Of the current subscription; "" when there is none.
  [[nodiscard]] const std::string& subscription() const { return subscription_; }
  // Numbers below the highest seen that were neither received nor reported as a gap. They may still
  // follow: the server repeats them.
  [[nodiscard]] std::vector<NumberRange> missing() const { return numbers_.missing(subscription_); }
  [[nodiscard]] std::uint64_t repeats() const { return repeats_; }
  [[nodiscard]] std::uint64_t ignored() const { return ignored_; }  // datagrams

 private:
  void start(Message message, std::uint64_t id, Timestamp now, Output& out);
  void register_now(Timestamp now, Output& out);
  void on_reply(const Message& reply, bool authenticated, Timestamp now, Output& out);
  void on_registered(const ClientRequest& request, const Message& reply, Timestamp now,
                     Output& out);
  void on_failed(const ClientRequest& request, const Failed& failed, Timestamp now, Output& out);
  void on_cancelled(const ClientRequest& request, Output& out);
  void on_delivery(const Message& message, Timestamp now, Output& out);
  void on_ended(const Message& message, Timestamp now, Output& out);
  void on_verify(const Message& message, Output& out);
  void end(std::string reason, bool anew, Timestamp now, Output& out);
  void send_acks(const ClientNumbers::Acks& acks, Timestamp now, Output& out);

  ClientOptions options_;
  ClientRequests requests_;
  std::uint64_t request_ids_ = 0;

  bool wanted_ = false;  // subscribe() was called and cancel() was not
  std::string subscription_;
  std::optional<MonoTime> renew_due_;
  std::optional<MonoTime> lease_end_;
  ClientNumbers numbers_;
  std::vector<std::string> ended_;  // the last few: their ENDED may be repeated
  std::uint64_t repeats_ = 0;
  std::uint64_t ignored_ = 0;
};

}  // namespace sense::datagram
