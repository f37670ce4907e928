// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/delivery_latency.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace sense;
using namespace std::chrono_literals;

namespace {

Subscription with(const std::string& delivery) {
  const auto read =
      subscription_from_json(R"({"callback":"test://a","delivery":)" + delivery + "}");
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  return *read;
}

std::string latency_of(const std::string& delivery) {
  const auto text = to_shown_json(with(delivery));
  const auto at = text.find(R"(,"latency":)");
  return at == std::string::npos ? "" : text.substr(at + 11, text.size() - at - 12);
}

std::string refusal(const std::string& delivery) {
  const auto read =
      subscription_from_json(R"({"callback":"test://a","delivery":)" + delivery + "}");
  if (read) return "";
  BOOST_CHECK(read.error().code == Code::badparam);
  BOOST_CHECK_EQUAL(read.error().field, "delivery");
  return read.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delivery_latency_tests)

BOOST_AUTO_TEST_CASE(what_is_asked_for_has_its_price) {
  BOOST_CHECK_EQUAL(latency_of(R"({"window":4})"), "");
  BOOST_CHECK_EQUAL(latency_of(R"({"hold":"15min"})"), R"({"typical":"15min","worst":"15min"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"min-interval":"1min"})"),
                    R"({"typical":"30s","worst":"1min"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"hold":"15min","min-interval":"2min"})"),
                    R"({"typical":"16min","worst":"17min"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"digest":{"interval":"1h","count":50}})"),
                    R"({"typical":"30min","worst":"1h"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"digest":{"until":"18:00"}})"),
                    R"({"typical":"12h","worst":"1d"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"digest":{"until":"18:00","interval":"3d"}})"),
                    R"({"typical":"12h","worst":"1d"})");
  BOOST_CHECK_EQUAL(latency_of(R"({"digest":{"count":50}})"), R"({"worst":"unbounded"})");
}

BOOST_AUTO_TEST_CASE(the_record_does_not_hold_what_is_shown) {
  const auto subscription = with(R"({"hold":"15min"})");
  BOOST_CHECK(!subscription_from_json(to_shown_json(subscription)).has_value());
  BOOST_CHECK(subscription_from_json(to_json(subscription, false)).has_value());
}

BOOST_AUTO_TEST_CASE(the_transport_takes_its_time_too) {
  const auto worst = [](const std::string& delivery) {
    return worst_latency(with(delivery).delivery, 2s);
  };
  BOOST_CHECK(worst("{}") == 2s);
  BOOST_CHECK(worst(R"({"min-interval":"1min"})") == 62s);
  BOOST_CHECK(!worst(R"({"digest":{"octets":50}})"));
}

BOOST_AUTO_TEST_CASE(a_latency_that_the_options_exceed_is_refused) {
  BOOST_CHECK_EQUAL(refusal(R"({"max-latency":"1min"})"), "");
  BOOST_CHECK_EQUAL(refusal(R"({"max-latency":"16min","hold":"15min"})"), "");
  BOOST_CHECK_EQUAL(refusal(R"({"max-latency":"15min","hold":"15min"})"),
                    "subscription: delivery: max-latency cannot be kept: hold, min-interval and "
                    "digest alone take up to 15min");
  BOOST_CHECK_NE(refusal(R"({"max-latency":"1s","min-interval":"2s"})"), "");
  BOOST_CHECK_NE(refusal(R"({"max-latency":"1h","digest":{"until":"18:00"}})"), "");
  BOOST_CHECK(refusal(R"({"max-latency":"31d","digest":{"count":2}})").find("interval or until") !=
              std::string::npos);
  for (const auto* bound : {"0s", "999us", "32d"})
    BOOST_CHECK_EQUAL(refusal(R"({"max-latency":")" + std::string(bound) + R"("})"),
                      "subscription: delivery: max-latency is 1ms to 31d");
}

BOOST_AUTO_TEST_SUITE_END()
