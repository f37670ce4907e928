// SPDX-License-Identifier: Apache-2.0
#include "core/storage/journal.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <optional>
#include <vector>

#include "tests/core/storage/journal_fixture.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(journal_tests)

BOOST_AUTO_TEST_CASE(empty_journal_begins_at_one) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  const auto range = fixture.journal.range();
  BOOST_REQUIRE(range);
  BOOST_CHECK_EQUAL(range->first, 1u);
  BOOST_CHECK_EQUAL(range->last, 0u);
  BOOST_CHECK(fixture.read(0).empty());
  BOOST_CHECK_EQUAL(fixture.trim(100, 0), 0u);
}

BOOST_AUTO_TEST_CASE(groups_come_back_as_appended_also_after_reopening) {
  const TemporaryFolder folder;
  std::vector<SeenGroup> written;
  {
    JournalFixture fixture(folder / "j.db");
    fixture.append(5);
    written = fixture.read(1);
    BOOST_CHECK_EQUAL(written.size(), 5u);
    BOOST_CHECK((written[1] == SeenGroup{4, 6, 4, "eeee", false}));
  }
  JournalFixture again(folder / "j.db");
  BOOST_CHECK(again.read(1) == written);
  BOOST_CHECK_EQUAL(again.journal.range()->first, 1u);
  BOOST_CHECK_EQUAL(again.journal.range()->last, 15u);
}

BOOST_AUTO_TEST_CASE(reading_from_within_a_group_begins_with_that_group) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4);
  for (std::uint64_t from = 1; from <= 12; ++from) {
    const auto seen = fixture.read(from);
    BOOST_REQUIRE(!seen.empty());
    BOOST_CHECK_EQUAL(seen.front().first, (from - 1) / 3 * 3 + 1);
    BOOST_CHECK_EQUAL(seen.back().last, 12u);
  }
}

BOOST_AUTO_TEST_CASE(reading_beyond_the_end_gives_nothing_even_at_the_largest_number) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4);
  for (const std::uint64_t from :
       {std::uint64_t{13}, std::uint64_t{1} << 40, std::uint64_t{INT64_MAX},
        std::uint64_t{INT64_MAX} + 1, UINT64_MAX})
    BOOST_CHECK(fixture.read(from).empty());
}

BOOST_AUTO_TEST_CASE(reader_that_has_enough_stops_and_can_read_again) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4);
  BOOST_CHECK_EQUAL(fixture.read(1, 2).size(), 2u);
  BOOST_CHECK_EQUAL(fixture.read(1).size(), 4u);
}

BOOST_AUTO_TEST_CASE(append_is_undone_by_rollback) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(2);
  BOOST_REQUIRE(fixture.database.begin());
  fixture.append(2);
  fixture.database.rollback();
  fixture.journal.rolled_back();
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 6u);
  fixture.next = 7;
  fixture.append(1);
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 9u);
}

BOOST_AUTO_TEST_CASE(the_same_sequence_twice_is_an_error) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(1);
  BOOST_CHECK(!fixture.journal.append({1, 1, WallTime{}, "x", false}));
  BOOST_CHECK_EQUAL(fixture.read(1).size(), 1u);
}

BOOST_AUTO_TEST_CASE(changed_octets_are_shown_as_damage_and_not_handed_out) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(3);
  BOOST_REQUIRE(fixture.database.execute("UPDATE journal SET octets=x'65656564' WHERE first=4"));
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_CHECK(!seen[0].damaged);
  BOOST_CHECK((seen[1] == SeenGroup{4, 6, 0, "", true}));
  BOOST_CHECK(!seen[2].damaged);
}

