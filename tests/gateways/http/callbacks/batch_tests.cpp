// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "gateways/http/callbacks/callback.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

namespace {

std::string value_of(const HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

std::shared_ptr<Delivery> batch_delivery(Event event = sample_event()) {
  auto delivery = sample_delivery("http://a.example/", std::move(event));
  auto subscription = *delivery->subscription;
  subscription.edition = http::batch_edition;
  delivery->subscription = std::make_shared<const Subscription>(subscription);
  return delivery;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_tests)

BOOST_AUTO_TEST_CASE(the_events_of_a_digest_are_one_array_and_keep_their_numbers) {
  const auto delivery = batch_delivery();
  delivery->kind = Delivery::Kind::digest;
  delivery->number_last = 45;
  for (const std::uint64_t number : {42U, 44U, 45U}) {
    auto event = sample_event();
    event.id = "e-" + std::to_string(number);
    delivery->contents.push_back({number, number, std::make_shared<const Event>(event)});
  }
  const auto request = http::callback_request(*delivery, {});
  BOOST_CHECK_EQUAL(value_of(request, "Content-Type"),
                    "application/cloudevents-batch+json; charset=utf-8");
  BOOST_CHECK_EQUAL(value_of(request, "sense-number"), "42-45");
  BOOST_CHECK_EQUAL(value_of(request, "webhook-id"), "e-1");  // of the digest's own event
  const auto body = json::parse(request.body);
  BOOST_REQUIRE_EQUAL(body.size(), 3U);
  for (const auto& event : body) {
    BOOST_CHECK_EQUAL(event["id"], "e-" + event["sensenumber"].get<std::string>());
    BOOST_CHECK_EQUAL(event["data"], "342 Printer jam");
  }
}

BOOST_AUTO_TEST_CASE(a_single_event_and_a_gap_are_arrays_too) {
  const auto one = json::parse(http::callback_request(*batch_delivery(), {}).body);
  BOOST_REQUIRE_EQUAL(one.size(), 1U);
  BOOST_CHECK_EQUAL(one[0]["sensenumber"], "42");
  const auto gap = batch_delivery();
  gap->kind = Delivery::Kind::gap;
  gap->number_last = 45;
  BOOST_CHECK_EQUAL(json::parse(http::callback_request(*gap, {}).body)[0]["sensenumber"], "42-45");
  const auto ended = batch_delivery();
  ended->kind = Delivery::Kind::ended;
  ended->number = 0;
  BOOST_CHECK(!json::parse(http::callback_request(*ended, {}).body)[0].contains("sensenumber"));
}

BOOST_AUTO_TEST_CASE(a_number_that_a_producer_made_up_is_not_passed_on) {
  auto event = sample_event();
  event.extensions.emplace("sensenumber", std::string("1"));
  const auto body = http::callback_request(*batch_delivery(event), {}).body;
  BOOST_CHECK_EQUAL(json::parse(body)[0]["sensenumber"], "42");
  BOOST_CHECK_EQUAL(body.find("sensenumber"), body.rfind("sensenumber"));
}

BOOST_AUTO_TEST_SUITE_END()
