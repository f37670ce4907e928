// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/core/bus/bus_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(zmq_bus_tests)

BOOST_AUTO_TEST_CASE(published_event_gets_its_sequence_and_a_repeat_the_same) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  const auto first = fixture.publish(make_event("1"));
  BOOST_REQUIRE(first);
  BOOST_CHECK_EQUAL(first->sequence, 1u);
  BOOST_CHECK(!first->duplicate);
  const auto again = fixture.publish(make_event("1"));
  BOOST_REQUIRE(again);
  BOOST_CHECK_EQUAL(again->sequence, 1u);
  BOOST_CHECK(again->duplicate);
  BOOST_CHECK(fixture.bus->connected());
}

BOOST_AUTO_TEST_CASE(refused_event_comes_back_with_the_brokers_code) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  const auto reserved =
      fixture.publish(make_event("1", "{urn:sense:management}subscription-created"));
  BOOST_REQUIRE(!reserved);
  BOOST_CHECK(reserved.error().code == Code::noaccess);
  auto invalid = make_event("2");
  invalid.id.clear();
  const auto refused = fixture.publish(invalid);
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::varnotfound);
}

BOOST_AUTO_TEST_CASE(full_queue_is_nomoreroom_at_once) {
  RunningBroker broker;
  BusFixture fixture(broker, [](BusOptions& options) { options.waiting_max = 10; });
  for (int i = 0; i < 15; ++i) fixture.post(std::to_string(i));
  fixture.loop.until([&] { return fixture.answered == 5; });
  for (const auto& error : fixture.errors) BOOST_CHECK(error.code == Code::nomoreroom);
  broker.start();
  fixture.loop.until([&] { return fixture.answered == 15; });
  BOOST_CHECK_EQUAL(fixture.errors.size(), 5u);
  BOOST_CHECK_EQUAL(fixture.sequences.size(), 10u);
}

BOOST_AUTO_TEST_CASE(close_answers_what_waits_with_interrupted) {
  RunningBroker broker;
  BusFixture fixture(broker);
  for (int i = 0; i < 20; ++i) fixture.post(std::to_string(i));
  fixture.bus->close();
  fixture.bus->close();
  fixture.loop.until([&] { return fixture.answered == 20; });
  for (const auto& error : fixture.errors) BOOST_CHECK(error.code == Code::interrupted);
}

BOOST_AUTO_TEST_CASE(follower_gets_every_event_once_and_in_order_over_restarts_of_the_broker) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  std::vector<std::string> expected;
  fixture.follow(0, {"{urn:a}"});
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 500; ++i) {
      const auto id = std::to_string(round) + "-" + std::to_string(i);
      fixture.post(id, i % 3 == 0 ? "{urn:b}other" : "{urn:a}one");
      if (i % 3 != 0) expected.push_back(id);
      // In the midst of it.
      if (i == 250 && round > 0) broker.restart();
    }
    fixture.loop.until([&] { return fixture.answered == fixture.posted; });
  }
  BOOST_CHECK(fixture.errors.empty());
  fixture.loop.until([&] { return fixture.position >= 2000; });
  BOOST_CHECK(fixture.in_order);
  BOOST_CHECK_EQUAL(fixture.position, 2000u);
  // A restart may change the order of requests under way, and loses or repeats nothing.
  BOOST_CHECK_EQUAL(fixture.followed.size(), expected.size());
  BOOST_CHECK(std::set(fixture.followed.begin(), fixture.followed.end()) ==
              std::set(expected.begin(), expected.end()));
}

BOOST_AUTO_TEST_CASE(follower_that_does_not_resume_gets_the_rest_later) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  fixture.resume = false;
  fixture.follow(0, {"{"});
  for (int i = 0; i < 300; ++i) fixture.post(std::to_string(i));
  fixture.loop.until([&] { return fixture.answered == 300; });
  BOOST_CHECK_LT(fixture.followed.size(), 300u);
  fixture.resume = true;
  fixture.bus->resume();
  fixture.loop.until([&] { return fixture.position == 300; });
  BOOST_CHECK_EQUAL(fixture.followed.size(), 300u);
  BOOST_CHECK(fixture.in_order);
}

