// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/delivery_notices.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/make.hpp"

using sense::WallTime;
using sense::testing::subscription_of;

BOOST_AUTO_TEST_SUITE(delivery_notices_tests)

BOOST_AUTO_TEST_CASE(a_gap_says_what_is_missing_and_why) {
  const auto subscription = subscription_of("s-1", {});
  const WallTime now{std::chrono::seconds{1'700'000'000}};
  const auto event = sense::gap_notice(subscription, 3, 5, "expired", now);
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:sense:management}gap");
  BOOST_CHECK_EQUAL(event->subject, "s-1");
  BOOST_CHECK(event->time == now);
  BOOST_CHECK_EQUAL(event->data, R"({"subscription":"s-1","from":3,"to":5,"reason":"expired"})");
  BOOST_CHECK(sense::validate(*event).has_value());
}

BOOST_AUTO_TEST_CASE(an_end_says_why) {
  const auto event = sense::ended_notice(subscription_of("s-1", {}), "revoked", {});
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:sense:management}ended");
  BOOST_CHECK_EQUAL(event->data, R"({"subscription":"s-1","reason":"revoked"})");
  BOOST_CHECK(sense::validate(*event).has_value());
}

BOOST_AUTO_TEST_CASE(a_repeat_has_the_same_id_and_another_gap_another) {
  const auto subscription = subscription_of("s-1", {});
  const auto id = [&](std::uint64_t from, std::uint64_t to, std::int64_t when) {
    return sense::gap_notice(subscription, from, to, "x", sense::from_micros(when))->id;
  };
  BOOST_CHECK_EQUAL(id(1, 2, 5), id(1, 2, 6));
  BOOST_CHECK_NE(id(1, 2, 5), id(1, 3, 5));
  BOOST_CHECK_NE(id(1, 12, 5), id(11, 2, 5));
}

BOOST_AUTO_TEST_CASE(a_reason_that_is_no_text_does_no_harm) {
  const auto event = sense::ended_notice(subscription_of("s-1", {}), "\xff\"\n", {});
  BOOST_CHECK(event->data.find("\\\"\\n") != std::string::npos);
  BOOST_CHECK(sense::validate(*event).has_value());
}

BOOST_AUTO_TEST_CASE(a_digest_holds_its_events_with_their_numbers) {
  sense::Delivery digest;
  digest.kind = sense::Delivery::Kind::digest;
  digest.subscription = sense::testing::ref(subscription_of("s-1", {}));
  digest.number = 3;
  digest.number_last = 4;
  digest.window = 2;
  for (const std::uint64_t number : {3U, 4U}) {
    auto event = sense::testing::event_of("{urn:a}x", number + 10);
    event.datacontenttype = "application/json";
    digest.contents.push_back(
        {number, number + 10, std::make_shared<const sense::Event>(std::move(event))});
  }
  const auto notice = sense::digest_notice(digest, {});
  BOOST_CHECK(sense::validate(*notice).has_value());
  BOOST_CHECK_EQUAL(notice->type.clark(), "{urn:sense:management}digest");
  BOOST_CHECK_EQUAL(notice->id, "s-1-digest-2");
  const auto start = R"({"subscription":"s-1","window":2,"from":3,"to":4,"events":[{"number":3,)";
  BOOST_CHECK_MESSAGE(notice->data.starts_with(start), notice->data);
  BOOST_CHECK(notice->data.find(R"(,{"number":4,"event":{)") != std::string::npos);
  BOOST_CHECK(notice->data.ends_with("}]}"));
}

BOOST_AUTO_TEST_CASE(a_digest_that_would_be_too_long_lists_its_big_events_without_data) {
  sense::Delivery digest;
  digest.kind = sense::Delivery::Kind::digest;
  digest.subscription = sense::testing::ref(subscription_of("s-1", {}));
  for (std::uint64_t number = 1; number <= 5; ++number) {
    auto event = sense::testing::event_of("{urn:a}x", number);
    event.datacontenttype = "text/plain";
    event.data = std::string(number == 2 ? 10 : 400'000, 'x');
    digest.contents.push_back(
        {number, number, std::make_shared<const sense::Event>(std::move(event))});
  }
  const auto notice = sense::digest_notice(digest, {});
  BOOST_CHECK(sense::validate(*notice).has_value());
  BOOST_CHECK(notice->data.find("\"xxxxxxxxxx\"") != std::string::npos);
  for (std::uint64_t number = 1; number <= 5; ++number)
    BOOST_CHECK(notice->data.find("{\"number\":" + std::to_string(number) + ",") !=
                std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
