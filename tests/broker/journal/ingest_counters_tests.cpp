// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/ingest_fixture.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(ingest_counters_tests)

BOOST_AUTO_TEST_CASE(each_event_of_a_request_is_counted_by_what_became_of_it) {
  IngestFixture fixture;
  const auto stored = encode(make_event("1"));
  const auto reserved = encode(make_event("2", "{urn:sense:management}overload"));
  const auto answers = fixture.publish_now({stored, stored, "not an event", reserved});
  BOOST_REQUIRE_EQUAL(answers.size(), 4U);
  BOOST_CHECK(answers[0].code == Code::noerror);
  BOOST_CHECK(answers[1].code == Code::duplicate);
  BOOST_CHECK_EQUAL(fixture.counters["broker.events"], 1U);
  BOOST_CHECK_EQUAL(fixture.counters["broker.events.repeated"], 1U);
  BOOST_CHECK_EQUAL(fixture.counters["broker.events.refused"], 2U);
}

BOOST_AUTO_TEST_SUITE_END()