BOOST_AUTO_TEST_CASE(every_changed_column_is_shown_as_damage) {
  for (const char* change : {"first=0", "last=last+1", "time=time+1", "checksum=checksum+1",
                             "octets=substr(octets,1,3)", "octets=x''"}) {
    BOOST_TEST_CONTEXT(change) {
      const TemporaryFolder folder;
      JournalFixture fixture(folder / "j.db");
      fixture.append(2);
      BOOST_REQUIRE(fixture.database.execute(
          ("UPDATE journal SET " + std::string(change) + " WHERE first=1").c_str()));
      const auto seen = fixture.read(1);
      BOOST_REQUIRE(seen.size() == 2u);
      BOOST_CHECK(seen[0].damaged);
      BOOST_CHECK(seen[0].octets.empty());
      BOOST_CHECK(!seen[1].damaged);
    }
  }
}

BOOST_AUTO_TEST_CASE(octets_of_another_sequence_are_shown_as_damage) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(2);
  // The whole row, checksum included, under another number.
  BOOST_REQUIRE(fixture.database.execute("DELETE FROM journal WHERE first=4"));
  BOOST_REQUIRE(fixture.database.execute("UPDATE journal SET first=4, last=6 WHERE first=1"));
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() == 1u);
  BOOST_CHECK(seen[0].damaged);
}

