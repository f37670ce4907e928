// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registry/registry.hpp"
#include "core/base/counters.hpp"
#include "core/event/codec.hpp"

namespace sense {

// The types of the events that were accepted: how many, when the last one, and what attributes the
// first one had. Events for some principals only are left out, since others must not know of them;
// the caller leaves out the reserved types. Stored as rows of kind `type`: a new type at once, the
// numbers of others at most every ten seconds. At most types_max; events of further types are
// accepted, too. Pure: no I/O, no clock, one thread.
class SeenTypes {
 public:
  static constexpr std::string_view kind = "type";  // of its entries, beside those of the registry
  static constexpr std::size_t names_max = 32;      // of the attributes that are shown
  static constexpr Duration stored_every = std::chrono::seconds{10};

  // `dropped`: counts the events of types for which there was no room.
  SeenTypes(std::size_t types_max, Counters::Counter& dropped)
      : types_max_(types_max), dropped_(&dropped) {}

  // At start: a row from the store, and then each event that may not be in its numbers.
  void load(const RegistryEntry& row);
  void recount(const EventHead& head, std::string_view octets, std::uint64_t sequence,
               WallTime time);

  // An event of the group under way. `octets` were checked by peek_event.
  void note(const EventHead& head, std::string_view octets);
  // What is to be stored with the group, of which `last` is the last sequence.
  [[nodiscard]] std::vector<RegistryRow> rows(std::uint64_t last, Timestamp now);
  // The group is stored, or is undone.
  void commit();
  void rollback();

  // At most `limit` types behind `after`, by name: as they are stored, and up to date.
  [[nodiscard]] std::vector<RegistryEntry> list(std::string_view after, std::size_t limit) const;

 private:
  struct Seen {
    std::uint64_t count = 0;
    std::uint64_t upto = 0;  // the sequence up to which all are counted
    WallTime last;
    std::string attributes;  // JSON
    MonoTime stored = MonoTime::min();
    // Of the group under way:
    std::uint64_t fresh = 0;
    bool in_rows = false;
  };
  using Types = std::map<std::string, Seen, std::less<>>;
  // Null: it is not listed.
  [[nodiscard]] Types::value_type* find_or_add(const EventHead& head, std::string_view octets);
  [[nodiscard]] static RegistryEntry entry_of(const Types::value_type& seen);

  std::size_t types_max_;
  Counters::Counter* dropped_;
  Types types_;
  std::vector<Types::value_type*> touched_;  // by the group under way
  Types::value_type* last_ = nullptr;        // consecutive events mostly share their type
  std::uint64_t group_last_ = 0;
  Timestamp group_now_{};
};

}  // namespace sense
