// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/event/event.hpp"
#include "core/sense/message.hpp"
#include "core/sense/shared_keys.hpp"

// A SENSE/1 client without socket and clock. Whoever owns the socket does four things:
//
//   Client client(options);
//   handle(client.subscribe(now));
//   on a datagram from the server:    handle(client.on_datagram(octets, now));
//   at client.next_timer():           handle(client.on_timer(now));
//
// and handle(Output) means: first deal with each of `notices` (print it, store it), then send each
// of `send` as one datagram to the server. In that order, because among `send` are the
// acknowledgements: once one is sent, the server will not send that event again.
namespace sense::datagram {

// What can happen.

// The subscription is in force. `renewed` is false the first time and when it had to be made anew;
// then numbers start again from 1.
struct Registered {
  std::string subscription;
  std::chrono::seconds period{0};  // granted
  bool renewed = false;
  bool pending = false;  // Deliver-To is elsewhere and has not been verified yet
};

// An event, once for each number; repeats are acknowledged and not reported (but see repeats()).
struct EventReceived {
  std::string subscription;
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  Event event;               // sequence is set; data empty when truncated
  bool truncated = false;    // it was too big for a datagram
  std::uint64_t length = 0;  // of the whole data
  std::string fetch;         // where to get the whole, or ""
};

// Numbers that will never come: the server said so.
struct GapReported {
  std::string subscription;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string reason;
};

// The server ended the subscription ("expired", "cancelled", "revoked", "unreachable", "shutdown"),
// or it is not known there any more ("lost"), or our own CANCEL was answered ("cancelled").
struct Ended {
  std::string subscription;
  std::string reason;
};

// The answer to sources(), parameters() or publish(): `request` is what those returned. The reply's
// code is noerror; its data holds the list, its properties Id and Sequence, or More.
struct Replied {
  std::uint64_t request = 0;
  Message reply;
};

// A request was refused, or not answered after all tries (`silent`; its code is timeout, which a
// server may also answer with).
struct Failed {
  std::uint64_t request = 0;  // 0: the registration or its renewal
  Error error;
  bool silent = false;
  bool authenticated = true;  // false: the refusal lacks the Mac that ClientOptions::key asks for
};

// Somebody registered this address as Deliver-To. Answered only with ClientOptions::passive.
struct VerifyRequested {
  std::string subscription;
};

using Notice =
    std::variant<Registered, EventReceived, GapReported, Ended, Replied, Failed, VerifyRequested>;

struct Output {
  std::vector<Notice> notices;    // first
  std::vector<std::string> send;  // then these, one datagram each
  std::uint64_t request = 0;      // of sources(), parameters(), publish(), cancel()
};

struct ClientOptions {
  std::vector<std::string> types;    // patterns; none: all
  std::vector<std::string> sources;  // patterns; none: all
  std::chrono::seconds period{600};  // wanted lease
  std::string filter;                // CloudEvents SQL; "": all events
  std::string deliver_to;            // "sense://192.0.2.7:9000"; "": where our datagrams come from
  std::string edition;
  std::string language;
  // Start of every tag: unguessable, so that nobody off the path can forge a reply
  // (random_token(60)). Letters and digits, at most 40.
  std::string tag_prefix = "r";
  Duration retry_interval = std::chrono::seconds{1};  // doubles after each try, up to 32 s
  std::uint32_t tries = 8;                            // of one request
  // How long acknowledgements may wait to be sent together as ranges; 16 of them wait for no more.
  // 0: at once, one for each.
  Duration ack_delay{0};
  // Register anew, for ever, when the server forgot us or did not answer. Otherwise Failed or Ended
  // is the last notice.
  bool persist = true;
  // This address is the Deliver-To of registrations made elsewhere: VERIFY is answered, and events
  // of any subscription verified so (at most 64) are taken. `send` then goes to where the datagram
  // came from, not to a fixed server.
  bool passive = false;
  std::size_t message_max = datagram::message_max;
  // With a key, all that is sent carries a Mac, and of what comes only what has a Mac of the same
  // key is taken: replies, events, gaps and ends. Two exceptions: a VERIFY is asked and answered
  // without; and a 9 NOACCESS without a Mac (a server that does not know the key can give no other)
  // fails the request, is told as "not authenticated", and ends nothing for good. A clock that is
  // wrong is made up for: the server's time comes with its Mac.
  std::optional<SharedKey> key;
};

// Whether the same request could end better later: somebody is away, busy or has no room.
[[nodiscard]] bool is_temporary(Code code);

// Not thread-safe. Memory is bounded: at most 64 requests under way, and 1,024 holes in the numbers
// (over that the lowest hole is given up and counts as seen).
class Client {
 public:
  explicit Client(ClientOptions options);

