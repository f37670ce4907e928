// SPDX-License-Identifier: Apache-2.0
#include "core/event/codec.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <msgpack/adaptor/bool.hpp>
#include <msgpack/adaptor/cpp11/timespec.hpp>
#include <msgpack/adaptor/cpp17/string_view.hpp>
#include <msgpack/adaptor/int.hpp>
#include <msgpack/adaptor/string.hpp>
#include <msgpack/adaptor/vector.hpp>
#include <span>

#include "core/base/check.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/event/attributes.hpp"
#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

namespace sense {

namespace {

using Kind = MsgpackReader::Kind;
using Item = MsgpackReader::Item;

constexpr unsigned format_version = 1;
constexpr std::uint64_t event_items = 6;

// The attributes in an event's map, in ascending order as the map is. Of all, the first four
// (specversion, id, type, source) have places of their own, and what is stamped is in the record.
constexpr std::size_t known_max = 16;
const std::vector<const Attribute*>& known_attributes() {
  static const auto sorted = [] {
    std::vector<const Attribute*> known;
    for (const auto& attribute : attributes().subspan(4))
      if (!attribute.stamped) known.push_back(&attribute);
    std::sort(known.begin(), known.end(), [](auto* a, auto* b) { return a->name < b->name; });
    SENSE_CHECK(known.size() <= known_max);
    return known;
  }();
  return sorted;
}

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::protoerror, "event octets: " + std::string(what));
}

tl::unexpected<Error> malformed(std::string_view name, std::string_view what) {
  return malformed(printable(name.substr(0, 64)) + " " + std::string(what));
}

tl::unexpected<Error> too_big(std::string_view name, std::size_t max) {
  return fail(Code::datatoobig, "event octets: " + printable(name.substr(0, 64)) +
                                    " is over its limit of " + std::to_string(max));
}

// ---- Writing ----

struct ValueWriter {
  MsgpackPacker& packer;
  void operator()(bool value) const { packer.pack(value); }
  void operator()(std::int32_t value) const { packer.pack(value); }
  void operator()(const std::string& value) const { packer.pack(value); }
  void operator()(const Bytes& value) const {
    pack_binary(packer, {reinterpret_cast<const char*>(value.data()), value.size()});
  }
  void operator()(PreciseTime value) const {
    const auto second = std::chrono::floor<std::chrono::seconds>(value.wall);
    const std::chrono::nanoseconds fraction = value.wall - second;
    packer.pack(timespec{second.time_since_epoch().count(), fraction.count() + value.nanoseconds});
  }
};

// A number of microseconds where that is all, as it was before nanoseconds were kept.
void write_time(MsgpackPacker& packer, PreciseTime time) {
  if (time.nanoseconds == 0)
    packer.pack(to_micros(time));
  else
    ValueWriter{packer}(time);
}

// REQUIRES: has_attribute(event, attribute), and it is one of known_attributes().
void write_field(MsgpackPacker& packer, const Event& event, const Attribute& attribute) {
  switch (attribute.kind) {
    case Attribute::Kind::time: write_time(packer, *(event.*attribute.time)); return;
    case Attribute::Kind::severity: packer.pack(*event.severity); return;
    case Attribute::Kind::list: packer.pack(event.*attribute.list); return;
    default: packer.pack(event.*attribute.text);
  }
}

// Known attributes and extensions are both in order already: merges them.
void write_attributes(MsgpackPacker& packer, const Event& event) {
  std::array<const Attribute*, known_max> present{};
  std::size_t known = 0;
  for (const auto* attribute : known_attributes())
    if (has_attribute(event, *attribute)) present[known++] = attribute;
  packer.pack_map(static_cast<std::uint32_t>(known) +
                  static_cast<std::uint32_t>(event.extensions.size()));
  auto extension = event.extensions.begin();
  const auto write_extensions_before = [&](std::string_view name) {
    for (; extension != event.extensions.end() && (name.empty() || extension->first < name);
         ++extension) {
      packer.pack(extension->first);
      std::visit(ValueWriter{packer}, extension->second);
    }
  };
  for (const auto* attribute : std::span(present).first(known)) {
    write_extensions_before(attribute->name);
    packer.pack(attribute->name);
    write_field(packer, event, *attribute);
  }
  write_extensions_before("");
}

// ---- Reading: each function checks; with an event to fill, it also takes ----

Status check_text(std::string_view name, const Item& item, std::size_t max) {
  if (item.kind != Kind::text) return malformed(name, "is not a text");
  if (item.octets.size() > max) return too_big(name, max);
  if (!valid_text(item.octets)) return malformed(name, "is not UTF-8 without NUL");
  return {};
}

