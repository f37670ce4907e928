// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/gateways/host/feeds/feeds_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(journal_feeds_tests, FeedsFixture)

BOOST_AUTO_TEST_CASE(what_waits_comes_from_the_journal_and_the_rest_from_the_stream) {
  append();
  append("two");
  append();
  hand_out();
  const auto reading = open(subscribe("s-1"));
  BOOST_CHECK_EQUAL(reading->text(), "");
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e3");
  const auto fetches = journal.fetches;
  append();
  append("two");
  hand_out();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e3 3:e4");
  BOOST_CHECK_EQUAL(journal.fetches, fetches);
}

BOOST_AUTO_TEST_CASE(an_event_during_the_fetch_is_neither_missed_nor_doubled) {
  append();
  hand_out();
  const auto reading = open(subscribe("s-1"));
  append();  // in the answer, and in the stream
  hand_out();
  BOOST_REQUIRE(journal.run_one());
  append();  // in the stream alone
  hand_out();
  BOOST_REQUIRE(journal.run_one());
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e2 3:e3");
  BOOST_CHECK_EQUAL(journal.fetches, 1U);
  append();
  hand_out();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e2 3:e3 4:e4");
}

BOOST_AUTO_TEST_CASE(no_more_is_handed_out_than_is_wanted) {
  for (int i = 0; i < 5; ++i) append();
  hand_out();
  const auto reading = open(subscribe("s-1"), {}, 2);
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e2");
  append();
  hand_out();
  journal.run();
  BOOST_CHECK_EQUAL(reading->items.size(), 2U);
  reading->feed->want(10);
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e2 3:e3 4:e4 5:e5 6:e6");
}

BOOST_AUTO_TEST_CASE(after_acknowledges_also_across_a_restart) {
  for (int i = 0; i < 4; ++i) append();
  hand_out();
  const auto subscription = subscribe("s-1");
  {
    const auto first = open(subscription);
    journal.run();
    BOOST_CHECK_EQUAL(first->items.size(), 4U);
    // Nothing was acknowledged.
    const auto again = open(subscription);
    journal.run();
    BOOST_CHECK_EQUAL(again->text(), first->text());
    const auto third = open(subscription, FeedPosition{2, 0});
    journal.run();
    BOOST_CHECK_EQUAL(third->text(), "3:e3 4:e4");
  }
  make();
  {
    const auto later = open(subscription);
    journal.run();
    BOOST_CHECK_EQUAL(later->text(), "3:e3 4:e4");
    const auto back = open(subscription, FeedPosition{1, 0});
    journal.run();
    BOOST_CHECK_EQUAL(back->text(), "2-2 3:e3 4:e4");
  }
  const auto too_far = open(subscription, FeedPosition{9, 0});
  journal.run();
  BOOST_REQUIRE(too_far->ended);
  BOOST_CHECK(too_far->ended->code == Code::badparam);
}

BOOST_AUTO_TEST_CASE(a_selection_is_read_with_the_rights_of_its_client) {
  append();
  hand_out();
  journal.may_read = [](const Event& event) { return event.sequence != 3; };
  const auto reading = open(subscribe(""));
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "");  // from now on
  for (int i = 0; i < 3; ++i) append();
  hand_out();
  journal.run();
  BOOST_REQUIRE_EQUAL(reading->items.size(), 2U);
  BOOST_CHECK_EQUAL(reading->items[0].sequence, 2U);
  BOOST_CHECK_EQUAL(reading->items[1].sequence, 4U);
  for (const auto& client : journal.fetched_for) BOOST_CHECK_EQUAL(client.principal, "anna");
  const auto from_before = open(subscribe(""), FeedPosition{0, 0});
  journal.run();
  BOOST_CHECK_EQUAL(from_before->items.size(), 3U);
}

