// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/publish.hpp"

#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

namespace {

struct PublishFixture : RoutesFixture {
  http::Response publish_batch(const std::string& body, const std::string& key = "") {
    return post("application/cloudevents-batch+json", body, key);
  }
  http::Response post(const std::string& type, const std::string& body, const std::string& key) {
    http::Request request;
    request.headers = {{"content-type", type}};
    if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
    return ask("POST", "/v1/events", body, request);
  }
};

const std::string without_id = R"({"specversion":"1.0","type":"{urn:x}y","source":"/a"})";

std::string event_json(const std::string& id) {
  return R"({"specversion":"1.0","id":")" + id + R"(","type":"{urn:x}y","source":"/a"})";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(publish_tests, PublishFixture)

BOOST_AUTO_TEST_CASE(each_event_of_a_batch_is_answered_in_its_place) {
  const auto response = publish_batch("[" + event_json("1") + ", " + event_json("2") + "]");
  BOOST_CHECK_EQUAL(response.status, 202U);
  const auto expected = json::parse(
      R"({"results":[{"id":"1","sequence":1,"duplicate":false},
                     {"id":"2","sequence":2,"duplicate":false}]})");
  BOOST_CHECK_EQUAL(json::parse(response.body), expected);
}

BOOST_AUTO_TEST_CASE(a_wrong_event_of_a_batch_does_not_keep_the_others) {
  const auto response = publish_batch(
      "[" + event_json("1") + R"(,{"specversion":"1.0","id":"2"},7,)" + event_json("3") + "]");
  BOOST_CHECK_EQUAL(response.status, 207U);
  const auto results = json::parse(response.body)["results"];
  BOOST_REQUIRE_EQUAL(results.size(), 4U);
  BOOST_CHECK_EQUAL(results[0]["sequence"], 1);
  BOOST_CHECK_EQUAL(results[1]["status"], 400);
  BOOST_CHECK_EQUAL(results[1]["symbol"], "VARNOTFOUND");
  BOOST_CHECK_EQUAL(results[2]["status"], 400);
  BOOST_CHECK_EQUAL(results[3]["sequence"], 2);
}

BOOST_AUTO_TEST_CASE(a_refusal_of_the_broker_is_that_of_its_event) {
  harness.publisher.refusal = Error{Code::noaccess, "no right to publish it", ""};
  const auto response = publish_batch("[" + event_json("1") + "]");
  BOOST_CHECK_EQUAL(response.status, 207U);
  const auto result = json::parse(response.body)["results"][0];
  BOOST_CHECK_EQUAL(result["status"], 403);
  BOOST_CHECK_EQUAL(result["id"], "1");
}

BOOST_AUTO_TEST_CASE(a_batch_is_answered_once_its_last_event_is) {
  harness.publisher.hold = true;
  std::optional<http::Response> response;
  harness.on_reactor([&] {
    http::Request request{"POST",
                          "/v1/events",
                          {{"content-type", "application/cloudevents-batch+json"}},
                          "[" + event_json("1") + "," + event_json("2") + "]"};
    routes->handle(std::move(request), [&](http::Response given) { response = std::move(given); });
  });
  harness.on_reactor([&] { harness.publisher.held.at(1)(Receipt{8, false}); });
  BOOST_CHECK(!response);
  harness.on_reactor([&] { harness.publisher.held.at(0)(Receipt{7, false}); });
  BOOST_REQUIRE(response);
  BOOST_CHECK_EQUAL(json::parse(response->body)["results"][0]["sequence"], 7);
}

BOOST_AUTO_TEST_CASE(what_is_no_batch_stores_nothing) {
  for (const auto& body :
       {std::string(), std::string("{}"), event_json("1"), std::string("["), std::string("[1"),
        std::string("[]x"), "[" + event_json("1"), "[" + event_json("1") + ",]",
        "[" + event_json("1") + "]]", std::string("nothing")})
    check_problem(publish_batch(body), 400, Code::protoerror);
  std::string many = "[1";
  for (int i = 0; i < 1'000; ++i) many += ",1";
  check_problem(publish_batch(many + "]"), 413, Code::datatoobig);
  BOOST_CHECK(harness.publisher.published.empty());
  BOOST_CHECK_EQUAL(publish_batch("[]").body, "{\"results\":[]}\n");
}

BOOST_AUTO_TEST_CASE(the_same_key_again_is_the_same_event) {
  const auto id_for = [&](const std::string& key) {
    BOOST_CHECK_EQUAL(post("application/cloudevents+json", without_id, key).status, 202U);
    return harness.publisher.published.back().id;
  };
  const auto once = id_for("order-17");
  BOOST_CHECK_EQUAL(id_for("order-17"), once);
  BOOST_CHECK_EQUAL(id_for("\"order-17\""), once);  // as a structured header
  BOOST_CHECK_NE(id_for("order-18"), once);
  BOOST_CHECK_EQUAL(once.find("order-17"), std::string::npos);
  // Of another client it is another event.
  harness.clients.principals[proof_of_token("of shop")] = "shop";
  http::Request request;
  request.headers = {{"content-type", "application/cloudevents+json"},
                     {"idempotency-key", "order-17"},
                     {"authorization", "Bearer of shop"}};
  BOOST_CHECK_EQUAL(ask("POST", "/v1/events", without_id, request).status, 202U);
  BOOST_CHECK_NE(harness.publisher.published.back().id, once);
  // An id that is given stays.
  BOOST_CHECK_EQUAL(post("application/cloudevents+json", event_json("e"), "order-17").status, 202U);
  BOOST_CHECK_EQUAL(harness.publisher.published.back().id, "e");
}

BOOST_AUTO_TEST_CASE(the_events_of_a_batch_with_a_key_have_ids_of_their_places) {
  const auto batch = "[" + without_id + "," + without_id + "]";
  BOOST_CHECK_EQUAL(publish_batch(batch, "b1").status, 202U);
  BOOST_CHECK_EQUAL(publish_batch(batch, "b1").status, 202U);
  const auto& published = harness.publisher.published;
  BOOST_REQUIRE_EQUAL(published.size(), 4U);
  BOOST_CHECK_NE(published[0].id, published[1].id);
  BOOST_CHECK_EQUAL(published[0].id, published[2].id);
  BOOST_CHECK_EQUAL(published[1].id, published[3].id);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_none_is_refused) {
  check_problem(post("application/cloudevents+json", without_id, "\"\""), 400, Code::badparam);
  check_problem(post("application/cloudevents+json", without_id, std::string(300, 'x')), 400,
                Code::badparam);
  BOOST_CHECK(harness.publisher.published.empty());
}

BOOST_AUTO_TEST_SUITE_END()
