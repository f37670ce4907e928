// SPDX-License-Identifier: Apache-2.0
#include "core/event/record.hpp"

#include <msgpack/adaptor/cpp17/string_view.hpp>
#include <msgpack/adaptor/int.hpp>

#include "core/base/text.hpp"
#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

namespace sense {

namespace {

constexpr std::uint64_t record_items = 4;
// Between the principal and who spoke for it; no name of a principal has a space.
constexpr std::string_view via_mark = " via ";

tl::unexpected<Error> no_record(const std::string& why, Code code = Code::protoerror) {
  return fail(code, "event octets: a record's " + why);
}

}  // namespace

void append_record(std::string& out, const Record& record) {
  MsgpackSink sink{out};
  MsgpackPacker packer(sink);
  packer.pack_array(record_items);
  packer.pack(record.sequence);
  packer.pack(to_micros(record.observedtime));
  if (record.via.empty()) {
    packer.pack(record.principal);
  } else {
    const auto length = record.principal.size() + via_mark.size() + record.via.size();
    packer.pack_str(static_cast<std::uint32_t>(length));
    for (const auto part : {record.principal, via_mark, record.via})
      packer.pack_str_body(part.data(), static_cast<std::uint32_t>(part.size()));
  }
  pack_binary(packer, record.event);
}

Result<Record> RecordReader::next() {
  using Kind = MsgpackReader::Kind;
  MsgpackReader in(rest_);
  const auto array = in.next();
  if (array.kind != Kind::array || array.number != record_items)
    return no_record("items are not an array of four");
  const auto sequence = in.next();
  if (sequence.kind != Kind::natural || sequence.number == 0)
    return no_record("sequence is not from 1");
  const auto observed = integer_of(in.next());
  const auto time = observed ? from_micros(*observed) : WallTime::min();
  if (time < wall_time_min || time > wall_time_max)
    return no_record("observedtime is not a time within the years 0001 to 9999");
  const auto principal = in.next();
  if (principal.kind != Kind::text || !valid_text(principal.octets))
    return no_record("principal is not a text");
  if (principal.octets.size() > Event::id_length_max)
    return no_record("principal is over its limit", Code::datatoobig);
  const auto event = in.next();
  if (event.kind != Kind::binary) return no_record("event is not binary, or cut short");
  if (event.octets.size() > encoded_event_length_max)
    return no_record("event is over its limit", Code::datatoobig);
  const auto* const end = event.octets.data() + event.octets.size();
  octets_ = rest_.substr(0, static_cast<std::size_t>(end - rest_.data()));
  rest_.remove_prefix(octets_.size());
  Record record{sequence.number, time, principal.octets, event.octets};
  if (const auto mark = record.principal.find(via_mark); mark != std::string_view::npos) {
    record.via = record.principal.substr(mark + via_mark.size());
    record.principal = record.principal.substr(0, mark);
  }
  return record;
}

Result<std::vector<Record>> split_records(std::string_view octets, std::size_t count_max) {
  std::vector<Record> records;
  for (RecordReader in(octets); !in.at_end();) {
    if (records.size() == count_max)
      return fail(Code::datatoobig,
                  "event octets: there are more than " + std::to_string(count_max) + " records");
    auto record = in.next();
    if (!record) return tl::unexpected(record.error());
    records.push_back(*record);
  }
  return records;
}

bool holds_records(std::string_view octets, std::uint64_t first, std::uint64_t last) {
  auto expected = first;
  for (RecordReader in(octets); !in.at_end();)
    if (const auto record = in.next(); !record || record->sequence != expected++) return false;
  return expected == last + 1;
}

Status decode_record(const Record& record, CheckedNames& names, Event& into) {
  if (auto status = decode_event(record.event, names, into); !status) return status;
  into.sequence = record.sequence;
  into.observedtime = record.observedtime;
  into.principal = record.principal;
  into.via = record.via;
  return {};
}

Result<Event> decode_record(const Record& record) {
  CheckedNames names;
  Event event;
  if (auto status = decode_record(record, names, event); !status)
    return tl::unexpected(status.error());
  return event;
}

Result<Event> decode_single_record(std::string_view octets) {
  RecordReader in(octets);
  const auto record = in.next();
  if (!record) return tl::unexpected(record.error());
  if (!in.at_end()) return no_record("end is not that of the octets");
  return decode_record(*record);
}

}  // namespace sense
