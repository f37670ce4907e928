// SPDX-License-Identifier: Apache-2.0
#include "core/bus/protocol.hpp"

#include <array>
#include <msgpack/pack.hpp>

#include "core/event/msgpack_reader.hpp"

namespace sense::bus {

namespace {

constexpr std::array<std::string_view, 9> names = {"PUBLISH", "FETCH", "HEAD", "GET",       "PUT",
                                                   "DELETE",  "LIST",  "PING", "PARAMETERS"};

struct Sink {
  std::string octets;
  void write(const char* data, std::size_t length) { octets.append(data, length); }
};
using Packer = msgpack::packer<Sink>;

void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack_octets(Packer& packer, std::string_view octets) {
  packer.pack_bin(static_cast<std::uint32_t>(octets.size()));
  packer.pack_bin_body(octets.data(), static_cast<std::uint32_t>(octets.size()));
}

using Kind = MsgpackReader::Kind;

// Reads a container's items in order, each as a view into the given octets; `ok()` becomes false at
// the first item of a wrong type, and stays so. An inner container must be read to its end before
// the outer one continues.
class Items {
 public:
  // The container that is the reader's next item.
  explicit Items(MsgpackReader& reader, Kind kind = Kind::array) : reader_(reader) {
    const auto item = reader.next();
    ok_ = item.kind == kind;
    if (ok_) left_ = kind == Kind::map ? 2 * item.number : item.number;
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool complete() const { return ok_ && left_ == 0; }
  [[nodiscard]] std::uint64_t left() const { return ok_ ? left_ : 0; }

  MsgpackReader::Item any() {
    if (left_ == 0) ok_ = false;
    if (!ok_) return {};
    --left_;
    return reader_.next();
  }
  std::uint64_t number() {
    const auto item = any();
    if (item.kind != Kind::natural) ok_ = false;
    return ok_ ? item.number : 0;
  }
  bool flag() {
    const auto item = any();
    if (item.kind != Kind::boolean) ok_ = false;
    return ok_ && item.number != 0;
  }
  // Strings and binaries alike: senders in other languages differ in what they pack.
  std::string_view octets() {
    const auto item = any();
    if (item.kind != Kind::text && item.kind != Kind::binary) ok_ = false;
    return ok_ ? item.octets : std::string_view();
  }
  Items items(Kind kind = Kind::array) {
    if (left_ == 0) ok_ = false;
    if (ok_) --left_;
    Items inner(ok_ ? reader_ : nothing(), kind);
    return inner;
  }

 private:
  static MsgpackReader& nothing() {
    thread_local MsgpackReader empty{{}};
    return empty;
  }

  MsgpackReader& reader_;
  std::uint64_t left_ = 0;
  bool ok_ = false;
};

tl::unexpected<Error> too_long() {
  return fail(Code::datatoobig, "bus message: longer than 16 MiB");
}

void pack_body(Packer& packer, const Request& request) {
  switch (request.operation) {
    case Operation::publish:
      packer.pack_array(static_cast<std::uint32_t>(request.events.size()));
      for (const auto event : request.events) pack_octets(packer, event);
      return;
    case Operation::fetch:
      packer.pack_array(3).pack_uint64(request.from);
      packer.pack_array(static_cast<std::uint32_t>(request.prefixes.size()));
      for (const auto prefix : request.prefixes) pack_text(packer, prefix);
      packer.pack_uint64(request.bytes_max);
      return;
    case Operation::get:
      packer.pack_array(2);
      pack_text(packer, request.kind);
      pack_text(packer, request.key);
      return;
    case Operation::put:
      packer.pack_array(5);
      pack_text(packer, request.kind);
      pack_text(packer, request.key);
      packer.pack_uint64(request.revision);
      pack_text(packer, request.value);
      pack_text(packer, request.reason);
      return;
    case Operation::remove:
      packer.pack_array(4);
      pack_text(packer, request.kind);
      pack_text(packer, request.key);
      packer.pack_uint64(request.revision);
      pack_text(packer, request.reason);
      return;
    case Operation::list:
      packer.pack_array(3);
      pack_text(packer, request.kind);
      pack_text(packer, request.key);
      packer.pack_uint64(request.limit);
      return;
    case Operation::head:
    case Operation::ping:
    case Operation::parameters: packer.pack_array(0); return;
  }
}

bool read_publish(Items body, Request& request) {
  if (body.left() > publish_events_max) return false;
  request.events.reserve(body.left());
  while (body.left() > 0) request.events.push_back(body.octets());
  return body.complete();
}

bool read_fetch(Items body, Request& request) {
  request.from = body.number();
  auto prefixes = body.items();
  if (prefixes.left() > prefixes_max) return false;
  while (prefixes.left() > 0) request.prefixes.push_back(prefixes.octets());
  if (!prefixes.complete()) return false;
  request.bytes_max = body.number();
  return body.complete();
}

bool read_registry(Items body, Request& request) {
  request.kind = body.octets();
  request.key = body.octets();
  if (request.operation == Operation::list) request.limit = body.number();
  if (request.operation == Operation::put || request.operation == Operation::remove)
    request.revision = body.number();
  if (request.operation == Operation::put) request.value = body.octets();
  if (request.operation == Operation::put || request.operation == Operation::remove)
    request.reason = body.octets();
  return body.complete() && request.reason.size() <= reason_length_max;
}

bool read_body(Items body, Request& request) {
  switch (request.operation) {
    case Operation::publish: return read_publish(body, request);
    case Operation::fetch: return read_fetch(body, request);
    case Operation::get:
    case Operation::put:
    case Operation::remove:
    case Operation::list: return read_registry(body, request);
    case Operation::head:
    case Operation::ping:
    case Operation::parameters: return body.complete();
  }
  return false;
}

void pack_entry(Packer& packer, const RegistryEntry& entry) {
  packer.pack_array(4);
  pack_text(packer, entry.kind);
  pack_text(packer, entry.key);
  packer.pack_uint64(entry.revision);
  pack_text(packer, entry.value);
}

void pack_published(Packer& packer, const Published& published) {
  packer.pack_array(published.reason.empty() ? 2 : 3);
  packer.pack_uint64(static_cast<std::uint64_t>(published.code));
  packer.pack_uint64(published.sequence);
  if (!published.reason.empty()) pack_text(packer, published.reason);
}

void pack_body(Packer& packer, const Reply& reply, Operation operation) {
  switch (operation) {
    case Operation::publish:
      packer.pack_array(static_cast<std::uint32_t>(reply.published.size()));
      for (const auto& published : reply.published) pack_published(packer, published);
      return;
    case Operation::fetch:
      packer.pack_array(4).pack_uint64(reply.next).pack_uint64(reply.first);
      packer.pack_uint64(reply.head);
      pack_octets(packer, reply.records);
      return;
    case Operation::head:
      packer.pack_array(2).pack_uint64(reply.first).pack_uint64(reply.head);
      return;
    case Operation::get:
      pack_entry(packer, reply.entries.empty() ? RegistryEntry{} : reply.entries.front());
      return;
    case Operation::put:
    case Operation::remove: packer.pack_array(1).pack_uint64(reply.sequence); return;
    case Operation::list:
      packer.pack_array(reply.own_only ? 4 : 3).pack_uint64(reply.sequence);
      reply.more ? packer.pack_true() : packer.pack_false();
      packer.pack_array(static_cast<std::uint32_t>(reply.entries.size()));
      for (const auto& entry : reply.entries) pack_entry(packer, entry);
      if (reply.own_only) packer.pack_true();
      return;
    case Operation::ping: packer.pack_array(0); return;
    case Operation::parameters:
      packer.pack_map(static_cast<std::uint32_t>(reply.parameters.size()));
      for (const auto& [name, value] : reply.parameters) {
        pack_text(packer, name);
        pack_text(packer, value);
      }
      return;
  }
}

bool read_entry(Items item, std::vector<RegistryEntry>& entries) {
  RegistryEntry entry;
  entry.kind = item.octets();
  entry.key = item.octets();
  entry.revision = item.number();
  entry.value = item.octets();
  entries.push_back(std::move(entry));
  return item.complete();
}

bool read_published(Items body, Reply& reply) {
  if (body.left() > publish_events_max) return false;
  while (body.left() > 0) {
    auto item = body.items();
    Published published;
    const auto code = code_from_number(item.number());
    published.sequence = item.number();
    if (item.left() > 0) published.reason = item.octets();
    if (!code || !item.complete()) return false;
    published.code = *code;
    reply.published.push_back(std::move(published));
  }
  return body.complete();
}

bool read_list(Items body, Reply& reply) {
  reply.sequence = body.number();
  reply.more = body.flag();
  auto entries = body.items();
  if (entries.left() > list_limit_max) return false;
  while (entries.left() > 0)
    if (!read_entry(entries.items(), reply.entries)) return false;
  if (!entries.complete()) return false;
  if (body.left() > 0) reply.own_only = body.flag();
  return body.complete();
}

bool read_parameters(Items body, Reply& reply) {
  if (body.left() > 2 * parameters_max) return false;
  while (body.left() > 0) {
    std::string name(body.octets());
    reply.parameters.emplace(std::move(name), body.octets());
  }
  return body.complete();
}

bool read_fetched(Items body, Reply& reply) {
  reply.next = body.number();
  reply.first = body.number();
  reply.head = body.number();
  reply.records = body.octets();
  return body.complete();
}

bool read_head(Items body, Reply& reply) {
  reply.first = body.number();
  reply.head = body.number();
  return body.complete();
}

bool read_revision(Items body, Reply& reply) {
  reply.sequence = body.number();
  return body.complete();
}

bool read_body(Items& items, Operation operation, Reply& reply) {
  switch (operation) {
    case Operation::publish: return read_published(items.items(), reply);
    case Operation::fetch: return read_fetched(items.items(), reply);
    case Operation::head: return read_head(items.items(), reply);
    case Operation::get: return read_entry(items.items(), reply.entries);
    case Operation::put:
    case Operation::remove: return read_revision(items.items(), reply);
    case Operation::list: return read_list(items.items(), reply);
    case Operation::ping: return items.items().complete();
    case Operation::parameters: return read_parameters(items.items(Kind::map), reply);
  }
  return false;
}

}  // namespace

std::string_view to_text(Operation operation) { return names[static_cast<std::size_t>(operation)]; }

std::string encode(const Request& request) {
  Sink sink;
  Packer packer(sink);
  packer.pack_array(4).pack_uint64(protocol_version).pack_uint64(request.id);
  pack_text(packer, to_text(request.operation));
  pack_body(packer, request);
  return std::move(sink.octets);
}

std::string publish_header(std::uint64_t id, std::size_t count) {
  Sink sink;
  Packer packer(sink);
  packer.pack_array(4).pack_fix_uint8(protocol_version).pack_fix_uint64(id);
  pack_text(packer, to_text(Operation::publish));
  // MessagePack's "array 32", whatever the count; the packer would choose the shortest form.
  sink.octets += '\xdd';
  for (int shift = 24; shift >= 0; shift -= 8)
    sink.octets += static_cast<char>(static_cast<unsigned char>(count >> shift));
  return std::move(sink.octets);
}

void append_published_event(std::string& request, std::string_view encoded) {
  struct Behind {
    std::string& octets;
    void write(const char* data, std::size_t length) { octets.append(data, length); }
  } sink{request};
  msgpack::packer<Behind> packer(sink);
  packer.pack_bin(static_cast<std::uint32_t>(encoded.size()));
  packer.pack_bin_body(encoded.data(), static_cast<std::uint32_t>(encoded.size()));
}

Result<Request> decode_request(std::string_view octets) {
  if (octets.size() > message_length_max) return too_long();
  MsgpackReader reader(octets);
  Items items(reader);
  const auto version = items.number();
  Request request;
  request.id = items.number();
  const auto name = items.octets();
  if (!items.ok()) return fail(Code::protoerror, "bus request: not [version, id, operation, body]");
  if (version != protocol_version)
    return fail(Code::badcontext, "bus request: protocol version " + std::to_string(version) +
                                      "; this broker speaks version 1");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    request.operation = static_cast<Operation>(i);
    if (read_body(items.items(), request) && items.complete() && reader.at_end()) return request;
    return fail(Code::protoerror, "bus request: the body of " + std::string(name) +
                                      " is not as docs/bus-protocol.md says");
  }
  return fail(Code::notyetimplemented, "bus request: no such operation");
}

std::uint64_t request_id(std::string_view octets) {
  MsgpackReader reader(octets);
  Items items(reader);
  items.number();
  const auto id = items.number();
  return items.ok() ? id : 0;
}

std::string encode(const Reply& reply, Operation operation) {
  Sink sink;
  sink.octets.reserve(64 + reply.records.size() + reply.published.size() * 12);
  Packer packer(sink);
  packer.pack_array(5).pack_uint64(protocol_version).pack_uint64(reply.id);
  packer.pack_uint64(static_cast<std::uint64_t>(reply.code));
  pack_text(packer, reply.reason);
  if (reply.code == Code::noerror) {
    pack_body(packer, reply, operation);
  } else {
    packer.pack_nil();
  }
  return std::move(sink.octets);
}

Result<std::uint64_t> reply_id(std::string_view octets) {
  const auto id = request_id(octets);  // the same place in both
  if (id == 0) return fail(Code::protoerror, "bus reply: it has no request id");
  return id;
}

Result<Reply> decode_reply(std::string_view octets, Operation operation) {
  if (octets.size() > message_length_max) return too_long();
  MsgpackReader reader(octets);
  Items items(reader);
  const auto version = items.number();
  Reply reply;
  reply.id = items.number();
  const auto code = code_from_number(items.number());
  reply.reason = items.octets();
  if (items.left() != 1 || !code || version != protocol_version)
    return fail(Code::protoerror, "bus reply: not [1, id, code, reason, body]");
  reply.code = *code;
  const bool read = reply.code == Code::noerror ? read_body(items, operation, reply)
                                                : items.any().kind == Kind::nil;
  if (!read || !reader.at_end())
    return fail(Code::protoerror,
                "bus reply: the body is not that of " + std::string(to_text(operation)));
  return reply;
}

std::string encode(const Watermark& watermark) {
  Sink sink;
  Packer packer(sink);
  packer.pack_array(4).pack_uint64(protocol_version).pack_uint64(watermark.previous);
  packer.pack_uint64(watermark.head);
  packer.pack_array(static_cast<std::uint32_t>(watermark.tally.size()));
  for (const auto& [type, count] : watermark.tally) {
    packer.pack_array(2);
    pack_text(packer, type);
    packer.pack_uint64(count);
  }
  return std::move(sink.octets);
}

Result<Watermark> decode_watermark(std::string_view octets) {
  if (octets.size() > message_length_max) return too_long();
  MsgpackReader reader(octets);
  Items items(reader);
  const auto version = items.number();
  Watermark watermark;
  watermark.previous = items.number();
  watermark.head = items.number();
  auto tally = items.items();
  if (tally.left() > tally_types_max)
    return fail(Code::datatoobig, "bus watermark: more than 200000 types");
  while (tally.left() > 0) {
    auto pair = tally.items();
    std::string type(pair.octets());
    const auto count = pair.number();
    if (!pair.complete())
      return fail(Code::protoerror, "bus watermark: a tally is not [type, count]");
    watermark.tally.emplace_back(std::move(type), count);
  }
  if (version != protocol_version || !tally.complete() || !items.complete() || !reader.at_end() ||
      watermark.previous > watermark.head)
    return fail(Code::protoerror, "bus watermark: not [1, previous, head, tally]");
  return watermark;
}

}  // namespace sense::bus
