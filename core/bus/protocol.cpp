// SPDX-License-Identifier: Apache-2.0
#include "core/bus/protocol.hpp"

#include <algorithm>
#include <array>

#include "core/base/check.hpp"
#include "core/bus/message_codec.hpp"

namespace sense::bus {

namespace {

constexpr std::array<std::string_view, 11> operation_names = {
    "PUBLISH", "FETCH", "HEAD",       "GET",    "PUT",    "DELETE",
    "LIST",    "PING",  "PARAMETERS", "PROOFS", "REFUSED"};

// The messages, item by item: each description writes by a MessageWriter and reads by a
// MessageReader.

constexpr auto text_item = [](auto& codec, auto& item) { codec.item(item); };
constexpr auto on_behalf_item = [](auto& codec, auto& client) {
  codec.array(client.principal, client.gateway, client.peer);
};
bool is_named(const OnBehalf& client) {
  return !client.principal.empty() || !client.gateway.empty();
}
// An event alone, or with whom it is for.
struct EventItem {
  void operator()(MessageWriter& writer, const PublishedEvent& event) const {
    if (event.client.principal.empty()) return writer.item(Binary{event.octets});
    writer.open(2);
    writer.item(Binary{event.octets});
    on_behalf_item(writer, event.client);
  }
  void operator()(MessageReader& reader, PublishedEvent& event) const {
    const bool alone = !reader.at_array();
    if (!alone) reader.open_exactly(2);
    reader.item(Binary{event.octets});
    if (!alone) on_behalf_item(reader, event.client);
  }
};
constexpr auto entry_item = [](auto& codec, auto& item) {
  codec.array(item.kind, item.key, item.revision, item.value);
};
constexpr auto published_item = [](auto& codec, auto& item) {
  codec.array(item.code, item.sequence, Last{item.reason});
};
constexpr auto tally_item = [](auto& codec, auto& item) { codec.array(item.first, item.second); };

void body(auto& codec, auto& request) {
  switch (request.operation) {
    case Operation::publish:
      return codec.item(List{request.events, publish_events_max, EventItem{}});
    case Operation::fetch:
      return codec.array(request.from, List{request.prefixes, prefixes_max, text_item},
                         request.bytes_max);
    case Operation::get: return codec.array(request.kind, request.key);
    case Operation::put:
      return codec.array(request.kind, request.key, request.revision, request.value,
                         request.reason);
    case Operation::remove:
      return codec.array(request.kind, request.key, request.revision, request.reason);
    case Operation::list: return codec.array(request.kind, request.key, request.limit);
    case Operation::head:
    case Operation::ping:
    case Operation::parameters: return codec.array();
    case Operation::proofs: return codec.array(request.key);
    case Operation::refused:
      return codec.array(request.key, request.refusal, request.reason, request.left_out);
  }
}

// REQUIRES: for GET, one entry.
void body(auto& codec, auto& reply, Operation operation) {
  switch (operation) {
    case Operation::publish:
      return codec.item(List{reply.published, publish_events_max, published_item});
    case Operation::fetch:
      return codec.array(reply.next, reply.first, reply.head, Binary{reply.records});
    case Operation::head: return codec.array(reply.first, reply.head);
    case Operation::get: return entry_item(codec, reply.entries.front());
    case Operation::put:
    case Operation::remove: return codec.array(reply.sequence);
    case Operation::list:
      return codec.array(reply.sequence, reply.more,
                         List{reply.entries, list_limit_max, entry_item}, Last{reply.own_only});
    case Operation::ping:
    case Operation::refused: return codec.array();
    case Operation::parameters: return codec.item(Map{reply.parameters, parameters_max});
    case Operation::proofs:
      return codec.array(reply.proofs.version, Map{reply.proofs.principals, proofs_max},
                         Map{reply.proofs.groups, proofs_max});
  }
}

tl::unexpected<Error> too_long() {
  return fail(Code::datatoobig, "bus message: longer than 16 MiB");
}

}  // namespace

std::string_view to_text(Operation operation) {
  return operation_names[static_cast<std::size_t>(operation)];
}

std::string encode(const Request& request) {
  std::string octets;
  MessageWriter writer(octets);
  writer.open(is_named(request.client) ? 5 : 4);
  writer.item(protocol_version);
  writer.item(request.id);
  writer.item(to_text(request.operation));
  body(writer, request);
  octets += publish_end(request.client);
  return octets;
}

std::string publish_header(std::uint64_t id, std::size_t count, const OnBehalf& client) {
  // The longest form of id and count, whatever they are; a packer would choose the shortest.
  std::string octets = is_named(client) ? "\x95\x01\xcf" : "\x94\x01\xcf";
  const auto append = [&octets](std::uint64_t number, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
      octets += static_cast<char>(static_cast<unsigned char>(number >> shift));
  };
  static_assert(protocol_version == 1);
  append(id, 8);
  MessageWriter(octets).item(to_text(Operation::publish));
  octets += '\xdd';
  append(count, 4);
  return octets;
}

void append_published_event(std::string& request, const PublishedEvent& event) {
  MessageWriter writer(request);
  EventItem{}(writer, event);
}

std::string publish_end(const OnBehalf& client) {
  std::string octets;
  MessageWriter writer(octets);
  if (is_named(client)) on_behalf_item(writer, client);
  return octets;
}

namespace {

bool within_limits(const OnBehalf& client) {
  return client.gateway.size() <= note_length_max && client.peer.size() <= note_length_max;
}

bool within_limits(const Request& request) {
  return request.reason.size() <= reason_length_max && within_limits(request.client) &&
         std::all_of(request.events.begin(), request.events.end(),
                     [](const auto& event) { return within_limits(event.client); });
}

}  // namespace

Result<Request> decode_request(std::string_view octets) {
  if (octets.size() > message_length_max) return too_long();
  MessageReader reader(octets);
  const auto items = reader.open();
  std::uint64_t version = 0;
  std::string_view name;
  Request request;
  reader.item(version);
  reader.item(request.id);
  reader.item(name);
  if (!reader.ok() || items < 3)
    return fail(Code::protoerror, "bus request: not [version, id, operation, body] or with [for]");
  if (version != protocol_version)
    return fail(Code::badcontext, "bus request: protocol version " + std::to_string(version) +
                                      "; this broker speaks version 1");
  const auto* const known = std::find(operation_names.begin(), operation_names.end(), name);
  if (known == operation_names.end())
    return fail(Code::notyetimplemented, "bus request: no such operation");
  request.operation = static_cast<Operation>(known - operation_names.begin());
  body(reader, request);
  if (items == 5) on_behalf_item(reader, request.client);
  if ((items == 4 || items == 5) && reader.complete() && within_limits(request)) return request;
  return fail(Code::protoerror, "bus request: the body of " + std::string(name) +
                                    " is not as docs/bus-protocol.md says");
}

std::uint64_t request_id(std::string_view octets) {
  MessageReader reader(octets);
  std::uint64_t version = 0;
  std::uint64_t id = 0;
  const auto items = reader.open();
  reader.item(version);
  reader.item(id);
  return reader.ok() && items >= 2 ? id : 0;
}

std::string encode(const Reply& reply, Operation operation) {
  std::string octets;
  octets.reserve(64 + reply.records.size() + reply.published.size() * 12);
  MessageWriter writer(octets);
  writer.open(5);
  writer.item(protocol_version);
  writer.item(reply.id);
  writer.item(reply.code);
  writer.item(reply.reason);
  if (reply.code != Code::noerror) {
    writer.nil();
    return octets;
  }
  SENSE_CHECK(operation != Operation::get || !reply.entries.empty());
  body(writer, reply, operation);
  return octets;
}

Result<std::uint64_t> reply_id(std::string_view octets) {
  const auto id = request_id(octets);  // the same place in both
  if (id == 0) return fail(Code::protoerror, "bus reply: it has no request id");
  return id;
}

Result<Reply> decode_reply(std::string_view octets, Operation operation) {
  if (octets.size() > message_length_max) return too_long();
  MessageReader reader(octets);
  const auto items = reader.open();
  std::uint64_t version = 0;
  Reply reply;
  reader.item(version);
  reader.item(reply.id);
  reader.item(reply.code);
  reader.item(reply.reason);
  if (!reader.ok() || items != 5 || version != protocol_version)
    return fail(Code::protoerror, "bus reply: not [1, id, code, reason, body]");
  if (reply.code != Code::noerror) {
    reader.nil();
  } else {
    if (operation == Operation::get) reply.entries.resize(1);
    body(reader, reply, operation);
  }
  if (!reader.complete())
    return fail(Code::protoerror,
                "bus reply: the body is not that of " + std::string(to_text(operation)));
  return reply;
}

std::string encode(const Watermark& watermark) {
  std::string octets;
  MessageWriter(octets).array(protocol_version, watermark.previous, watermark.head,
                              List{watermark.tally, tally_types_max, tally_item});
  return octets;
}

Result<Watermark> decode_watermark(std::string_view octets) {
  if (octets.size() > message_length_max) return too_long();
  MessageReader reader(octets);
  std::uint64_t version = 0;
  Watermark watermark;
  reader.array(version, watermark.previous, watermark.head,
               List{watermark.tally, tally_types_max, tally_item});
  if (!reader.complete() || version != protocol_version || watermark.previous > watermark.head)
    return fail(Code::protoerror,
                "bus watermark: not [1, previous, head, tally of at most 200000 types]");
  return watermark;
}

}  // namespace sense::bus
