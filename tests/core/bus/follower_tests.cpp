// SPDX-License-Identifier: Apache-2.0
#include "core/bus/follower.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/bus/sequenced_event.hpp"

using namespace sense;
using namespace sense::bus;

namespace {

const std::array<std::string, 4> types = {"{urn:a}one", "{urn:a}two", "{urn:ab}one", "{}bare"};

Follower following_at(std::uint64_t position, std::vector<std::string> prefixes = {"{"}) {
  Follower follower;
  follower.follow(position, std::move(prefixes));
  const auto fetch = follower.next_fetch();
  BOOST_REQUIRE(fetch);
  BOOST_CHECK_EQUAL(fetch->from, position + 1);
  Bus::FetchReply reply;
  reply.next = position + 1;
  reply.first = 1;
  reply.head = position;
  follower.on_fetched(*fetch, reply);
  BOOST_REQUIRE(follower.next_batch());
  BOOST_REQUIRE(!follower.next_fetch());
  return follower;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(follower_tests)

BOOST_AUTO_TEST_CASE(complete_group_needs_no_fetch) {
  auto follower = following_at(10);
  follower.on_events({sequenced_event(11, types[0]), sequenced_event(12, types[0])}, 100);
  BOOST_CHECK(!follower.next_batch());  // until the watermark says that it is complete
  follower.on_watermark({10, 12, {{types[0], 2}}});
  const auto batch = follower.next_batch();
  BOOST_REQUIRE(batch);
  BOOST_CHECK_EQUAL(batch->events.size(), 2u);
  BOOST_CHECK_EQUAL(batch->position, 12u);
  BOOST_CHECK_EQUAL(batch->lost_from, 0u);
  BOOST_CHECK(!follower.next_fetch());
}

BOOST_AUTO_TEST_CASE(position_moves_over_what_is_not_wanted) {
  auto follower = following_at(10, {"{urn:a}one "});
  follower.on_watermark({10, 500, {{types[1], 490}}});
  const auto batch = follower.next_batch();
  BOOST_REQUIRE(batch);
  BOOST_CHECK(batch->events.empty());
  BOOST_CHECK_EQUAL(batch->position, 500u);
  BOOST_CHECK(!follower.next_fetch());
}

// The audit trail is neither live nor counted.
BOOST_AUTO_TEST_CASE(what_no_watermark_counts_is_fetched_by_those_who_follow_it_alone) {
  auto all = following_at(10);
  all.on_watermark({10, 12, {}});
  const auto batch = all.next_batch();
  BOOST_REQUIRE(batch);
  BOOST_CHECK_EQUAL(batch->position, 12U);
  BOOST_CHECK(!all.next_fetch());
  for (const auto* prefix : {"{urn:sense:audit}", "{urn:sense:audit}refused "}) {
    auto auditor = following_at(10, {"{urn:a}one ", prefix});
    auditor.on_watermark({10, 11, {{types[1], 1}}});
    BOOST_CHECK(auditor.next_batch());
    BOOST_CHECK(!auditor.next_fetch());
    auditor.on_watermark({11, 13, {{types[1], 1}}});
    BOOST_CHECK(!auditor.next_batch());
    const auto fetch = auditor.next_fetch();
    BOOST_REQUIRE(fetch);
    BOOST_CHECK_EQUAL(fetch->from, 12U);
  }
}

BOOST_AUTO_TEST_CASE(one_missing_event_makes_one_fetch) {
  auto follower = following_at(10);
  follower.on_events({sequenced_event(12, types[0])}, 100);
  follower.on_watermark({10, 12, {{types[0], 2}}});
  BOOST_CHECK(!follower.next_batch());
  const auto fetch = follower.next_fetch();
  BOOST_REQUIRE(fetch);
  BOOST_CHECK_EQUAL(fetch->from, 11u);
  BOOST_CHECK(!follower.next_fetch());
}

BOOST_AUTO_TEST_CASE(late_answer_to_a_fetch_before_follow_is_ignored) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto before = follower.next_fetch();
  follower.follow(5, {"{urn:b}"});
  const auto now = follower.next_fetch();
  BOOST_CHECK(!follower.waits_for(*before));
  BOOST_CHECK(follower.waits_for(*now));
  follower.on_fetched(*before, {{sequenced_event(90, types[0])}, 101, 1, 100});
  BOOST_CHECK_EQUAL(follower.position(), 5u);
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK(follower.waits_for(*now));
}

BOOST_AUTO_TEST_CASE(nothing_is_fetched_before_the_batch_is_taken) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto fetch = follower.next_fetch();
  BOOST_REQUIRE(fetch);
  follower.on_fetched(*fetch, {{sequenced_event(1, types[0])}, 2, 1, 5});
  BOOST_CHECK(!follower.next_fetch());
  BOOST_CHECK(follower.next_batch().has_value());
  BOOST_CHECK_EQUAL(follower.next_fetch()->from, 2u);
}

