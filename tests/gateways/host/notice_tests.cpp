#include "gateways/host/notice.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/host/make.hpp"

using sense::WallTime;
using sense::testing::subscription_of;

BOOST_AUTO_TEST_SUITE(notice_tests)

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

BOOST_AUTO_TEST_SUITE_END()
