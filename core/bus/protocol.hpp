// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/bus.hpp"

// The messages between broker and clients: docs/bus-protocol.md. Pure: octets to values and back.
// Decoding is strict and checks counts before allocating memory; it fails with protoerror for
// octets that are no such message, datatoobig above message_length_max, badcontext for another
// version, notyetimplemented for another operation. Views point into the given octets. Encoding
// checks nothing: the sender keeps the limits.
namespace sense::bus {

inline constexpr std::uint64_t protocol_version = 1;
inline constexpr std::size_t message_length_max = 16 * 1024 * 1024;
inline constexpr std::size_t publish_events_max = 10'000;         // in one request
inline constexpr std::size_t publication_octets_max = 32 * 1024;  // of several records together
inline constexpr std::size_t prefixes_max = 10'000;               // in one FETCH
inline constexpr std::size_t tally_types_max = 200'000;           // in one watermark
inline constexpr std::size_t parameters_max = 10'000;             // in one PARAMETERS reply
inline constexpr std::size_t proofs_max = 200'000;                // in one PROOFS reply
inline constexpr std::uint32_t list_limit_max = 1'000;
inline constexpr std::size_t reason_length_max = 1'024;          // in PUT and DELETE
inline constexpr std::size_t list_octets_max = 8 * 1024 * 1024;  // of the values in one LIST reply
// The XPUB gets at most this much of a prefix: libzmq ignores prefixes of 246 to 255 octets.
inline constexpr std::size_t subscribed_prefix_max = 240;

// Topics that start with NUL are reserved for the broker.
inline constexpr std::string_view watermark_topic{"\0mark", 5};

// What a request asks for, in the order of their names on the wire (to_text).
enum class Operation {
  publish,
  fetch,
  head,
  get,
  put,
  remove,
  list,
  ping,
  parameters,
  proofs,
  refused
};
[[nodiscard]] std::string_view to_text(Operation operation);

// Events with such topics are neither on the live stream nor in the tallies of watermarks, so that
// a follower of all topics that may not read them misses none. Their readers fetch them.
inline constexpr std::string_view unannounced_topics = "{urn:sense:audit}";

// Whom a gateway speaks for in a request (sense::ServedClient), as views. Without a principal the
// connection speaks for itself, and `gateway` is what the process is (BusOptions::process).
struct OnBehalf {
  std::string_view principal;
  std::string_view gateway;
  std::string_view peer;

  friend bool operator==(const OnBehalf&, const OnBehalf&) = default;
};
// Views of the client's texts.
[[nodiscard]] inline OnBehalf on_behalf_of(const ServedClient& client) {
  return {client.principal, client.gateway, client.peer};
}
inline constexpr std::size_t note_length_max = 256;  // of gateway and peer

// An event of a PUBLISH, and whom it is published for.
struct PublishedEvent {
  std::string_view octets;  // encoded
  OnBehalf client;

  PublishedEvent() = default;
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view> PublishedEvent(const Text& encoded,
                                                                             OnBehalf of = {})
      : octets(encoded), client(of) {}

  friend bool operator==(const PublishedEvent&, const PublishedEvent&) = default;
};

// A client's request. Of the members, those of its operation are sent.
struct Request {
  std::uint64_t id = 0;
  Operation operation = Operation::ping;
  std::vector<PublishedEvent> events;      // PUBLISH
  std::uint64_t from = 0;                  // FETCH
  std::vector<std::string_view> prefixes;  // FETCH
  std::uint64_t bytes_max = 0;             // FETCH
  // GET, PUT, REMOVE; LIST: key = after; PROOFS: key; REFUSED: key = what was asked, reason
  std::string_view kind, key, value, reason;
  std::uint64_t revision = 0;    // PUT, REMOVE
  std::uint64_t limit = 0;       // LIST
  Code refusal = Code::noerror;  // REFUSED
  std::uint64_t left_out = 0;    // REFUSED
  OnBehalf client;               // of PUBLISH, for the events that have none
};
[[nodiscard]] std::string encode(const Request& request);
// A PUBLISH in pieces, for collecting events before their number is known: the header, whose length
// does not depend on id and count, behind it each event, and the end, which is empty for a client
// without a name. `client`: of the request.
[[nodiscard]] std::string publish_header(std::uint64_t id, std::size_t count,
                                         const OnBehalf& client = {});
void append_published_event(std::string& request, const PublishedEvent& event);
[[nodiscard]] std::string publish_end(const OnBehalf& client);
[[nodiscard]] Result<Request> decode_request(std::string_view octets);
// The id of a request that cannot be decoded, so that it can be answered; 0: none.
[[nodiscard]] std::uint64_t request_id(std::string_view octets);

// The result for one event of a PUBLISH.
struct Published {
  Code code = Code::noerror;   // duplicate: stored before, under `sequence`
  std::uint64_t sequence = 0;  // 0 when refused
  std::string reason;          // when refused
};

// The broker's reply. Of the members, those of the request's operation are sent; none of them with
// another code than noerror.
struct Reply {
  std::uint64_t id = 0;
  Code code = Code::noerror;
  std::string reason;
  std::vector<Published> published;               // PUBLISH
  std::uint64_t next = 0, first = 0, head = 0;    // FETCH; HEAD: first, head
  std::string records;                            // FETCH: concatenated records
  std::vector<RegistryEntry> entries;             // GET, LIST
  std::uint64_t sequence = 0;                     // LIST; PUT, REMOVE: the new revision
  bool more = false;                              // LIST
  bool own_only = false;                          // LIST: entries of others are omitted
  std::map<std::string, std::string> parameters;  // PARAMETERS
  ProofTable proofs;                              // PROOFS
};
// The operation of the request determines the form of the body.
// REQUIRES: a reply of noerror to GET has one entry.
[[nodiscard]] std::string encode(const Reply& reply, Operation operation);
[[nodiscard]] Result<Reply> decode_reply(std::string_view octets, Operation operation);
[[nodiscard]] Result<std::uint64_t> reply_id(std::string_view octets);

// The commit watermark, sent after each group of events and at each heartbeat: the number of events
// since the previous one, by type, so that a follower of some types can tell whether it received
// all of them. On the wire its topic is "mark".
struct Watermark {
  std::uint64_t previous = 0;  // head of the watermark before
  std::uint64_t head = 0;
  std::vector<std::pair<std::string, std::uint64_t>> tally;  // type (Clark), events in between
};
[[nodiscard]] std::string encode(const Watermark& watermark);
[[nodiscard]] Result<Watermark> decode_watermark(std::string_view octets);

// Whether `prefix` ("{", "{ns}", "{ns}local ", ...) selects that type or topic.
[[nodiscard]] inline bool selects(std::string_view prefix, std::string_view topic) {
  return topic.starts_with(prefix);
}

}  // namespace sense::bus