BOOST_AUTO_TEST_CASE(flipped_octet_in_the_file_is_shown_as_damage) {
  const TemporaryFolder folder;
  const auto path = folder / "j.db";
  {
    JournalFixture fixture(path);
    const std::string needle(3000, 'N');
    BOOST_REQUIRE(fixture.journal.append({1, 1, WallTime{}, "before", false}));
    BOOST_REQUIRE(fixture.journal.append({2, 2, WallTime{}, needle, false}));
    BOOST_REQUIRE(fixture.journal.append({3, 3, WallTime{}, "behind", false}));
    BOOST_REQUIRE(fixture.database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  std::ifstream in(path, std::ios::binary);
  std::string file(std::istreambuf_iterator<char>(in), {});
  in.close();
  const auto at = file.find(std::string(2000, 'N'));
  BOOST_REQUIRE(at != std::string::npos);
  file[at + 1000] = 'n';
  std::ofstream(path, std::ios::binary) << file;

  JournalFixture fixture(path);
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_CHECK_EQUAL(seen[0].octets, "before");
  BOOST_CHECK(seen[1].damaged);
  BOOST_CHECK_EQUAL(seen[2].octets, "behind");
}

BOOST_AUTO_TEST_CASE(what_lies_behind_destroyed_pages_is_still_read) {
  const TemporaryFolder folder;
  const auto path = folder / "j.db";
  {
    JournalFixture fixture(path);
    fixture.append(200, 12'000);
    BOOST_REQUIRE(fixture.database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(16'384 * 20);
  file << std::string(16'384 * 100, '\xff');
  file.close();
  JournalFixture fixture(path);
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() > 2u);
  std::uint64_t next = 1;
  std::uint64_t lost = 0;
  for (const auto& group : seen) {
    BOOST_CHECK_EQUAL(group.first, next);
    next = group.last + 1;
    if (group.damaged)
      lost += group.last - group.first + 1;
    else
      BOOST_CHECK_EQUAL(group.octets,
                        std::string(12'000, static_cast<char>('a' + group.first % 26)));
  }
  BOOST_CHECK_EQUAL(next, 601u);
  // A hundred pages of one row each, and what cannot be reached without them.
  BOOST_CHECK_GE(lost, 250u);
  BOOST_CHECK_LE(lost, 330u);
  BOOST_CHECK(!seen.front().damaged);
  BOOST_CHECK(!seen.back().damaged);
  // From within the hole, too.
  const auto within = fixture.read(150);
  BOOST_CHECK(within.front().damaged);
  BOOST_CHECK_EQUAL(within.front().first, 150u);
  BOOST_CHECK_GT(within.size(), 2u);
}

BOOST_AUTO_TEST_CASE(numbers_of_a_damaged_row_are_not_believed) {
  for (const char* change : {"last=1000000000000", "last=0", "last=-5", "first=1000000000000"}) {
    BOOST_TEST_CONTEXT(change) {
      const TemporaryFolder folder;
      JournalFixture fixture(folder / "j.db");
      fixture.append(3);
      BOOST_REQUIRE(fixture.database.execute(
          ("UPDATE journal SET " + std::string(change) + " WHERE first=4").c_str()));
      const auto seen = fixture.read(1);
      BOOST_REQUIRE(seen.size() >= 2u);
      BOOST_CHECK_EQUAL(seen[0].last, 3u);
      BOOST_CHECK(!seen[0].damaged);
      const auto intact = std::find_if(seen.begin() + 1, seen.end(),
                                       [](const auto& group) { return !group.damaged; });
      BOOST_REQUIRE((intact != seen.end()));
      BOOST_CHECK_EQUAL(intact->first, 7u);
    }
  }
}

BOOST_AUTO_TEST_CASE(group_that_is_not_what_its_owner_wrote_is_damaged) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(3);  // "bbbb", "eeee", "hhhh"
  auto strict = Journal::open(fixture.database,
                              [](const JournalGroup& group) { return group.octets != "eeee"; });
  std::vector<bool> damaged;
  BOOST_REQUIRE(strict->read(1, [&](const JournalGroup& group) {
    damaged.push_back(group.damaged);
    return true;
  }));
  BOOST_TEST(damaged == (std::vector<bool>{false, true, false}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(quarantine_moves_what_is_damaged_and_nothing_else) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4);
  BOOST_CHECK(!fixture.journal.inspect(1, 12).value());
  BOOST_REQUIRE(fixture.database.execute("UPDATE journal SET octets=x'616263' WHERE first=4"));
  const auto damage = fixture.journal.inspect(4, 6).value();
  BOOST_REQUIRE(damage);
  BOOST_TEST(damage->rows == std::vector<std::int64_t>{4}, boost::test_tools::per_element());
  BOOST_CHECK(!damage->unreachable);
  BOOST_REQUIRE(fixture.journal.quarantine(*damage, from_micros(77)));
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_CHECK_EQUAL(seen[1].first, 7u);
  const auto kept = fixture.journal.quarantined().value();
  BOOST_REQUIRE(kept.size() == 1u);
  BOOST_CHECK_EQUAL(kept[0].first, 4u);
  BOOST_CHECK_EQUAL(kept[0].last, 6u);
  BOOST_CHECK_EQUAL(kept[0].octets, 3u);
  BOOST_CHECK_EQUAL(to_micros(kept[0].found), 77);
  BOOST_CHECK(!fixture.journal.inspect(4, 6).value());
  // Retention by age empties it.
  BOOST_CHECK_EQUAL(fixture.trim(78, no_limit), 2u);
  BOOST_CHECK(fixture.journal.quarantined()->empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_reached_is_noted_once) {
  const TemporaryFolder folder;
  const auto path = folder / "j.db";
  {
    JournalFixture fixture(path);
    fixture.append(200, 3000);
    BOOST_REQUIRE(fixture.database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 * 60);
  file << std::string(4096 * 3, '\xff');
  file.close();
  JournalFixture fixture(path);
  std::optional<SeenGroup> hole;
  for (const auto& group : fixture.read(1))
    if (group.damaged) hole = group;
  BOOST_REQUIRE(hole);
  const auto damage = fixture.journal.inspect(hole->first, hole->last).value();
  BOOST_REQUIRE(damage);
  BOOST_CHECK(damage->unreachable);
  BOOST_REQUIRE(fixture.journal.quarantine(*damage, from_micros(1)));
  BOOST_CHECK(!fixture.journal.inspect(hole->first, hole->last).value());
}

BOOST_AUTO_TEST_CASE(no_sequence_is_given_twice_when_the_newest_group_is_damaged) {
  for (const char* change : {"octets=substr(octets,2)||'z'", "last=10", "last=1000000"}) {
    BOOST_TEST_CONTEXT(change) {
      const TemporaryFolder folder;
      JournalFixture fixture(folder / "j.db");
      fixture.append(4, 64);
      BOOST_CHECK_EQUAL(fixture.journal.safe_last(16).value(), 12u);
      BOOST_REQUIRE(fixture.database.execute(
          ("UPDATE journal SET " + std::string(change) + " WHERE first=10").c_str()));
      const auto last = fixture.journal.safe_last(16).value();
      BOOST_CHECK_GE(last, 12u);
      BOOST_CHECK_LT(last, 100u);
    }
  }
}

BOOST_AUTO_TEST_CASE(newest_groups_that_vanished_are_missed_once_trim_has_noted_the_end) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4);
  BOOST_CHECK_EQUAL(fixture.trim(0, no_limit), 0u);
  BOOST_REQUIRE(fixture.database.execute("DELETE FROM journal WHERE first>4"));
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 12u);
  BOOST_CHECK_EQUAL(fixture.journal.safe_last(1).value(), 12u);
  const auto seen = fixture.read(1);
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_CHECK((seen[2] == SeenGroup{7, 12, 0, "", true}));
  const auto damage = fixture.journal.inspect(7, 12).value();
  BOOST_REQUIRE(damage);
  BOOST_CHECK(damage->unreachable);
  BOOST_REQUIRE(fixture.journal.quarantine(*damage, WallTime{}));
  BOOST_CHECK(!fixture.journal.inspect(7, 12).value());
  // What is behind makes an ordinary gap of it.
  fixture.append(1);
  BOOST_CHECK_EQUAL(fixture.read(1).size(), 3u);
  // A note that is damaged itself is not believed.
  BOOST_REQUIRE(fixture.database.execute("UPDATE journal_last SET last=1000000"));
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 15u);
}

BOOST_AUTO_TEST_CASE(damage_at_the_end_does_not_hide_what_is_committed_meanwhile) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(2);
  BOOST_REQUIRE(fixture.database.execute("UPDATE journal SET octets=x'00' WHERE first=4"));
  auto reading = Database::open_read_only(folder / "j.db");
  auto reader = Journal::open_read_only(*reading);
  std::vector<std::uint64_t> lost;
  BOOST_REQUIRE(reader->read(1, [&](const JournalGroup& group) {
    if (group.first == 1) fixture.append(3);
    if (group.damaged) lost = {group.first, group.last};
    return true;
  }));
  BOOST_TEST(lost == (std::vector<std::uint64_t>{4, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(journal_of_a_newer_version_is_refused_with_both_versions) {
  const TemporaryFolder folder;
  { JournalFixture(folder / "j.db").append(1); }
  auto database = Database::open(folder / "j.db", Database::Durability::full);
  BOOST_REQUIRE(database->execute("UPDATE journal_version SET version=7"));
  BOOST_REQUIRE(database->execute("DROP TABLE journal_quarantine"));
  const auto journal = Journal::open(*database);
  BOOST_REQUIRE(!journal);
  BOOST_CHECK(journal.error().code == Code::badcontext);
  BOOST_CHECK_NE(journal.error().message.find("format 7"), std::string::npos);
  BOOST_CHECK_NE(journal.error().message.find("sense journal export"), std::string::npos);
  BOOST_CHECK(!database->prepare("SELECT * FROM journal_quarantine"));  // nothing was changed
  BOOST_CHECK(!Journal::open_read_only(*database));
}

BOOST_AUTO_TEST_CASE(read_only_journal_is_not_made) {
  const TemporaryFolder folder;
  auto database = Database::open(folder / "j.db", Database::Durability::full);
  BOOST_CHECK(!Journal::open_read_only(*database));
  BOOST_REQUIRE(Journal::open(*database));
  BOOST_CHECK(Journal::open_read_only(*database).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
