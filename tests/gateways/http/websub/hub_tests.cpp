// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/hub.hpp"

#include "core/http/form.hpp"
#include "tests/gateways/http/websub/hub_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

// What a client may do here that has proved nothing, and what it cannot: each refusal is text, and
// nothing is stored.
BOOST_FIXTURE_TEST_SUITE(hub_tests, HubFixture)

BOOST_AUTO_TEST_CASE(a_client_that_has_proved_nothing_owns_by_the_place_of_its_callback) {
  BOOST_CHECK_EQUAL(post(form()).status, 202U);
  BOOST_CHECK_EQUAL(only().owner, "https://sub.example");
  BOOST_CHECK_EQUAL(only().via, "front");
  BOOST_CHECK_EQUAL(harness.clients.asked.back().principal, "anonymous");
  BOOST_CHECK_EQUAL(harness.clients.asked.back().peer, "127.0.0.1:4711");
  // Its id can be computed, and is of no use to others.
  const auto path = "/v1/subscriptions/" + only().id;
  for (const auto* below : {"", "/deliveries", "/dead-letters", "/events"})
    BOOST_CHECK_EQUAL(ask("GET", path + below, "", from()).status, 404U);
  for (const auto* below : {"/pause", "/renew", "/rotate-secret", "/test"})
    BOOST_CHECK_EQUAL(ask("POST", path + below, "", from()).status, 404U);
  BOOST_CHECK_EQUAL(ask("DELETE", path, "", from()).status, 404U);
  BOOST_CHECK(only().state != SubscriptionState::ended);
}

BOOST_AUTO_TEST_CASE(a_client_with_a_token_owns_by_its_principal) {
  harness.clients.principals[proof_of_token("good")] = "shop";
  auto request = from();
  request.headers.emplace_back("authorization", "Bearer good");
  BOOST_CHECK_EQUAL(post(form(), request).status, 202U);
  BOOST_CHECK_EQUAL(only().owner, "shop");
  BOOST_CHECK_EQUAL(ask("GET", "/v1/subscriptions/" + only().id, "", request).status, 200U);
}

BOOST_AUTO_TEST_CASE(a_form_has_bounds) {
  check_refused(post(form() + "&x=" + std::string(http::form_length_max, 'a')), 413,
                "more than 16384 octets");
  std::string many = form();
  for (int i = 0; i < 5'000; ++i) many += "&a";
  check_refused(post(many), 413, "more than 64 parameters");
  std::string ten_thousand;
  for (int i = 0; i < 10'000; ++i) ten_thousand += "&hub.mode=subscribe";
  check_refused(post(ten_thousand), 413, "more than 16384 octets");
}

BOOST_AUTO_TEST_CASE(each_parameter_of_the_hub_stands_once) {
  for (const auto* name :
       {"hub.mode", "hub.callback", "hub.topic", "hub.secret", "hub.lease_seconds"}) {
    const auto twice = std::string("&") + name + "=1&" + name + "=1";
    check_refused(post(form() + twice), 400, std::string(name) + " appears twice");
  }
}

BOOST_AUTO_TEST_CASE(a_per_cent_sign_without_digits_is_refused) {
  for (const auto* wrong : {"&x=%", "&x=%4", "&x=%zz", "&%=1", "&hub.secret=%G0"})
    check_refused(post(form() + wrong), 400, "two hexadecimal digits");
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_refused) {
  check_refused(post(form() + "&x=1",
                     [&] {
                       auto request = from();
                       request.headers[1].second = "application/json";
                       return request;
                     }()),
                415, "application/x-www-form-urlencoded");
  check_refused(post("hub.mode=subscribe&hub.topic=%FF&hub.callback=http%3A%2F%2Fa%2F"), 400,
                "hub.topic is not UTF-8");
  check_refused(post("hub.mode=subscribe&hub.topic=a&hub.callback=%00"), 400,
                "hub.callback is not UTF-8");
}

BOOST_AUTO_TEST_CASE(a_topic_is_one_of_this_gateway) {
  const auto query = topic_target.substr(topic_target.find('?'));
  for (const auto& topic :
       {"http://other.example" + topic_target, "http://events.example:8081" + topic_target,
        "http://events.example.evil.example:8080" + topic_target})
    check_refused(post(form("subscribe", topic)), 400, "another host");
  for (const auto& topic : {"http://events.example:8080/websub" + query,
                            "http://events.example:8080/websub/topicsx" + query,
                            std::string("http://events.example:8080/websub/topics")})
    check_refused(post(form("subscribe", topic)), 400, "another path");
  for (const auto* topic : {"mailto:a@b.example", "//events.example:8080/websub/topics?type=a",
                            "http://a@events.example:8080/websub/topics?type=a"})
    BOOST_CHECK_EQUAL(post(form("subscribe", topic)).status, 400U);
  check_refused(post(form("subscribe", topic_url + ">;x")), 400, "no URI has");
  auto nameless = from();
  nameless.headers.erase(nameless.headers.begin());
  check_refused(post(form(), nameless), 400, "another host");
}

BOOST_AUTO_TEST_CASE(a_topic_has_a_type_that_can_be_read) {
  const auto at = [](const std::string& query) {
    return form("subscribe", "http://events.example:8080/websub/topics?" + query);
  };
  check_refused(post(at("source=%2Fa")), 400, "type=TYPE is mandatory");
  check_refused(post(at("type=")), 400, "type");
  check_refused(post(at("type=%7Burn%3Ax")), 400, "type");
  check_refused(post(at("type=a%2Ab")), 400, "type");
  check_refused(post(at("type=a&type=b")), 400, "appears twice");
  check_refused(post(at("type=a&filter=b")), 400, "unknown query 'filter'");
  check_refused(post(at("type=a&source=b%20c")), 400, "source");
  check_refused(post(at("type=%zz")), 400, "%");
}

BOOST_AUTO_TEST_CASE(a_callback_is_one_of_http) {
  for (const auto* callback : {"mailto:a@b.example", "pull:", "sense://a.example:1", "/cb",
                               "http://u:p@a.example/", "http://a.example/#f", "file:///etc"})
    BOOST_CHECK_EQUAL(post(form("subscribe", topic_url, callback)).status, 400U);
  BOOST_CHECK_EQUAL(harness.subscriptions.all.size(), 0U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_could_not_be_asked_is_refused_at_once) {
  const auto longest = "https://sub.example/" + std::string(1600, 'a');
  check_refused(post(form("subscribe", topic_url, longest + std::string(300, 'a'))), 400,
                "too long together");
  BOOST_CHECK_EQUAL(post(form("subscribe", topic_url, longest)).status, 202U);
}

BOOST_AUTO_TEST_CASE(what_the_registry_refuses_is_said_as_text) {
  harness.subscriptions.refusal = Error{Code::nomoreroom, "this client has made 2500 already"};
  const auto response = post(form());
  check_refused(response, 503, "this client has made 2500 already");
  BOOST_CHECK(std::any_of(response.headers.begin(), response.headers.end(),
                          [](const auto& header) { return header.first == "Retry-After"; }));
  harness.subscriptions.refusal = Error{Code::noaccess, "no 'subscribe' right"};
  check_refused(post(form()), 403, "no 'subscribe' right");
}

BOOST_AUTO_TEST_SUITE_END()