Status read_value(MsgpackReader& in, std::string_view name, std::string* into) {
  const auto item = in.next();
  if (auto status = check_text(name, item, Event::text_length_max); !status) return status;
  if (item.octets.empty()) return malformed(name, "is empty: leave it out");
  if (into != nullptr) *into = item.octets;
  return {};
}

Status read_value(MsgpackReader& in, std::string_view name, std::vector<std::string>* into) {
  const auto array = in.next();
  if (array.kind != Kind::array || array.number == 0)
    return malformed(name, "is not an array of texts");
  if (array.number > Event::principals_max) return too_big(name, Event::principals_max);
  for (std::uint64_t i = 0; i < array.number; ++i) {
    const auto item = in.next();
    if (auto status = check_text(name, item, Event::id_length_max); !status) return status;
    if (into != nullptr) into->emplace_back(item.octets);
  }
  return {};
}

Status read_value(MsgpackReader& in, std::string_view name, std::optional<PreciseTime>* into) {
  const auto item = in.next();
  auto time = timestamp_of(item);
  if (const auto micros = integer_of(item)) time = from_micros(*micros);
  if (!time || time->wall < wall_time_min || time->wall > wall_time_max)
    return malformed(name, "is not a time within the years 0001 to 9999");
  if (into != nullptr) *into = time;
  return {};
}

Status read_value(MsgpackReader& in, std::string_view name, std::optional<std::uint8_t>* into) {
  const auto item = in.next();
  if (item.kind != Kind::natural || item.number > 7)
    return malformed(name, "is not a number from 0 to 7");
  if (into != nullptr) *into = static_cast<std::uint8_t>(item.number);
  return {};
}

// REQUIRES: one of known_attributes().
Status read_field(MsgpackReader& in, const Attribute& attribute, Event* into) {
  const auto read = [&](auto member) {
    return read_value(in, attribute.name, into == nullptr ? nullptr : &(into->*member));
  };
  switch (attribute.kind) {
    case Attribute::Kind::time: return read(attribute.time);
    case Attribute::Kind::severity: return read(&Event::severity);
    case Attribute::Kind::list: return read(attribute.list);
    default: return read(attribute.text);
  }
}

Status check_extension(std::string_view name, const Item& item) {
  switch (item.kind) {
    case Kind::none: return malformed(name, "is cut short");
    case Kind::boolean: return {};
    case Kind::text: return check_text(name, item, Event::text_length_max);
    case Kind::binary:
      if (item.octets.size() > Event::text_length_max) return too_big(name, Event::text_length_max);
      return {};
    case Kind::natural:
    case Kind::negative: {
      const auto number = integer_of(item);
      if (number && *number == static_cast<std::int32_t>(*number)) return {};
      return malformed(name, "does not fit a signed integer of 32 bits");
    }
    case Kind::extension:
      if (timestamp_of(item)) return {};
      return malformed(name, "is not a timestamp within the years 0001 to 9999");
    default: return malformed(name, "has a type that no attribute may have");
  }
}

// REQUIRES: check_extension succeeded.
Value extension_value(const Item& item) {
  if (item.kind == Kind::boolean) return item.number != 0;
  if (item.kind == Kind::text) return std::string(item.octets);
  if (item.kind == Kind::binary) return Bytes(item.octets.begin(), item.octets.end());
  if (item.kind == Kind::extension) return *timestamp_of(item);
  return static_cast<std::int32_t>(*integer_of(item));
}

Status read_extension(MsgpackReader& in, std::string_view name, Event* into) {
  if (!valid_extension_name(name))
    return malformed(name,
                     "cannot be an attribute: 1 to 64 lower-case letters and digits, and "
                     "not a reserved name");
  const auto item = in.next();
  if (auto status = check_extension(name, item); !status) return status;
  if (into != nullptr)
    into->extensions.emplace_hint(into->extensions.end(), name, extension_value(item));
  return {};
}

