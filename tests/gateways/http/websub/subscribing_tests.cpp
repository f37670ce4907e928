// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/hub_request.hpp"

#include "core/base/text.hpp"
#include "tests/gateways/http/websub/hub_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;
using Kind = WebSub::Intent::Kind;

// The points of the W3C's Recommendation that a hub is judged by, in its sections 4 and 5.1.
BOOST_FIXTURE_TEST_SUITE(subscribing_tests, HubFixture)

BOOST_AUTO_TEST_CASE(discovery_a_topic_links_to_its_hub_and_itself) {
  for (const auto* method : {"GET", "HEAD"}) {
    const auto response = ask(method, topic_target, "", from());
    BOOST_CHECK_EQUAL(response.status, 200U);
    BOOST_CHECK_EQUAL(link_of(response), "<http://events.example:8080/websub>; rel=\"hub\", <" +
                                             topic_url + ">; rel=\"self\"");
    const auto document = nlohmann::json::parse(response.body);
    BOOST_CHECK_EQUAL(document["topic"], topic_url);
    BOOST_CHECK_EQUAL(document["type"], "{urn:x}t");
    BOOST_CHECK_EQUAL(document["source"], "//hq/printer/1");
  }
  check_problem(ask("GET", "/websub/topics?source=a", "", from()), 400, Code::varnotfound);
  check_problem(ask("GET", "/websub/topics?type=a", ""), 400, Code::badparam);  // without Host
}

BOOST_AUTO_TEST_CASE(discovery_the_self_link_has_the_scheme_that_the_client_used) {
  auto request = from("192.0.2.7:80");
  request.headers.emplace_back("x-forwarded-proto", "https");
  BOOST_CHECK(link_of(ask("GET", topic_target, "", request)).starts_with("<http://"));
  http::Routes::Options options;
  options.proxies = *http::parse_proxies({"192.0.2.0/24"});
  routes = std::make_shared<http::Routes>(harness.context, options);
  BOOST_CHECK(link_of(ask("GET", topic_target, "", request)).starts_with("<https://"));
  options = {};
  options.tls = true;
  routes = std::make_shared<http::Routes>(harness.context, options);
  BOOST_CHECK(link_of(ask("GET", topic_target, "", from())).starts_with("<https://"));
}

BOOST_AUTO_TEST_CASE(a_subscription_request_is_a_form_and_answered_202) {
  const auto response = post(form());
  BOOST_CHECK_EQUAL(response.status, 202U);
  BOOST_CHECK(only().state == SubscriptionState::pending);
  BOOST_CHECK_EQUAL(only().callback, "https://sub.example/cb?key=1");
  BOOST_CHECK_EQUAL(only().websub->topic, topic_url);
  BOOST_REQUIRE_EQUAL(only().types.size(), 1U);
  BOOST_CHECK_EQUAL(only().types[0].text(), "{urn:x}t");
  BOOST_REQUIRE_EQUAL(only().sources.size(), 1U);
  BOOST_CHECK_EQUAL(only().sources[0].text(), "//hq/printer/1");
}

BOOST_AUTO_TEST_CASE(callback_mode_and_topic_are_mandatory) {
  check_refused(post(""), 400, "hub.mode is missing");
  check_refused(post("hub.mode=subscribe&hub.topic=a"), 400, "hub.callback is missing");
  check_refused(post("hub.mode=subscribe&hub.callback=http%3A%2F%2Fa%2F&hub.topic="), 400,
                "hub.topic is missing");
  check_refused(post(form("denied")), 400, "neither subscribe nor unsubscribe");
}

BOOST_AUTO_TEST_CASE(publishing_is_by_the_bus) {
  check_refused(post("hub.mode=publish&hub.topic=a"), 400, "POST events to /v1/events");
}

BOOST_AUTO_TEST_CASE(parameters_that_are_not_known_are_ignored) {
  BOOST_CHECK_EQUAL(post(form() + "&hub.verify=sync&foreign=1&foreign=2").status, 202U);
  BOOST_CHECK_EQUAL(harness.subscriptions.all.size(), 1U);
}

