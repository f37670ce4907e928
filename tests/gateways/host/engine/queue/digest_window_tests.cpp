// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/digest_window.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;
using Keys = std::vector<DigestWindow::Key>;

namespace {

struct Fixture {
  DigestWindow window;
  SparseOptions options;
  // 2023-11-14T22:13:20Z
  Timestamp start{WallTime{std::chrono::seconds{1'700'000'000}}, MonoTime{1h}};

  Fixture() { options.digest.emplace(); }

  Timestamp after(Duration time) const { return {start.wall + time, start.mono + time}; }
  void join(std::uint64_t key, std::uint32_t octets = 1, Duration time = 0s) {
    window.add({key, key, key, 0, octets});
    window.on_join(after(time).mono, after(time));
  }
  std::optional<MonoTime> closes(Duration time = 0s, bool earlier_pending = false,
                                 MonoTime interval_over = {}) const {
    return window.closes(options, interval_over, earlier_pending, after(time));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(digest_window_tests, Fixture)

BOOST_AUTO_TEST_CASE(it_is_full_at_its_count_or_octets_not_one_before) {
  options.digest->count = 3;
  options.digest->octets = 100;
  join(1, 50);
  join(2, 49);
  BOOST_CHECK(!window.full(options));
  join(3, 0);
  BOOST_CHECK(window.full(options));  // three
  options.digest->count = 4;
  BOOST_CHECK(!window.full(options));
  join(4, 1);
  options.digest->count = 5;
  BOOST_CHECK(window.full(options));  // a hundred octets
  BOOST_CHECK((window.keys() == Keys{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(without_limits_of_its_own_it_is_full_at_those_of_one_message) {
  options.digest.reset();
  options.min_interval = 1s;
  for (std::uint64_t key = 1; key < Digest::count_max; ++key) join(key, 0);
  BOOST_CHECK(!window.full(options));
  join(Digest::count_max, 0);
  BOOST_CHECK(window.full(options));
  DigestWindow heavy;
  heavy.add({1, 1, 1, 0, Digest::octets_max});
  BOOST_CHECK(heavy.full(options));
}

BOOST_AUTO_TEST_CASE(the_interval_counts_from_the_first_event) {
  options.digest->interval = 10s;
  join(1, 1, 2s);
  join(2, 1, 9s);
  BOOST_CHECK(closes(9s) == start.mono + 12s);
}

BOOST_AUTO_TEST_CASE(a_restored_event_opens_the_window_in_the_past) {
  options.digest->interval = 10s;
  window.add({1, 1, 1, 0, 1});
  window.on_join(start.mono + 5s, after(60s));
  window.add({2, 2, 2, 0, 1});
  window.on_join(start.mono + 3s, after(60s));
  BOOST_CHECK(closes(60s) == start.mono + 13s);
}

BOOST_AUTO_TEST_CASE(the_time_of_day_is_the_next_one_after_it_was_opened) {
  options.digest->until = 22h + 14min;
  join(1);
  BOOST_CHECK(closes() == start.mono + 40s);
  options.digest->until = 22h + 13min;  // has passed today
  BOOST_CHECK(closes() == start.mono + 24h - 20s);
  options.digest->interval = 1h;  // what comes first
  BOOST_CHECK(closes() == start.mono + 1h);
}

BOOST_AUTO_TEST_CASE(opened_at_the_very_time_it_waits_for_the_next_day) {
  options.digest->until = 0h;
  const auto midnight = std::chrono::floor<std::chrono::days>(start.wall);
  window.add({1, 1, 1, 0, 1});
  window.on_join(start.mono, {midnight, start.mono});
  BOOST_CHECK(window.closes(options, {}, false, {midnight, start.mono}) == start.mono + 24h);
}

BOOST_AUTO_TEST_CASE(count_alone_has_no_time) {
  options.digest->count = 5;
  join(1);
  BOOST_CHECK(!closes());
}

BOOST_AUTO_TEST_CASE(a_minimum_interval_waits_for_its_end_and_for_the_window_before) {
  options.digest.reset();
  options.min_interval = 10s;
  join(1);
  BOOST_CHECK(closes() == start.mono);
  BOOST_CHECK(closes(0s, false, start.mono + 4s) == start.mono + 4s);
  BOOST_CHECK(!closes(0s, true));
}

BOOST_AUTO_TEST_CASE(options_that_no_longer_collect_close_nothing_by_time) {
  options.digest.reset();
  join(1);
  BOOST_CHECK(!closes());
}

BOOST_AUTO_TEST_CASE(a_newer_event_takes_the_place_and_number_of_its_source) {
  window.add({1, 10, 71, 5, 60});
  window.add({2, 11, 72, 6, 1});
  DigestWindow::Member newer{3, 12, 0, 5, 9};
  BOOST_CHECK(window.supersede(newer) == 1U);
  BOOST_CHECK_EQUAL(newer.number, 71U);
  BOOST_CHECK((window.keys() == Keys{3, 2}));
  options.digest->octets = 11;
  BOOST_CHECK(!window.full(options));  // 9 + 1: those of the superseded one are gone
  DigestWindow::Member newest{4, 13, 0, 5, 10};
  BOOST_CHECK(window.supersede(newest) == 3U);
  BOOST_CHECK(window.full(options));
}

BOOST_AUTO_TEST_CASE(an_older_event_is_superseded_itself_and_changes_nothing) {
  window.add({1, 10, 71, 5, 60});
  DigestWindow::Member older{2, 9, 0, 5, 100};
  BOOST_CHECK(window.supersede(older) == 2U);
  BOOST_CHECK_EQUAL(older.number, 0U);
  BOOST_CHECK((window.keys() == Keys{1}));
  options.digest->octets = 61;
  BOOST_CHECK(!window.full(options));
}

BOOST_AUTO_TEST_CASE(other_sources_and_those_without_are_not_superseded) {
  window.add({1, 10, 71, 0, 1});
  window.add({2, 11, 72, 6, 1});
  DigestWindow::Member other{3, 12, 0, 7, 1};
  BOOST_CHECK(!window.supersede(other));
  DigestWindow::Member none{4, 13, 0, 0, 1};
  BOOST_CHECK(!window.supersede(none));
  BOOST_CHECK((window.keys() == Keys{1, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
