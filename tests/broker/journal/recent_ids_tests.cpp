// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/recent_ids.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <random>
#include <string>

using namespace sense;
using namespace std::chrono_literals;

namespace {
constexpr WallTime start{1'700'000'000s};
}

BOOST_AUTO_TEST_SUITE(recent_ids_tests)

BOOST_AUTO_TEST_CASE(event_is_found_under_its_sequence_and_no_other) {
  RecentIds ids(10min, 100);
  ids.insert(ids.key_of("//a", "1"), 7, start);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 7u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "2")), 0u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//b", "1")), 0u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a1", "")), 0u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("", "//a1")), 0u);
}

BOOST_AUTO_TEST_CASE(first_sequence_stays) {
  RecentIds ids(10min, 100);
  ids.insert(ids.key_of("//a", "1"), 7, start);
  ids.insert(ids.key_of("//a", "1"), 9, start);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 7u);
  BOOST_CHECK_EQUAL(ids.size(), 1u);
}

BOOST_AUTO_TEST_CASE(window_ends_by_age) {
  RecentIds ids(10min, 100);
  ids.insert(ids.key_of("//a", "1"), 1, start);
  ids.insert(ids.key_of("//a", "2"), 2, start + 5min);
  ids.commit();
  ids.expire(start + 10min);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 1u);
  ids.expire(start + 10min + 1us);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 0u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "2")), 2u);
  ids.expire(start + 1h);
  BOOST_CHECK_EQUAL(ids.size(), 0u);
}

BOOST_AUTO_TEST_CASE(window_ends_by_count_with_the_oldest) {
  RecentIds ids(10min, 3);
  for (std::uint64_t i = 1; i <= 5; ++i) ids.insert(ids.key_of("//a", std::to_string(i)), i, start);
  ids.commit();
  ids.expire(start);
  BOOST_CHECK_EQUAL(ids.size(), 3u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "2")), 0u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "3")), 3u);
}

BOOST_AUTO_TEST_CASE(rollback_undoes_back_to_the_last_commit) {
  RecentIds ids(10min, 100);
  ids.insert(ids.key_of("//a", "1"), 1, start);
  ids.commit();
  ids.insert(ids.key_of("//a", "2"), 2, start);
  ids.insert(ids.key_of("//a", "1"), 3, start);  // known: nothing to undo
  ids.insert(ids.key_of("//a", "3"), 4, start);
  ids.rollback();
  BOOST_CHECK_EQUAL(ids.size(), 1u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 1u);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "2")), 0u);
  ids.rollback();
  BOOST_CHECK_EQUAL(ids.size(), 1u);
  ids.insert(ids.key_of("//a", "2"), 5, start);
  ids.commit();
  ids.expire(start + 11min);
  BOOST_CHECK_EQUAL(ids.size(), 0u);
}

BOOST_AUTO_TEST_CASE(window_of_an_event_that_was_undone_begins_with_its_second_time) {
  RecentIds ids(10min, 100);
  ids.insert(ids.key_of("//a", "1"), 1, start);
  ids.rollback();
  ids.insert(ids.key_of("//a", "1"), 2, start + 9min);
  ids.commit();
  ids.expire(start + 15min);
  BOOST_CHECK_EQUAL(ids.find(ids.key_of("//a", "1")), 2u);
}

// Against the plainest thing that could be right, with entries that come, go by age and by count,
// and are undone, over several growths of the table.
BOOST_AUTO_TEST_CASE(answers_are_those_of_a_map_and_a_list) {
  std::mt19937 random(20261121);
  for (const std::size_t count_max : {50, 3'000, 100'000}) {
    RecentIds ids(1min, count_max);
    std::map<std::string, std::pair<std::uint64_t, WallTime>> expected;
    std::deque<std::string> order;
    auto now = start;
    for (std::uint64_t sequence = 1; sequence < 30'000;) {
      const auto begin = sequence;
      for (auto left = random() % 400; left > 0; --left, ++sequence) {
        const auto id = std::to_string(random() % 20'000);
        const auto known = expected.find(id);
        BOOST_REQUIRE(ids.insert(ids.key_of("//a", id), sequence, now) ==
                      (known == expected.end() ? 0 : known->second.first));
        if (known != expected.end()) continue;
        expected.emplace(id, std::pair{sequence, now});
        order.push_back(id);
      }
      if (random() % 4 == 0) {
        ids.rollback();
        while (!order.empty() && expected.at(order.back()).first >= begin) {
          expected.erase(order.back());
          order.pop_back();
        }
      }
      ids.commit();
      now += std::chrono::milliseconds(random() % 1500);
      ids.expire(now);
      while (!order.empty() &&
             (order.size() > count_max || expected.at(order.front()).second + 1min < now)) {
        expected.erase(order.front());
        order.pop_front();
      }
      BOOST_REQUIRE(ids.size() == order.size());
    }
    for (int id = 0; id < 20'000; ++id) {
      const auto known = expected.find(std::to_string(id));
      BOOST_REQUIRE(ids.find(ids.key_of("//a", std::to_string(id))) ==
                    (known == expected.end() ? 0 : known->second.first));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