  // Registers, renews well before the lease ends, and goes on doing so. Call once.
  [[nodiscard]] Output subscribe(Timestamp now);
  // Ends the subscription; Ended follows when the server has answered.
  [[nodiscard]] Output cancel(Timestamp now);
  // One page of the sources that the server knows, after `after`; `limit` 0: as many as fit.
  [[nodiscard]] Output sources(std::string_view after, std::uint32_t limit, Timestamp now);
  // The server's parameters, those behind `after`. Also the ping.
  [[nodiscard]] Output parameters(Timestamp now, std::string_view after = {});
  // Publishes. Give the event an id: then a repeat after lost answers is found out to be one.
  // Failed (datatoobig) at once when it does not fit into message_max.
  [[nodiscard]] Output publish(const Event& event, Timestamp now);

  // A datagram from the server. What is malformed or unasked for is counted and ignored.
  [[nodiscard]] Output on_datagram(std::string_view octets, Timestamp now);
  [[nodiscard]] Output on_timer(Timestamp now);
  // When to call on_timer next; nothing: no need.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Of the current subscription; "" when there is none.
  [[nodiscard]] const std::string& subscription() const { return subscription_; }
  // Numbers below the highest seen that have neither come nor been reported in a gap. They may
  // still come: the server goes on trying.
  [[nodiscard]] std::vector<NumberRange> missing() const;
  [[nodiscard]] std::uint64_t repeats() const { return repeats_; }
  [[nodiscard]] std::uint64_t ignored() const { return ignored_; }  // datagrams

 private:
  static constexpr std::uint32_t restarts_max = 3;
  struct Request {
    Message message;  // without Cookie
    std::string tag;
    std::uint64_t id = 0;  // as told to the owner; 0 for the registration
    std::uint32_t sent = 0;
    std::uint32_t restarts = 0;  // asked again with another cookie or time, times
    MonoTime due;
    bool with_cookie = false;
  };
  using Requests = std::map<std::uint64_t, Request>;  // by an inner key
  struct PendingAcks {                                // acknowledgements that wait
    NumberSet numbers;
    std::size_t count = 0;  // of deliveries
    MonoTime due;
  };

  std::uint64_t start_request(Message message, std::uint64_t id, Timestamp now, Output& out);
  void send(Request& request, Timestamp now, Output& out);
  // Asks once more, under a new tag: the server answers a known tag with the reply that it gave.
  void restart_request(Request& request, Timestamp now, Output& out);
  void register_now(bool renew, Timestamp now, Output& out);
  // client_keys.cpp
  enum class Authenticity { none, refusal_only, full };
  [[nodiscard]] Authenticity authenticity_of(const Message& message, std::string_view octets) const;
  [[nodiscard]] std::string octets_of(const Message& message, Timestamp now) const;
  bool restart_with_server_time(Request& request, const Message& reply, Timestamp now, Output& out);

  void on_reply(const Message& reply, Authenticity authenticity, Timestamp now, Output& out);
  bool restart_with_cookie(Request& request, const Message& reply, Timestamp now, Output& out);
  void on_registered(const Request& request, const Message& reply, Timestamp now, Output& out);
  void on_failed(const Request& request, const Failed& failed, Timestamp now, Output& out);
  void on_answer(const Request& request, const Message& reply, Timestamp now, Output& out);
  void on_event(const Message& message, Timestamp now, Output& out);
  void on_gap(const Message& message, Timestamp now, Output& out);
  void on_ended(const Message& message, Timestamp now, Output& out);
  void on_verify(const Message& message, Output& out);
  void on_cancelled(const Request& request, Output& out);
  void end(std::string reason, bool anew, Timestamp now, Output& out);
  void check_lease(Timestamp now, Output& out);
  void repeat_requests(Timestamp now, Output& out);
  void acknowledge(const std::string& subscription, std::uint64_t first, std::uint64_t last,
                   Timestamp now, Output& out);
  void flush_acks(const std::string& subscription, const NumberSet& numbers, Timestamp now,
                  Output& out);
  NumberSet* numbers_of(std::string_view subscription);
  std::string next_tag();

  ClientOptions options_;
  std::string cookie_;
  Duration clock_offset_{0};  // what the server's clock is ahead of ours, once it has said so
  std::uint64_t tags_ = 0;
  std::uint64_t request_ids_ = 0;
  Requests requests_;
  std::uint64_t request_keys_ = 0;

  bool wanted_ = false;  // subscribe() was called and cancel() was not
  std::string subscription_;
  std::optional<MonoTime> renew_due_;
  std::optional<MonoTime> lease_end_;
  std::map<std::string, NumberSet, std::less<>> numbers_;  // by subscription
  std::map<std::string, PendingAcks, std::less<>> pending_acks_;
  std::vector<std::string> ended_;  // the last few, whose ENDED may come again
  std::uint64_t repeats_ = 0;
  std::uint64_t ignored_ = 0;
};

}  // namespace sense::datagram
