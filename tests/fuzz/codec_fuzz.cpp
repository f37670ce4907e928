// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/event/record.hpp"

// Any octets as an event and as records: an error, or a valid value that encodes to octets which
// decode to the same value.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_event(std::string_view octets) {
  const auto event = sense::decode_event(octets);
  const auto head = sense::peek_event(octets);
  require(event.has_value() == head.has_value());
  if (!event) {
    require(event.error().code == head.error().code && !event.error().message.empty());
    return;
  }
  require(head->id == event->id && head->type == event->type.clark() &&
          head->source == event->source);
  require(sense::validate(*event).has_value());
  const auto again = sense::decode_event(sense::encode(*event));
  require(again.has_value() && *again == *event);
}

void check_records(std::string_view octets) {
  const auto records = sense::split_records(octets);
  if (!records) return;
  std::string written;
  for (const auto& record : *records) {
    sense::append_record(written, record);
    check_event(record.event);
    const auto event = sense::decode_record(record);
    if (event) require(event->sequence == record.sequence && event->principal == record.principal);
  }
  require(written.size() <= octets.size());
  const auto again = sense::split_records(written);
  require(again.has_value() && again->size() == records->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_event(octets);
  check_records(octets);
  return 0;
}
