// SPDX-License-Identifier: Apache-2.0
#include "core/event/record.hpp"

#include <msgpack/adaptor/cpp17/string_view.hpp>
#include <msgpack/adaptor/int.hpp>

#include "core/base/text.hpp"
#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

namespace sense {

namespace {

// The last item, who spoke for the principal, is left out when nobody did.
constexpr std::uint64_t items_min = 4;
constexpr std::uint64_t items_max = 5;

tl::unexpected<Error> no_record(const std::string& why, Code code = Code::protoerror) {
  return fail(code, "event octets: a record's " + why);
}

}  // namespace

void append_record(std::string& out, const Record& record) {
  MsgpackSink sink{out};
  MsgpackPacker packer(sink);
  packer.pack_array(record.via.empty() ? items_min : items_max);
  packer.pack(record.sequence);
  packer.pack(to_micros(record.observedtime));
  packer.pack(record.principal);
  pack_binary(packer, record.event);
  if (!record.via.empty()) packer.pack(record.via);
}

namespace {

Result<std::string_view> principal_of(const MsgpackReader::Item& item, const char* name) {
  if (item.kind != MsgpackReader::Kind::text || !valid_text(item.octets))
    return no_record(std::string(name) + " is not a text");
  if (item.octets.size() > Event::id_length_max)
    return no_record(std::string(name) + " is over its limit", Code::datatoobig);
  return item.octets;
}

}  // namespace

Result<Record> RecordReader::next() {
  using Kind = MsgpackReader::Kind;
  MsgpackReader in(rest_);
  const auto array = in.next();
  if (array.kind != Kind::array || array.number < items_min || array.number > items_max)
    return no_record("items are not an array of four or five");
  const auto sequence = in.next();
  if (sequence.kind != Kind::natural || sequence.number == 0)
    return no_record("sequence is not from 1");
  const auto observed = integer_of(in.next());
  const auto time = observed ? from_micros(*observed) : WallTime::min();
  if (time < wall_time_min || time > wall_time_max)
    return no_record("observedtime is not a time within the years 0001 to 9999");
  const auto principal = principal_of(in.next(), "principal");
  if (!principal) return tl::unexpected(principal.error());
  const auto event = in.next();
  if (event.kind != Kind::binary) return no_record("event is not binary, or cut short");
  if (event.octets.size() > encoded_event_length_max)
    return no_record("event is over its limit", Code::datatoobig);
  Record record{sequence.number, time, *principal, event.octets, {}};
  const auto* end = event.octets.data() + event.octets.size();
  if (array.number == items_max) {
    const auto via = principal_of(in.next(), "via");
    if (!via) return tl::unexpected(via.error());
    record.via = *via;
    end = via->data() + via->size();
  }
  octets_ = rest_.substr(0, static_cast<std::size_t>(end - rest_.data()));
  rest_.remove_prefix(octets_.size());
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
