// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/notices.hpp"

#include <nlohmann/json.hpp>

#include "tests/broker/full_disk.hpp"
#include "tests/broker/ingest_fixture.hpp"

BOOST_AUTO_TEST_SUITE(broker_notices_tests)

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;

BOOST_AUTO_TEST_CASE(an_overload_is_told_at_once_and_then_once_a_minute_with_a_count) {
  BrokerNotices notices;
  VirtualClock clock;
  std::uint64_t counted = 0;
  int events = 0;
  for (int second = 0; second < 180; ++second) {
    notices.note_overload(3, clock.now());
    for (const auto& event : notices.due(clock.now())) {
      BOOST_CHECK(validate(event).has_value());
      BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:management}overload");
      BOOST_CHECK_EQUAL(event.source, "/sense/broker");
      counted += json::parse(event.data)["refused"].get<std::uint64_t>();
      ++events;
    }
    notices.published(clock.now());
    clock.advance(1s);
  }
  BOOST_CHECK_EQUAL(events, 3);
  BOOST_CHECK_EQUAL(counted, 3U * 121U);  // the last minute's is told when it is over
  clock.advance(1min);
  const auto rest = notices.due(clock.now());
  BOOST_REQUIRE(rest.size() == 1U);
  BOOST_CHECK_EQUAL(json::parse(rest[0].data)["refused"], 3 * 59);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_stored_stays_due) {
  BrokerNotices notices;
  VirtualClock clock;
  notices.note_overload(1, clock.now());
  BOOST_CHECK_EQUAL(notices.due(clock.now()).size(), 1U);
  BOOST_CHECK_EQUAL(notices.due(clock.now()).size(), 1U);
  notices.published(clock.now());
  BOOST_CHECK(notices.due(clock.now()).empty());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_of_when_something_can_be_stored_again) {
  FullDisk disk;
  IngestFixture fixture;
  const auto types = [&] {
    std::vector<std::string> found;
    for (const auto& event : fixture.journal()) found.push_back(event.type.clark());
    return found;
  };
  disk.fill();
  auto big = make_event("1");
  big.data = std::string(900'000, 'x');
  for (int i = 0; i < 3; ++i) (void)fixture.commit_one(IngestFixture::publish({encode(big)}));
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 0U);
  disk.free();
  (void)fixture.commit({});
  BOOST_CHECK(types().empty());  // too soon to try
  fixture.clock.advance(BrokerNotices::silence);
  (void)fixture.commit({});
  const std::vector<std::string> expected = {"{urn:sense:management}journal-full"};
  BOOST_TEST(types() == expected, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(json::parse(fixture.journal().at(0).data)["refused"], 3);
  BOOST_CHECK_EQUAL(fixture.journal().at(0).principal, "broker");
}

BOOST_AUTO_TEST_SUITE_END()
