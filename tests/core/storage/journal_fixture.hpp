// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "core/storage/journal.hpp"
#include "tests/core/storage/temporary_folder.hpp"

namespace sense {

struct SeenGroup {
  std::uint64_t first;
  std::uint64_t last;
  std::int64_t time;
  std::string octets;
  bool damaged;
  friend bool operator==(const SeenGroup&, const SeenGroup&) = default;
};

// A journal of groups of three: 1-3, 4-6, ...
struct JournalFixture {
  explicit JournalFixture(const std::string& path)
      : database(*Database::open(path, Database::Durability::full)),
        journal(*Journal::open(database)) {}

  void append(std::uint64_t groups, std::size_t octets = 4) {
    for (std::uint64_t i = 0; i < groups; ++i) {
      const std::string text(octets, static_cast<char>('a' + next % 26));
      BOOST_REQUIRE(journal.append(
          {next, next + 2, from_micros(static_cast<std::int64_t>(next)), text, false}));
      next += 3;
    }
  }
  std::vector<SeenGroup> read(std::uint64_t from, std::size_t count_max = 1000) {
    std::vector<SeenGroup> all;
    const auto status = journal.read(from, [&](const JournalGroup& group) {
      all.push_back({group.first, group.last, to_micros(group.time), std::string(group.octets),
                     group.damaged});
      return all.size() < count_max;
    });
    BOOST_CHECK(status.has_value());
    return all;
  }
  std::uint64_t trim(std::int64_t oldest, std::uint64_t octets, std::uint32_t groups = 1000) {
    const auto removed = journal.trim({from_micros(oldest), octets, 0}, groups);
    BOOST_REQUIRE(removed);
    return *removed;
  }

  Database database;
  Journal journal;
  std::uint64_t next = 1;
};

inline constexpr std::uint64_t no_limit = std::uint64_t{1} << 60;

}  // namespace sense
