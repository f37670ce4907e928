// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/commit_group.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/broker/ingest_fixture.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(commit_group_tests)

// The live stream does not have them: followers fetch them because the count says that they are
// missing.
BOOST_AUTO_TEST_CASE(watermark_counts_events_for_some_recipients_which_are_not_published) {
  IngestFixture fixture;
  auto for_some = make_event("1");
  for_some.audience = {"shop"};
  auto not_for_all = make_event("2", "{urn:example:printer}ready");
  not_for_all.except = {"shop"};
  const auto out =
      fixture.commit_one(IngestFixture::publish({encode(for_some), encode(not_for_all)}));
  BOOST_CHECK(out.publications.empty());
  const auto watermark = bus::decode_watermark(out.watermark);
  BOOST_REQUIRE(watermark);
  BOOST_CHECK_EQUAL(watermark->head, 2U);
  BOOST_REQUIRE_EQUAL(watermark->tally.size(), 2U);
  for (const auto& [type, count] : watermark->tally) BOOST_CHECK_EQUAL(count, 1U);
}

BOOST_AUTO_TEST_SUITE_END()
