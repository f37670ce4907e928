// SPDX-License-Identifier: Apache-2.0
#include "core/bus/publish_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "core/bus/protocol.hpp"
#include "core/event/codec.hpp"

using namespace sense;
using bus::PublishQueue;

namespace {

Event make_event(const std::string& id, std::size_t octets = 5) {
  Event event;
  event.id = id;
  event.type = *QName::parse("{urn:example}thing");
  event.source = "//test/source";
  event.data.assign(octets, 'x');
  return event;
}

PublishQueue::Put put(PublishQueue& queue, const Event& event) {
  Publisher::Done done = [](auto) {};
  return queue.put(event, done);
}

std::vector<std::string> ids_in(const PublishQueue::Batch& batch) {
  const auto request = bus::decode_request(*batch.request);
  BOOST_REQUIRE(request);
  BOOST_CHECK_EQUAL(request->id, batch.id);
  BOOST_CHECK(request->operation == bus::Operation::publish);
  BOOST_CHECK_EQUAL(request->events.size(), batch.done.size());
  std::vector<std::string> ids;
  for (const auto& event : request->events) ids.push_back(decode_event(event.octets)->id);
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(publish_queue_tests)

BOOST_AUTO_TEST_CASE(what_waits_is_one_request_in_order) {
  PublishQueue queue(100, 1'000'000);
  BOOST_CHECK(!queue.take(1).has_value());
  BOOST_CHECK(put(queue, make_event("a")).first);
  BOOST_CHECK(!put(queue, make_event("b", 300)).first);
  BOOST_CHECK(!put(queue, make_event("c", 70'000)).first);
  const auto batch = queue.take(0x1122334455667788);
  BOOST_REQUIRE(batch);
  BOOST_CHECK(ids_in(*batch) == (std::vector<std::string>{"a", "b", "c"}));
  BOOST_CHECK(!queue.take(2).has_value());
  BOOST_CHECK(put(queue, make_event("d")).first);
}

BOOST_AUTO_TEST_CASE(every_request_says_which_process_it_is) {
  PublishQueue queue(100, 1'000'000, "adapter-snmp");
  for (const std::uint64_t id : {1, 2}) {
    BOOST_CHECK(put(queue, make_event("a")).accepted);
    BOOST_CHECK(put(queue, make_event("b")).accepted);
    const auto batch = queue.take(id);
    BOOST_REQUIRE(batch);
    BOOST_CHECK(ids_in(*batch) == (std::vector<std::string>{"a", "b"}));
    const auto request = bus::decode_request(*batch->request);
    BOOST_CHECK(request->client == (bus::OnBehalf{"", "adapter-snmp", ""}));
    queue.settle(*batch);
    BOOST_CHECK_EQUAL(queue.events(), 0U);
  }
  // All octets were given back: as many events fit as into a new queue.
  PublishQueue small(100, 700, "adapter-snmp");
  for (int round = 0; round < 50; ++round) {
    BOOST_REQUIRE(put(small, make_event("a", 300)).accepted);
    small.settle(*small.take(1));
  }
}

BOOST_AUTO_TEST_CASE(batch_ends_at_its_count_and_at_its_size) {
  PublishQueue queue(100'000, 100'000'000);
  for (std::size_t i = 0; i <= PublishQueue::batch_events_max; ++i)
    BOOST_REQUIRE(put(queue, make_event(std::to_string(i))).accepted);
  BOOST_CHECK_EQUAL(queue.take(1)->done.size(), PublishQueue::batch_events_max);
  BOOST_CHECK_EQUAL(queue.take(2)->done.size(), 1u);
  for (int i = 0; i < 5; ++i) (void)put(queue, make_event("big", 400'000));
  BOOST_CHECK_EQUAL(queue.take(3)->done.size(), 3u);
  const auto rest = queue.take(4);
  BOOST_CHECK_EQUAL(rest->done.size(), 2u);
  BOOST_CHECK_LT(rest->request->size(), bus::message_length_max);
}

BOOST_AUTO_TEST_CASE(full_queue_refuses_until_a_batch_is_settled) {
  PublishQueue queue(3, 1'000'000);
  for (const auto* id : {"1", "2", "3"}) BOOST_CHECK(put(queue, make_event(id)).accepted);
  int called = 0;
  Publisher::Done done = [&](auto) { ++called; };
  BOOST_CHECK(!queue.put(make_event("4"), done).accepted);
  BOOST_REQUIRE(done);  // still the caller's
  const auto batch = queue.take(1);
  BOOST_CHECK(!queue.put(make_event("4"), done).accepted);
  BOOST_CHECK_EQUAL(queue.events(), 3u);
  queue.settle(*batch);
  BOOST_CHECK_EQUAL(queue.events(), 0u);
  BOOST_CHECK(queue.put(make_event("4"), done).accepted);
}

BOOST_AUTO_TEST_CASE(full_queue_counts_octets_too) {
  PublishQueue queue(1'000, 10'000);
  while (put(queue, make_event("x", 1'000)).accepted) BOOST_REQUIRE(queue.events() < 20);
  BOOST_CHECK_EQUAL(queue.events(), 10u);
  queue.settle(*queue.take(1));
  BOOST_CHECK(put(queue, make_event("x", 1'000)).accepted);
}

BOOST_AUTO_TEST_CASE(every_event_of_every_thread_is_taken_once_and_in_its_order) {
  PublishQueue queue(1'000'000, 1'000'000'000);
  constexpr int threads = 4;
  constexpr int each = 5'000;
  std::vector<std::thread> publishers;
  for (int t = 0; t < threads; ++t)
    publishers.emplace_back([&queue, t] {
      for (int i = 0; i < each; ++i)
        (void)put(queue, make_event(std::to_string(t) + " " + std::to_string(i)));
    });
  std::vector<int> next(threads, 0);
  for (int taken = 0; taken < threads * each;) {
    const auto batch = queue.take(7);
    if (!batch) {
      std::this_thread::yield();
      continue;
    }
    for (const auto& id : ids_in(*batch)) {
      const auto thread = static_cast<std::size_t>(id[0] - '0');
      BOOST_REQUIRE(id.substr(2) == std::to_string(next[thread]++));
      ++taken;
    }
    queue.settle(*batch);
  }
  for (auto& publisher : publishers) publisher.join();
  BOOST_CHECK_EQUAL(queue.events(), 0u);
}

BOOST_AUTO_TEST_SUITE_END()
