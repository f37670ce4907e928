// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/pending_deliveries.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/host/engine/queue_fixture.hpp"

using sense::Delivery;
using sense::PendingDeliveries;
using sense::PendingDelivery;
using Keys = std::vector<PendingDeliveries::Key>;
using Stage = PendingDelivery::Stage;

BOOST_FIXTURE_TEST_SUITE(pending_deliveries_tests, sense::testing::QueueFixture)

BOOST_AUTO_TEST_CASE(counts_follow_what_comes_and_goes) {
  const auto first = add_event(1);
  PendingDelivery gap;
  gap.kind = Delivery::Kind::gap;
  const auto second = deliveries.add(std::move(gap), in());
  BOOST_CHECK_EQUAL(deliveries.size(), 2U);
  BOOST_CHECK_EQUAL(deliveries.events(), 1U);
  BOOST_CHECK_EQUAL(state.waiting, 2U);
  BOOST_CHECK_EQUAL(state.unsaved, 1U);  // a gap has no event
  deliveries.at(first).marks.event_saved = true;
  --state.unsaved;  // as its checkpoint did
  BOOST_CHECK(!deliveries.remove(first, in()));
  BOOST_CHECK(!deliveries.remove(second, in()));
  BOOST_CHECK(deliveries.empty());
  BOOST_CHECK(deliveries.find(first) == nullptr);
  BOOST_CHECK_EQUAL(deliveries.events(), 0U);
  BOOST_CHECK_EQUAL(state.waiting, 0U);
  BOOST_CHECK_EQUAL(state.unsaved, 0U);
}

BOOST_AUTO_TEST_CASE(a_removal_is_in_the_next_checkpoint_if_one_has_the_delivery) {
  const auto first = add_event(1), second = add_event(2);
  deliveries.at(second).marks.saved = true;
  (void)deliveries.remove(first, in());
  (void)deliveries.remove(second, in());
  const auto removed = state.tracker.take_removed_deliveries();
  BOOST_REQUIRE_EQUAL(removed.size(), 1U);
  BOOST_CHECK_EQUAL(removed[0].first, "s-1");
  BOOST_CHECK_EQUAL(removed[0].second, second);
}

BOOST_AUTO_TEST_CASE(deliveries_of_a_source_follow_one_another_and_no_other_source) {
  const auto first = add_event(1, 7), other = add_event(2, 9), second = add_event(3, 7),
             third = add_event(4, 7);
  BOOST_CHECK(deliveries.enter_order(first));
  BOOST_CHECK(deliveries.enter_order(other));
  BOOST_CHECK(!deliveries.enter_order(second));
  BOOST_CHECK(!deliveries.enter_order(third));
  BOOST_CHECK(deliveries.at(third).stage == Stage::blocked);
  BOOST_CHECK(!deliveries.remove(other, in()));
  // One in the middle unblocks nothing: the first of its source is still there.
  deliveries.at(first).stage = Stage::in_flight;
  BOOST_CHECK(!deliveries.remove(second, in()));
  BOOST_CHECK(deliveries.remove(first, in()) == third);
}

BOOST_AUTO_TEST_CASE(a_window_of_several_is_a_digest_in_the_order_of_numbers) {
  facts.windows = 5;
  const auto first = add_event(12), second = add_event(11), third = add_event(13);
  const auto digest = deliveries.close_window({first, second, third}, in());
  const auto& pending = deliveries.at(digest);
  BOOST_CHECK(pending.kind == Delivery::Kind::digest);
  BOOST_CHECK(pending.stage == Stage::not_durable);
  BOOST_CHECK((pending.details->members == Keys{second, first, third}));
  BOOST_CHECK_EQUAL(pending.number, 11U);
  BOOST_CHECK_EQUAL(pending.number_last, 13U);
  BOOST_CHECK_EQUAL(pending.window, 5U);
  BOOST_CHECK(deliveries.at(first).stage == Stage::in_digest);
  BOOST_CHECK_EQUAL(deliveries.windows(), 1U);
  const auto delivery = deliveries.to_delivery(digest, in());
  BOOST_REQUIRE_EQUAL(delivery->contents.size(), 3U);
  BOOST_CHECK_EQUAL(delivery->contents[0].number, 11U);
  BOOST_CHECK(!delivery->event);
  (void)deliveries.remove(digest, in());
  BOOST_CHECK_EQUAL(deliveries.windows(), 0U);
}

BOOST_AUTO_TEST_CASE(a_window_of_one_is_that_event) {
  facts.windows = 5;
  const auto only = add_event(12);
  BOOST_CHECK_EQUAL(deliveries.close_window({only}, in()), only);
  BOOST_CHECK(deliveries.at(only).kind == Delivery::Kind::event);
  BOOST_CHECK(deliveries.at(only).stage == Stage::not_durable);
  BOOST_CHECK_EQUAL(deliveries.at(only).window, 5U);
  BOOST_CHECK_EQUAL(deliveries.windows(), 1U);
}

BOOST_AUTO_TEST_CASE(digests_find_their_members_again_and_damaged_ones_are_removed) {
  PendingDelivery digest;
  digest.kind = Delivery::Kind::digest;
  digest.window = 3;
  deliveries.restore(30, digest, in());
  digest.window = 2;
  deliveries.restore(20, digest, in());  // its members are lost
  PendingDelivery member;
  member.window = 3;
  member.number = 8;
  deliveries.restore(9, member, in());
  member.number = 7;
  deliveries.restore(10, member, in());
  member.window = 4;  // of the window that was open
  deliveries.restore(11, member, in());
  deliveries.rebuild_digests(in());
  BOOST_CHECK((deliveries.keys() == Keys{9, 10, 11, 30}));
  BOOST_CHECK((deliveries.at(30).details->members == Keys{10, 9}));
  BOOST_CHECK_EQUAL(deliveries.at(30).number, 7U);
  BOOST_CHECK(deliveries.at(9).stage == Stage::in_digest);
  BOOST_CHECK(deliveries.at(11).stage == Stage::fresh);
  BOOST_CHECK_EQUAL(facts.windows, 3U);
  BOOST_CHECK_EQUAL(state.waiting, 4U);
}

BOOST_AUTO_TEST_CASE(a_key_that_the_store_has_twice_counts_once_and_new_ones_follow_it) {
  deliveries.restore(7, {}, in());
  deliveries.restore(7, {}, in());
  BOOST_CHECK_EQUAL(state.waiting, 1U);
  BOOST_CHECK_EQUAL(deliveries.events(), 1U);
  BOOST_CHECK_EQUAL(add_event(1), 8U);
}

BOOST_AUTO_TEST_SUITE_END()