BOOST_AUTO_TEST_CASE(follow_again_starts_over_with_other_prefixes) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  for (int i = 0; i < 100; ++i)
    fixture.post(std::to_string(i), i % 2 == 0 ? "{urn:a}one" : "{urn:b}two");
  fixture.follow(0, {"{urn:a}"});
  fixture.loop.until([&] { return fixture.position == 100 && fixture.answered == 100; });
  BOOST_CHECK_EQUAL(fixture.followed.size(), 50u);
  fixture.followed.clear();
  fixture.follow(40, {"{urn:b}two "});
  fixture.loop.until([&] { return fixture.position == 100; });
  BOOST_CHECK_EQUAL(fixture.followed.size(), 30u);
  // Live, with the new prefixes.
  fixture.post("live", "{urn:b}two");
  fixture.loop.until([&] { return fixture.position == 101; });
  BOOST_CHECK_EQUAL(fixture.followed.back(), "live");
}

BOOST_AUTO_TEST_CASE(more_prefixes_than_one_fetch_takes_are_followed_all_the_same) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  std::vector<std::string> prefixes;
  for (std::size_t i = 0; i <= bus::prefixes_max; ++i)
    prefixes.push_back("{urn:many:" + std::to_string(i) + "}");
  prefixes.push_back("{urn:long:" + std::string(400, 'l') + "}one ");
  (void)fixture.publish(make_event("other", "{urn:other}one"));
  (void)fixture.publish(make_event("first", "{urn:many:7}one"));
  fixture.follow(0, prefixes);
  fixture.loop.until([&] { return fixture.position == 2; });
  (void)fixture.publish(make_event("live", "{urn:many:8}one"));
  (void)fixture.publish(make_event("long", "{urn:long:" + std::string(400, 'l') + "}one"));
  (void)fixture.publish(make_event("longer", "{urn:long:" + std::string(401, 'l') + "}one"));
  fixture.loop.until([&] { return fixture.position == 5; });
  BOOST_TEST(fixture.followed == (std::vector<std::string>{"first", "live", "long"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(big_events_are_followed_live) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  fixture.follow(0, {"{"});
  for (int i = 0; i < 40; ++i) {
    auto big = make_event(std::to_string(i));
    big.data.assign(Event::data_length_max, 'x');
    fixture.bus->publish(std::move(big), [&](const Result<Receipt>& receipt) {
      BOOST_CHECK(receipt.has_value());
      ++fixture.answered;
    });
  }
  fixture.loop.until([&] { return fixture.position == 40 && fixture.answered == 40; });
  BOOST_CHECK_EQUAL(fixture.followed.size(), 40u);
  BOOST_CHECK(fixture.in_order);
}

// A broker takes 64 requests of one client at once, and refuses more.
BOOST_AUTO_TEST_CASE(any_number_of_requests_at_once_wait_for_their_turn_and_keep_their_order) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  constexpr int all = 500;
  std::vector<std::uint64_t> revisions;
  std::size_t refused = 0;
  for (int i = 0; i < all; ++i)
    fixture.bus->registry_put({"gateway", "g" + std::to_string(i), 0, "{}"}, "r",
                              [&](const Result<std::uint64_t>& answer) {
                                answer ? revisions.push_back(*answer) : void(++refused);
                              });
  fixture.loop.until([&] { return revisions.size() + refused == all; });
  BOOST_CHECK_EQUAL(refused, 0U);
  BOOST_CHECK(std::is_sorted(revisions.begin(), revisions.end()));
}

BOOST_AUTO_TEST_CASE(requests_that_wait_for_their_turn_are_answered_when_the_broker_is_silent) {
  RunningBroker never_started;
  BusFixture fixture(never_started, [](BusOptions& options) { options.request_timeout = 50ms; });
  int late = 0;
  for (int i = 0; i < 100; ++i)
    fixture.bus->registry_get("gateway", "g", [&](const Result<RegistryEntry>& answer) {
      late += !answer && answer.error().code == Code::timeout ? 1 : 0;
    });
  fixture.loop.until([&] { return late == 100; });
}

BOOST_AUTO_TEST_CASE(registry_is_read_and_changed_through_the_bus) {
  RunningBroker broker;
  broker.start();
  BusFixture fixture(broker);
  const RegistryEntry entry{"gateway", "http", 0, "{\"a\":1}"};
  const auto put = [&](const RegistryEntry& what) {
    return fixture.wait<std::uint64_t>(
        [&](auto done) { fixture.bus->registry_put(what, "r", done); });
  };
  BOOST_CHECK_EQUAL(put(entry).value(), 1u);
  BOOST_CHECK_EQUAL(put(entry).value(), 1u);  // sent again: the same
  BOOST_CHECK((put({"gateway", "http", 7, "{}"}).error().code == Code::badcontext));
  // Behind each change is its entry in the audit trail.
  BOOST_CHECK_EQUAL(put({"gateway", "email", 0, "{}"}).value(), 3U);
  const auto got = fixture.wait<RegistryEntry>(
      [&](auto done) { fixture.bus->registry_get("gateway", "http", done); });
  BOOST_REQUIRE(got);
  BOOST_CHECK_EQUAL(got->value, entry.value);
  BOOST_CHECK_EQUAL(got->revision, 1u);
  const auto page = fixture.wait<Bus::RegistryPage>(
      [&](auto done) { fixture.bus->registry_list("gateway", "", 1, done); });
  BOOST_REQUIRE(page);
  BOOST_CHECK_EQUAL(page->entries.front().key, "email");
  BOOST_CHECK(page->more);
  BOOST_CHECK_EQUAL(page->sequence, 4U);
  const auto removed = fixture.wait<std::uint64_t>(
      [&](auto done) { fixture.bus->registry_remove("gateway", "http", 1, "r", done); });
  BOOST_CHECK_EQUAL(removed.value(), 5U);
  const auto gone = fixture.wait<RegistryEntry>(
      [&](auto done) { fixture.bus->registry_get("gateway", "http", done); });
  BOOST_CHECK(gone.error().code == Code::notfound);
  const auto parameters = fixture.wait<std::map<std::string, std::string>>(
      [&](auto done) { fixture.bus->parameters(done); });
  BOOST_CHECK_EQUAL(parameters->at("head"), "6");
  const auto fetched = fixture.wait<Bus::FetchReply>(
      [&](auto done) { fixture.bus->fetch(2, {"{"}, 1 << 20, done); });
  BOOST_REQUIRE(fetched);
  BOOST_CHECK_EQUAL(fetched->events.size(), 5U);
  BOOST_CHECK_EQUAL(fetched->next, 7U);
  BOOST_CHECK_EQUAL(fetched->head, 6U);
}

BOOST_AUTO_TEST_CASE(retention_cut_is_told_to_the_follower) {
  RunningBroker broker(
      [](BrokerConfig& config) { BOOST_REQUIRE(config.settings.set("retention-size", "1MiB")); });
  broker.start();
  BusFixture fixture(broker);
  for (int i = 0; i < 4; ++i) {
    auto big = make_event(std::to_string(i));
    big.data.assign(Event::data_length_max, 'x');
    BOOST_REQUIRE(fixture.publish(std::move(big)));
  }
  // Trimming is its own time's business: until it has been.
  fixture.loop.until([&] {
    const auto fetched =
        fixture.wait<Bus::FetchReply>([&](auto done) { fixture.bus->fetch(1, {}, 1, done); });
    return fetched && fetched->first == 4;
  });
  std::optional<Batch> batch;
  fixture.bus->follow(1, {"{"}, [&](Batch first) { batch = std::move(first); });
  fixture.loop.until([&] { return batch.has_value(); });
  BOOST_CHECK_EQUAL(batch->lost_from, 2u);
  BOOST_CHECK_EQUAL(batch->lost_to, 3u);
  BOOST_CHECK_EQUAL(batch->events.size(), 1u);
  BOOST_CHECK_EQUAL(batch->position, 4u);
}

BOOST_AUTO_TEST_SUITE_END()