BOOST_AUTO_TEST_CASE(an_event_for_others_is_not_handed_out_and_its_audience_is_not_told) {
  append("one", "bert");
  append("one", "anna");
  hand_out();
  const auto reading = open(subscribe("s-1"));
  journal.run();
  append("one", "bert");
  append("one", "anna");
  hand_out();
  BOOST_CHECK_EQUAL(reading->text(), "1:e2 2:e4");
  for (const auto& item : reading->items) BOOST_CHECK(item.event->audience.empty());
}

BOOST_AUTO_TEST_CASE(the_end_of_a_subscription_ends_its_feeds) {
  append();
  hand_out();
  const auto subscription = subscribe("s-1");
  const auto one = open(subscription, FeedPosition{0, 0});
  const auto other = open(subscription);
  journal.run();
  feeds->on_end("s-1", "cancelled");
  for (const auto* reading : {one.get(), other.get()}) {
    BOOST_REQUIRE(reading->ended);
    BOOST_CHECK_EQUAL(reading->ended->message, "cancelled");
  }
  BOOST_CHECK_EQUAL(feeds->count(), 0U);
  BOOST_CHECK(!store->acknowledged("s-1").value());
  append();
  hand_out();
  BOOST_CHECK_EQUAL(one->items.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_paused_subscription_is_read_when_it_is_resumed) {
  const auto active = subscribe("s-1");
  auto paused = *active;
  paused.state = SubscriptionState::paused;
  engine.put(std::make_shared<const Subscription>(paused), clock.now());
  append();
  hand_out();
  const auto reading = open(engine.find("s-1"));
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "");
  engine.put(active, clock.now());
  feeds->on_change("s-1");
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1");
}

BOOST_AUTO_TEST_CASE(a_feed_closed_by_its_handler_is_not_called_again) {
  append();
  append();
  hand_out();
  journal.parts_of = 1;
  const auto reading = open(subscribe("s-1"));
  reading->on_items = [&] { reading->feed.reset(); };
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1");
  BOOST_CHECK_EQUAL(feeds->count(), 0U);
}

BOOST_AUTO_TEST_CASE(too_many_feeds_are_refused_and_counted) {
  set("feeds-max", "2");
  const auto one = open(subscribe("s-1"));
  auto two = open(subscribe("s-2"));
  const auto refused = feeds->open({subscribe("s-3"), {}, {}}, [](const auto&) {});
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::nomoreroom);
  BOOST_CHECK_EQUAL(counters["gateway.feeds.no-room"].load(), 1U);
  two.reset();
  (void)open(subscribe("s-3"));
}

BOOST_AUTO_TEST_CASE(an_owner_has_no_more_feeds_than_its_share) {
  set("feeds-per-owner-max", "1");
  const auto one = open(subscribe("s-1"));
  BOOST_CHECK(!feeds->open({subscribe("s-2"), {}, {}}, [](const auto&) {}));
  auto of_another = *subscribe("s-3");
  of_another.owner = "bert";
  BOOST_CHECK(
      feeds->open({std::make_shared<const Subscription>(of_another), {}, {}}, [](const auto&) {}));
}

BOOST_AUTO_TEST_CASE(a_broker_that_does_not_answer_is_asked_again) {
  append();
  hand_out();
  journal.refusal = Error{Code::timeout, "no answer"};
  const auto reading = open(subscribe("s-1"));
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "");
  journal.refusal.reset();
  BOOST_REQUIRE_EQUAL(timers.size(), 1U);
  timers.front()();
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1");
}