BOOST_AUTO_TEST_CASE(next_fetch_goes_out_while_an_answer_is_read) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto first = follower.next_fetch();
  const auto second = follower.next_fetch_behind(*first, 2, 5);
  BOOST_REQUIRE(second);
  BOOST_CHECK_EQUAL(second->from, 2u);
  follower.on_fetched(*first, {{sequenced_event(1, types[0])}, 2, 1, 5});
  // What waits to be handed out is bounded: nothing is asked for beyond the second.
  BOOST_CHECK(!follower.next_fetch_behind(*second, 3, 5));
  follower.on_fetched(*second, {{sequenced_event(2, types[0])}, 3, 1, 5});
  BOOST_CHECK_EQUAL(follower.next_batch()->events.size(), 2u);
  BOOST_CHECK_EQUAL(follower.next_fetch()->from, 3u);
}

BOOST_AUTO_TEST_CASE(answer_behind_one_that_could_not_be_read_is_no_leap) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto first = follower.next_fetch();
  const auto second = follower.next_fetch_behind(*first, 2, 5);
  BOOST_REQUIRE(second);
  BOOST_CHECK(!follower.waits_for(*second));
  follower.on_fetched(*second, {{sequenced_event(2, types[0])}, 3, 1, 5});
  BOOST_CHECK_EQUAL(follower.position(), 0u);
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK(follower.waits_for(*first));
  follower.on_fetched(*first, {{sequenced_event(1, types[0])}, 2, 1, 5});
  BOOST_CHECK_EQUAL(follower.next_batch()->position, 1u);
}

BOOST_AUTO_TEST_CASE(answer_behind_that_cannot_be_read_is_asked_for_anew) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto first = follower.next_fetch();
  const auto second = follower.next_fetch_behind(*first, 2, 5);
  BOOST_REQUIRE(second);
  BOOST_CHECK(!follower.on_unreadable(*second));
  follower.on_fetched(*first, {{sequenced_event(1, types[0])}, 2, 1, 5});
  BOOST_CHECK_EQUAL(follower.next_batch()->position, 1u);
  BOOST_CHECK_EQUAL(follower.next_fetch()->from, 2u);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_what_did_not_fit_is_fetched) {
  auto follower = following_at(0);
  std::uint64_t sequence = 0;
  for (std::size_t i = 0; i < 70; ++i)
    follower.on_events({sequenced_event(++sequence, types[0])}, 1024 * 1024);
  follower.on_watermark({0, sequence, {{types[0], sequence}}});
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK_EQUAL(follower.next_fetch()->from, 1u);
}

