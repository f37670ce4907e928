// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sense {

// Iterates over concatenated records (append_record in core/event/codec.hpp) without decoding the
// events, for octets that were checked when they were accepted. Allocates nothing. A value; the
// octets must outlive it and its results.
class RecordScan {
 public:
  // A record, as views into the octets.
  struct Found {
    std::uint64_t sequence = 0;
    std::string_view octets;  // of the whole record
    std::string_view event;   // encoded
  };

  explicit RecordScan(std::string_view octets) : rest_(octets) {}

  // The next record; absent at the end, and where there is no valid record: then at_end() is false.
  [[nodiscard]] std::optional<Found> next();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Whether the octets are records with the sequences first..last and nothing else.
[[nodiscard]] bool holds_records(std::string_view octets, std::uint64_t first, std::uint64_t last);

// Type and source of an encoded event, as views into it; absent when the octets have none.
struct EventPlace {
  std::string_view type;  // as QName::clark() gives it
  std::string_view source;
};
[[nodiscard]] std::optional<EventPlace> place_of(std::string_view event);

}  // namespace sense