Status read_attributes(MsgpackReader& in, EventHead& head, Event* into) {
  const auto map = in.next();
  if (map.kind != Kind::map) return malformed("the attributes are not a map");
  const auto& all = known_attributes();
  const auto attributes_max = all.size() + Event::extensions_max;
  if (map.number > attributes_max) return too_big("the number of attributes", attributes_max);
  std::string_view previous;
  std::size_t extensions = 0;
  auto known = all.begin();
  for (std::uint64_t i = 0; i < map.number; ++i) {
    const auto key = in.next();
    if (key.kind != Kind::text) return malformed("an attribute's name is not a text");
    const auto name = key.octets;
    if (name <= previous) return malformed(name, "is repeated or not in ascending order");
    previous = name;
    while (known != all.end() && (*known)->name < name) ++known;
    const bool extension = known == all.end() || (*known)->name != name;
    if (extension && ++extensions > Event::extensions_max)
      return too_big("the number of extension attributes", Event::extensions_max);
    if (!extension && (*known)->kind == Attribute::Kind::list) head.has_recipients = true;
    auto status = extension ? read_extension(in, name, into) : read_field(in, **known, into);
    if (!status) return status;
  }
  return {};
}

Status check_type(const Item& type, CheckedNames& names) {
  if (type.kind != Kind::text) return malformed("type is not a text");
  if (type.octets == names.type.clark() && !names.type.local().empty()) return {};
  auto name = QName::from_clark(type.octets);
  if (!name) return malformed(name.error().message);
  names.type = *std::move(name);
  return {};
}

Status check_source(const Item& source, CheckedNames& names) {
  if (source.kind != Kind::text) return malformed("source is not a text");
  if (source.octets.size() > Event::source_length_max)
    return too_big("source", Event::source_length_max);
  if (source.octets == names.source && !names.source.empty()) return {};
  if (!valid_source(source.octets)) return malformed("source is not a URI-reference");
  names.source = source.octets;
  return {};
}

Result<EventHead> read_head(MsgpackReader& in, CheckedNames& names) {
  const auto array = in.next();
  if (array.kind != Kind::array || array.number != event_items)
    return malformed("not an array of six items");
  const auto version = in.next();
  if (version.kind != Kind::natural || version.number != format_version)
    return malformed("the format version is not 1, the only one known here");
  const auto id = in.next();
  if (auto s = check_text("id", id, Event::id_length_max); !s) return tl::unexpected(s.error());
  if (id.octets.empty()) return malformed("id is empty");
  const auto type = in.next();
  if (auto status = check_type(type, names); !status) return tl::unexpected(status.error());
  const auto source = in.next();
  if (auto status = check_source(source, names); !status) return tl::unexpected(status.error());
  return EventHead{id.octets, type.octets, source.octets, false};
}

Result<EventHead> read_event(std::string_view octets, CheckedNames& names, Event* into) {
  if (octets.size() > encoded_event_length_max) return too_big("length", encoded_event_length_max);
  MsgpackReader in(octets);
  auto head = read_head(in, names);
  if (!head) return head;
  if (auto status = read_attributes(in, *head, into); !status)
    return tl::unexpected(status.error());
  const auto data = in.next();
  if (data.kind != Kind::binary) return malformed("data is not binary, or cut short");
  if (data.octets.size() > Event::data_length_max) return too_big("data", Event::data_length_max);
  if (!in.at_end()) return malformed("octets follow the event");
  if (into == nullptr) return head;
  into->id = head->id;
  into->type = names.type;
  into->source = head->source;
  into->data = data.octets;
  return head;
}

}  // namespace

std::string encode(const Event& event) {
  std::string octets;
  octets.reserve(256 + event.data.size());
  append_event(octets, event);
  return octets;
}

void append_event(std::string& out, const Event& event) {
  MsgpackSink sink{out};
  MsgpackPacker packer(sink);
  packer.pack_array(event_items);
  packer.pack(format_version);
  packer.pack(event.id);
  packer.pack(event.type.clark());
  packer.pack(event.source);
  write_attributes(packer, event);
  pack_binary(packer, event.data);
}

Result<Event> decode_event(std::string_view octets) {
  CheckedNames names;
  Event event;
  const auto head = read_event(octets, names, &event);
  if (!head) return tl::unexpected(head.error());
  return event;
}

Result<EventHead> peek_event(std::string_view octets, CheckedNames* names) {
  CheckedNames fresh;
  return read_event(octets, names == nullptr ? fresh : *names, nullptr);
}

Status decode_event(std::string_view octets, CheckedNames& names, Event& into) {
  if (const auto head = read_event(octets, names, &into); !head)
    return tl::unexpected(head.error());
  return {};
}

std::optional<EventHead> head_of(std::string_view octets) {
  MsgpackReader in(octets);
  if (in.next().kind != Kind::array || in.next().kind != Kind::natural) return std::nullopt;
  const auto id = in.next();
  const auto type = in.next();
  const auto source = in.next();
  if (source.kind != Kind::text) return std::nullopt;
  return EventHead{id.octets, type.octets, source.octets, false};
}

}  // namespace sense