BOOST_AUTO_TEST_CASE(endless_stream_that_never_rests_stays_live) {
  auto follower = following_at(0);
  // There is always an event of the next group waiting; the octets of the old ones must not add up.
  follower.on_events({sequenced_event(1, types[0])}, 1024 * 1024);
  for (std::uint64_t i = 1; i < 500; ++i) {
    follower.on_events({sequenced_event(i + 1, types[0])}, 1024 * 1024);
    follower.on_watermark({i - 1, i, {{types[0], 1}}});
    BOOST_REQUIRE(follower.next_batch().has_value());
    BOOST_REQUIRE(!follower.next_fetch());
  }
}

BOOST_AUTO_TEST_CASE(watermarks_without_end_are_bounded) {
  auto follower = following_at(0, {"{urn:none}"});
  for (std::uint64_t i = 0; i < 3 * Follower::waiting_watermarks_max; ++i)
    follower.on_watermark({i, i + 1, {{types[0], 1}}});
  BOOST_CHECK(follower.next_fetch().has_value());
}

BOOST_AUTO_TEST_CASE(journal_put_back_from_a_backup_is_followed_from_its_end) {
  auto follower = following_at(100);
  follower.follow(100, {"{"});
  const auto fetch = follower.next_fetch();
  Bus::FetchReply reply;
  reply.next = 101;
  reply.first = 1;
  reply.head = 50;
  follower.on_fetched(*fetch, reply);
  BOOST_CHECK_EQUAL(follower.next_batch()->position, 50u);
  follower.on_events({sequenced_event(51, types[0])}, 10);
  follower.on_watermark({50, 51, {{types[0], 1}}});
  const auto batch = follower.next_batch();
  BOOST_REQUIRE(batch);
  BOOST_CHECK_EQUAL(batch->events.size(), 1u);
  BOOST_CHECK_EQUAL(batch->position, 51u);
}

BOOST_AUTO_TEST_CASE(restored_journal_is_noticed_by_a_heartbeat_behind_us) {
  auto follower = following_at(100);
  follower.on_watermark({50, 50, {}});
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK_EQUAL(follower.next_fetch()->from, 101u);
}

BOOST_AUTO_TEST_CASE(restored_journal_is_noticed_under_load_by_falling_heads) {
  auto follower = following_at(100);
  follower.on_watermark({100, 101, {{types[0], 1}}});
  follower.on_watermark({50, 60, {{types[0], 10}}});
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK(follower.next_fetch().has_value());
}

BOOST_AUTO_TEST_CASE(old_watermarks_behind_a_fetch_cause_no_other_fetch) {
  Follower follower;
  follower.follow(0, {"{"});
  const auto fetch = follower.next_fetch();
  follower.on_watermark({0, 2, {{types[0], 2}}});
  follower.on_fetched(*fetch, {{sequenced_event(1, types[0]), sequenced_event(2, types[0]),
                                sequenced_event(3, types[0])},
                               4,
                               1,
                               3});
  BOOST_CHECK_EQUAL(follower.next_batch()->events.size(), 3u);
  follower.on_watermark({2, 3, {{types[0], 1}}});
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK(!follower.next_fetch());
}

BOOST_AUTO_TEST_CASE(nonsense_from_a_broker_moves_no_position_beyond_its_head) {
  for (const std::uint64_t next : {std::uint64_t{0}, UINT64_MAX}) {
    Follower follower;
    follower.follow(5, {"{"});
    Bus::FetchReply reply;
    reply.next = next;
    reply.first = 1;
    reply.head = 7;
    follower.on_fetched(*follower.next_fetch(), reply);
    BOOST_CHECK_GE(follower.position(), 5u);
    BOOST_CHECK_LE(follower.position(), 7u);
  }
}

BOOST_AUTO_TEST_CASE(nothing_happens_before_follow) {
  Follower follower;
  follower.on_events({sequenced_event(1, types[0])}, 10);
  follower.on_watermark({0, 1, {{types[0], 1}}});
  BOOST_CHECK(!follower.next_batch());
  BOOST_CHECK(!follower.next_fetch());
  BOOST_CHECK(!follower.waits_for({1, 0}));
}

BOOST_AUTO_TEST_SUITE_END()