BOOST_AUTO_TEST_CASE(lease_seconds_is_a_number_and_never_perpetual) {
  const auto period_of = [&](const std::string& seconds) {
    harness.subscriptions.all.clear();
    BOOST_CHECK_EQUAL(post(form() + seconds).status, 202U);
    return only().period;
  };
  BOOST_CHECK(period_of("") == http::HubRequest::period_default);
  BOOST_CHECK(period_of("&hub.lease_seconds=600") == 600s);
  BOOST_CHECK(period_of("&hub.lease_seconds=" + std::string(400, '9')) ==
              http::HubRequest::period_max);
  harness.subscriptions.all.clear();
  for (const auto* wrong : {"", "0", "00", "-1", "1.5", "1e3", "x", " 1", "+1"})
    check_refused(post(form() + "&hub.lease_seconds=" + encoded(wrong)), 400,
                  "hub.lease_seconds is not a number of seconds from 1");
}

BOOST_AUTO_TEST_CASE(a_secret_has_less_than_200_octets) {
  const auto secret_of = [&](const std::string& secret) {
    harness.subscriptions.all.clear();
    BOOST_CHECK_EQUAL(post(form() + "&hub.secret=" + encoded(secret)).status, 202U);
    return websub_key(only().secrets->current);
  };
  for (const auto& secret : {std::string("s"), std::string(199, 'x'), std::string("\0\xff+% ", 5)})
    BOOST_CHECK(secret_of(secret) == secret);
  harness.subscriptions.all.clear();
  const auto refused = post(form() + "&hub.secret=" + std::string(200, 'x'));
  check_refused(refused, 400, "hub.secret has 200 octets or more");
  BOOST_CHECK_EQUAL(refused.body.find("xxx"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_secret_comes_over_https_or_from_this_machine) {
  const auto with_secret = form() + "&hub.secret=s";
  check_refused(post(with_secret, from("192.0.2.7:80")), 400, "in the clear");
  BOOST_CHECK_EQUAL(post(form(), from("192.0.2.7:80")).status, 202U);
  http::Routes::Options options;
  options.tls = true;
  routes = std::make_shared<http::Routes>(harness.context, options);
  BOOST_CHECK_EQUAL(post(with_secret, from("192.0.2.7:80")).status, 202U);
  BOOST_CHECK_EQUAL(harness.subscriptions.all.size(), 1U);
}

BOOST_AUTO_TEST_CASE(subscribing_again_changes_nothing_until_the_callback_agrees) {
  BOOST_CHECK_EQUAL(post(form() + "&hub.secret=one&hub.lease_seconds=600").status, 202U);
  const auto before = only();
  BOOST_CHECK_EQUAL(post(form() + "&hub.lease_seconds=700").status, 202U);
  BOOST_CHECK_EQUAL(only().id, before.id);
  BOOST_CHECK(only().secrets == before.secrets && only().period == before.period);
  BOOST_CHECK(only().websub->intent == (WebSub::Intent{Kind::subscribe, 700s, "hub_"}));
  // Another callback, or another topic, is another subscription.
  BOOST_CHECK_EQUAL(post(form("subscribe", topic_url, "https://sub.example/cb")).status, 202U);
  BOOST_CHECK_EQUAL(
      post(form("subscribe", "http://events.example:8080/websub/topics?type=a")).status, 202U);
  BOOST_CHECK_EQUAL(harness.subscriptions.all.size(), 3U);
}

BOOST_AUTO_TEST_CASE(unsubscribing_changes_nothing_until_the_callback_agrees) {
  BOOST_CHECK_EQUAL(post(form()).status, 202U);
  harness.subscriptions.all.begin()->second->state = SubscriptionState::active;
  const auto response = post(form("unsubscribe") + "&hub.lease_seconds=ignored");
  BOOST_CHECK_EQUAL(response.status, 202U);
  BOOST_CHECK(only().state == SubscriptionState::active);
  BOOST_CHECK(only().websub->intent == (WebSub::Intent{Kind::unsubscribe, Duration{0}, ""}));
}

BOOST_AUTO_TEST_CASE(unsubscribing_from_nothing_does_not_tell_who_has_subscribed) {
  const auto without = post(form("unsubscribe"));
  BOOST_CHECK_EQUAL(post(form()).status, 202U);
  const auto with = post(form("unsubscribe"));
  BOOST_CHECK_EQUAL(without.status, with.status);
  BOOST_CHECK_EQUAL(without.body, with.body);
}

BOOST_AUTO_TEST_SUITE_END()
