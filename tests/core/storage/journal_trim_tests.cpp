// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/core/storage/journal_fixture.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(journal_trim_tests)

BOOST_AUTO_TEST_CASE(trim_by_age_takes_what_is_older_and_keeps_the_newest) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(5);  // times 1, 4, 7, 10, 13
  BOOST_CHECK_EQUAL(fixture.trim(7, no_limit), 2u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->first, 7u);
  BOOST_CHECK_EQUAL(fixture.trim(7, no_limit), 0u);
  BOOST_CHECK_EQUAL(fixture.trim(1'000'000, no_limit), 2u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->first, 13u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 15u);
}

BOOST_AUTO_TEST_CASE(trim_by_size_takes_no_more_than_needed) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(10, 100);
  BOOST_CHECK_EQUAL(fixture.trim(0, 1000), 0u);
  BOOST_CHECK_EQUAL(fixture.trim(0, 999), 1u);
  BOOST_CHECK_EQUAL(fixture.trim(0, 450), 5u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->first, 19u);
  fixture.append(1, 100);
  BOOST_CHECK_EQUAL(fixture.trim(0, 450), 1u);
  BOOST_CHECK_EQUAL(fixture.trim(0, 0), 3u);
  BOOST_CHECK_EQUAL(fixture.read(0).size(), 1u);
}

BOOST_AUTO_TEST_CASE(trim_by_count_keeps_so_many_events_behind_each_group_that_goes) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(10);  // 30 events
  const auto trim = [&](std::uint64_t events) {
    return fixture.journal.trim({WallTime{}, no_limit, events}, 1000).value();
  };
  BOOST_CHECK_EQUAL(trim(0), 0u);
  BOOST_CHECK_EQUAL(trim(30), 0u);
  BOOST_CHECK_EQUAL(trim(28), 0u);
  BOOST_CHECK_EQUAL(trim(27), 1u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->first, 4u);
  BOOST_CHECK_EQUAL(trim(10), 5u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->first, 19u);
  BOOST_CHECK_EQUAL(trim(1), 3u);
  BOOST_CHECK_EQUAL(fixture.journal.range()->last, 30u);
}

BOOST_AUTO_TEST_CASE(trim_takes_at_most_so_many_groups_a_call) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(10);
  BOOST_CHECK_EQUAL(fixture.trim(1'000'000, no_limit, 4), 4u);
  BOOST_CHECK_EQUAL(fixture.trim(1'000'000, no_limit, 4), 4u);
  BOOST_CHECK_EQUAL(fixture.trim(1'000'000, no_limit, 4), 1u);
}

// A disk that stays full makes one failing group after another; none of them may count.
BOOST_AUTO_TEST_CASE(groups_that_were_rolled_back_do_not_push_out_others) {
  const TemporaryFolder folder;
  JournalFixture fixture(folder / "j.db");
  fixture.append(4, 100);
  BOOST_CHECK_EQUAL(fixture.trim(0, 1000), 0u);
  for (int i = 0; i < 100; ++i) {
    BOOST_REQUIRE(fixture.database.begin());
    fixture.append(1, 100);
    fixture.database.rollback();
    fixture.journal.rolled_back();
    fixture.next = 13;
  }
  BOOST_CHECK_EQUAL(fixture.trim(0, 1000), 0u);
}

BOOST_AUTO_TEST_SUITE_END()
