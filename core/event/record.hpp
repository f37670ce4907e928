// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/codec.hpp"

namespace sense {

// An event as the journal and the bus have it: the broker's stamp around the producer's unchanged
// octets (core/event/format.md). A value; a record that was read views the octets.
struct Record {
  std::uint64_t sequence = 0;
  WallTime observedtime;
  std::string_view principal;
  std::string_view event;     // encoded
  std::string_view via = {};  // the principal that spoke for the other; empty: none did
};

void append_record(std::string& out, const Record& record);

// Reads a run of append_record, without a look into the events. Allocates nothing. A value of one
// thread; the octets must outlive it and its results.
class RecordReader {
 public:
  explicit RecordReader(std::string_view octets) : rest_(octets) {}

  // The next record. Fails, and stays where it is, when no valid record comes next.
  [[nodiscard]] Result<Record> next();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // The whole record that next() returned last.
  [[nodiscard]] std::string_view octets() const { return octets_; }

 private:
  std::string_view rest_;
  std::string_view octets_;
};

// All records, when the octets are nothing else. At most `count_max`.
[[nodiscard]] Result<std::vector<Record>> split_records(std::string_view octets,
                                                        std::size_t count_max = 1'000'000);
// Whether the octets are records with the sequences first..last and nothing else.
[[nodiscard]] bool holds_records(std::string_view octets, std::uint64_t first, std::uint64_t last);

// The event in a record, stamp included.
[[nodiscard]] Result<Event> decode_record(const Record& record);
// The same into a new event, which avoids a move when decoding many.
[[nodiscard]] Status decode_record(const Record& record, CheckedNames& names, Event& into);
// The event of the one record that the octets are.
[[nodiscard]] Result<Event> decode_single_record(std::string_view octets);

}  // namespace sense