BOOST_AUTO_TEST_CASE(a_client_without_the_right_is_told_so) {
  journal.refusal = Error{Code::noaccess, "no right"};
  const auto reading = open(subscribe(""));
  journal.run();
  BOOST_REQUIRE(reading->ended);
  BOOST_CHECK(reading->ended->code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_filter_beyond_its_steps_ends_its_feed_alone) {
  set("filter-steps-per-owner", "1");
  std::string dear = "id = 'x'";
  for (int i = 0; i < 200; ++i) dear += " OR id = '" + std::to_string(i) + "'";
  const auto dear_one = open(subscribe("s-1", dear));
  const auto cheap = open(subscribe("s-2"));
  for (int i = 0; i < 50; ++i) append();
  hand_out();
  journal.run();
  BOOST_REQUIRE(dear_one->ended);
  BOOST_CHECK(dear_one->ended->code == Code::nomoreroom);
  BOOST_CHECK_EQUAL(cheap->items.size(), 50U);
}

// Events of a topic that the stream gets late stand between the two.
BOOST_AUTO_TEST_CASE(a_stream_that_begins_anew_for_a_topic_misses_none) {
  append();
  stream = 1;
  const auto reading = open(subscribe("s-1"));
  journal.run();
  append();
  stream = 2;
  feeds->on_restart();
  append();
  hand_out();
  journal.run();
  BOOST_CHECK_EQUAL(reading->text(), "1:e1 2:e2 3:e3");
}

BOOST_AUTO_TEST_CASE(fetches_of_many_feeds_wait_for_their_turn) {
  append();
  hand_out();
  std::vector<std::unique_ptr<Reading>> all;
  for (std::size_t i = 0; i < 2 * JournalFeeds::fetches_max; ++i)
    all.push_back(open(subscribe("s-" + std::to_string(i))));
  BOOST_CHECK_EQUAL(journal.fetches, JournalFeeds::fetches_max);
  journal.run();
  for (const auto& reading : all) BOOST_CHECK_EQUAL(reading->text(), "1:e1");
}

BOOST_AUTO_TEST_CASE(idle_feeds_hold_no_event) {
  const auto reading = open(subscribe("s-1"), {}, 0);
  for (int i = 0; i < 100; ++i) append();
  hand_out();
  BOOST_CHECK_EQUAL(journal.fetches, 0U);
  for (const auto& event : journal.events) BOOST_CHECK_EQUAL(event.use_count(), 1);
}

// Whatever the order of fetches, events of the stream, demands, restarts of the stream and clients
// that come again: each gets every selected event once, with the numbers 1, 2, 3 ...
BOOST_AUTO_TEST_CASE(random_histories_give_every_event_its_number) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned count) { return random() % count; };
  for (int history = 0; history < 50; ++history) {
    FeedsFixture own;
    own.journal.parts_of = 1 + below(4);
    const auto subscription = own.subscribe("s-1");
    std::map<std::uint64_t, std::string> got;
    FeedPosition reached;
    auto reading = own.open(subscription, {}, 1);
    const auto collect = [&] {
      for (const auto& item : std::exchange(reading->items, {})) {
        BOOST_REQUIRE(item.event);
        const auto [at, added] = got.emplace(item.number, item.event->id);
        BOOST_CHECK_MESSAGE(at->second == item.event->id, "seed " << seed << ": number "
                                                                  << item.number << " again for "
                                                                  << item.event->id);
        reached = {item.number, item.sequence};
      }
    };
    for (int step = 0; step < 120; ++step) {
      switch (below(8)) {
        case 0:
        case 1: own.append(below(2) == 0 ? "one" : "two"); break;
        case 2: own.hand_out(1 + below(3)); break;
        case 3:
        case 4: own.journal.run_one(); break;
        case 5: reading->feed->want(1 + below(3)); break;
        case 6: own.feeds->on_restart(); break;
        default:
          collect();
          if (below(3) != 0) break;
          reading.reset();
          reading =
              own.open(subscription, below(2) == 0 ? reached : FeedPosition{reached.number, 0},
                       1 + below(3));
      }
      collect();
    }
    reading->feed->want(1'000);
    own.hand_out();
    own.journal.run();
    own.hand_out();
    own.journal.run();
    collect();
    std::uint64_t number = 0;
    for (const auto& event : own.journal.events) {
      if (event->type.local() != "one") continue;
      BOOST_CHECK_MESSAGE(got[++number] == event->id,
                          "seed " << seed << ": number " << number << " is not " << event->id);
    }
    BOOST_CHECK_EQUAL(got.size(), number);
  }
}

BOOST_AUTO_TEST_SUITE_END()
