// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/checkpoint_tracker.hpp"

#include <boost/test/unit_test.hpp>

using sense::CheckpointTracker;
using AsOf = CheckpointTracker::AsOf;
using Handles = std::vector<CheckpointTracker::Handle>;
using Ids = std::vector<CheckpointTracker::PendingId>;

namespace {

struct Fixture {
  CheckpointTracker tracker;
  CheckpointTracker::QueueMarks queue;
  CheckpointTracker::DeliveryMarks delivery;

  // An epoch with a checkpoint of what was listed, of queue 1 and delivery (1, 7).
  void checkpoint() {
    for (const auto handle : tracker.take_queues()) (void)tracker.save(handle, queue, 1, AsOf::now);
    for (const auto& id : tracker.take_deliveries())
      (void)tracker.save(id, delivery, 1, true, AsOf::now);
    tracker.end_epoch();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(checkpoint_tracker_tests, Fixture)

BOOST_AUTO_TEST_CASE(what_changes_often_is_listed_once) {
  for (int i = 0; i < 3; ++i) {
    tracker.on_change(1, queue);
    tracker.on_number(1, queue);
    tracker.on_change({1, 7}, delivery);
  }
  BOOST_CHECK((tracker.take_queues() == Handles{1}));
  BOOST_CHECK((tracker.take_deliveries() == Ids{{1, 7}}));
  BOOST_CHECK(tracker.take_queues().empty() && tracker.take_deliveries().empty());
}

BOOST_AUTO_TEST_CASE(what_is_saved_is_not_saved_again_until_it_changes) {
  tracker.on_change(1, queue);
  tracker.on_change({1, 7}, delivery);
  BOOST_CHECK(tracker.save(1, queue, 5, AsOf::now).wanted);
  BOOST_CHECK(!tracker.save(1, queue, 5, AsOf::now).wanted);
  BOOST_CHECK(tracker.save({1, 7}, delivery, 1, false, AsOf::now));
  BOOST_CHECK(!tracker.save({1, 7}, delivery, 1, false, AsOf::now));
  tracker.end_epoch();
  BOOST_CHECK(!tracker.save(1, queue, 5, AsOf::now).wanted);
  tracker.on_change({1, 7}, delivery);
  BOOST_CHECK(!tracker.clean(delivery));
  BOOST_CHECK(tracker.save({1, 7}, delivery, 1, false, AsOf::now));
}

// A queue was removed and another has its handle: the list has the handle twice.
BOOST_AUTO_TEST_CASE(a_handle_that_is_reused_is_saved_once) {
  tracker.on_change(1, queue);
  CheckpointTracker::QueueMarks other;
  tracker.on_change(1, other);
  tracker.on_number(1, other);
  const auto handles = tracker.take_queues();
  BOOST_REQUIRE((handles == Handles{1, 1}));
  BOOST_CHECK(tracker.save(1, other, 2, AsOf::now).wanted);
  BOOST_CHECK(!tracker.save(1, other, 2, AsOf::now).wanted);
}

BOOST_AUTO_TEST_CASE(a_delivery_that_is_postponed_is_listed_once_though_its_key_is_reused) {
  tracker.on_change({1, 7}, delivery);
  CheckpointTracker::DeliveryMarks other;
  tracker.on_event(9);
  tracker.on_change({1, 7}, other);
  for (const auto& id : tracker.take_deliveries())
    BOOST_CHECK(!tracker.save(id, other, 9, true, AsOf::lagged));
  tracker.end_epoch();
  BOOST_CHECK((tracker.take_deliveries() == Ids{{1, 7}}));
  BOOST_CHECK(tracker.save({1, 7}, other, 9, true, AsOf::lagged));
}

BOOST_AUTO_TEST_CASE(only_a_number_has_changed_once_the_rest_is_saved) {
  tracker.on_number(1, queue);
  BOOST_CHECK(!tracker.save(1, queue, 2, AsOf::now).only_number);  // no checkpoint has it
  tracker.end_epoch();
  tracker.on_number(1, queue);
  const auto save = tracker.save(1, queue, 3, AsOf::now);
  BOOST_CHECK(save.wanted && save.only_number);
  tracker.end_epoch();
  tracker.on_number(1, queue);
  tracker.on_change(1, queue);
  BOOST_CHECK(!tracker.save(1, queue, 4, AsOf::now).only_number);
}

BOOST_AUTO_TEST_CASE(a_lagged_checkpoint_has_the_number_of_the_epochs_start) {
  tracker.on_change(1, queue);
  checkpoint();
  tracker.on_number(1, queue);                                   // 1
  tracker.on_number(1, queue);                                   // 2
  BOOST_CHECK(!tracker.save(1, queue, 3, AsOf::lagged).wanted);  // it was clean then
  tracker.end_epoch();
  BOOST_CHECK((tracker.take_queues() == Handles{1}));
  tracker.on_number(1, queue);  // 3
  const auto save = tracker.save(1, queue, 4, AsOf::lagged);
  BOOST_CHECK(save.wanted && save.only_number);
  BOOST_CHECK_EQUAL(save.next_number, 3U);
  tracker.end_epoch();
  const auto last = tracker.save(1, queue, 4, AsOf::lagged);  // nothing in this epoch
  BOOST_CHECK(last.wanted);
  BOOST_CHECK_EQUAL(last.next_number, 4U);
  tracker.end_epoch();
  BOOST_CHECK(tracker.take_queues().empty());
}

BOOST_AUTO_TEST_CASE(a_lagged_checkpoint_has_what_arrived_before_the_epoch) {
  CheckpointTracker::DeliveryMarks late;
  tracker.on_event(4);
  checkpoint();
  tracker.on_event(5);
  tracker.on_change({1, 7}, delivery);
  tracker.on_change({1, 8}, late);
  BOOST_CHECK(tracker.save({1, 7}, delivery, 4, true, AsOf::lagged));
  BOOST_CHECK(!tracker.save({1, 8}, late, 5, true, AsOf::lagged));
  BOOST_CHECK(!late.saved && !late.event_saved);
  tracker.end_epoch();
  BOOST_CHECK((tracker.on_stored().releasable == Ids{{1, 7}}));
}

BOOST_AUTO_TEST_CASE(whatever_a_replay_does_not_reproduce_forbids_lag_for_its_epoch) {
  const auto forbids = [this](const auto& change) {
    checkpoint();
    BOOST_CHECK(tracker.allow_lagged());
    change();
    BOOST_CHECK(!tracker.allow_lagged());
  };
  forbids([&] { tracker.on_change(1, queue); });
  forbids([&] { tracker.on_removed("s-1", queue); });
  forbids([&] { tracker.set_not_replayable(); });
  checkpoint();
  tracker.on_event(1);
  tracker.on_number(1, queue);
  tracker.on_change({1, 7}, delivery);
  tracker.on_removed("s-1", 7, delivery);
  BOOST_CHECK(tracker.allow_lagged());
}

BOOST_AUTO_TEST_CASE(what_no_checkpoint_has_need_not_be_removed) {
  tracker.on_removed("s-1", queue);
  tracker.on_removed("s-1", 7, delivery);
  BOOST_CHECK(tracker.take_removed_queues().empty());
  BOOST_CHECK(tracker.take_removed_deliveries().empty());
  queue.saved = delivery.saved = true;
  tracker.on_removed("s-1", queue);
  tracker.on_removed("s-1", queue);  // created again meanwhile
  tracker.on_removed("s-1", 7, delivery);
  BOOST_CHECK((tracker.take_removed_queues() == std::vector<std::string>{"s-1"}));
  BOOST_CHECK_EQUAL(tracker.take_removed_deliveries().size(), 1U);
  BOOST_CHECK(tracker.take_removed_queues().empty());
  BOOST_CHECK(tracker.take_removed_deliveries().empty());
}

BOOST_AUTO_TEST_CASE(what_awaits_a_checkpoint_is_not_freed_by_an_earlier_one) {
  checkpoint();  // taken, not stored yet
  tracker.on_change({1, 7}, delivery);
  tracker.await_stored({1, 7});
  tracker.await_stored(2);
  auto stored = tracker.on_stored();  // the one before
  BOOST_CHECK(stored.deliveries.empty() && stored.queues.empty());
  checkpoint();
  tracker.await_stored(3);
  stored = tracker.on_stored();
  BOOST_CHECK((stored.deliveries == Ids{{1, 7}}));
  BOOST_CHECK((stored.queues == Handles{2}));
  BOOST_CHECK(tracker.clean(delivery));
  stored = tracker.on_stored();  // said again
  BOOST_CHECK(stored.releasable.empty() && stored.deliveries.empty() && stored.queues.empty());
}

BOOST_AUTO_TEST_SUITE_END()
