// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/subscriber.hpp"

#include <boost/test/unit_test.hpp>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/http_gateway.hpp"
#include "tests/core/egress/loopback_server.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* topic = "http://events.example/websub/topics?type=a";

struct SubscriberFixture {
  SubscriberFixture() {
    auto settings = Settings::defaults(http::http_options());
    BOOST_REQUIRE(settings.set("listen", ""));
    BOOST_REQUIRE(harness.start(http::make_http_gateway(settings, harness.context)));
  }
  Subscription at(const LoopbackServer& server, const std::string& path = "/cb?key=1") {
    Subscription subscription;
    subscription.id = "w-1";
    subscription.callback = "http://127.0.0.1:" + std::to_string(server.port()) + path;
    subscription.period = 600s;
    subscription.secrets.edit().current = websub_secret("key");
    subscription.websub.edit().topic = topic;
    return subscription;
  }
  Verification verify(Subscription subscription, const std::string& challenge = "CHALLENGE") {
    return harness.verify(std::make_shared<const Subscription>(std::move(subscription)), challenge);
  }
  std::shared_ptr<Delivery> delivery(Subscription subscription) {
    auto made = sample_delivery(subscription.callback);
    made->subscription = std::make_shared<const Subscription>(std::move(subscription));
    return made;
  }
  LoopbackServer::Serve answers(std::string answer) {
    return http_answers([this, answer](const HttpSeen& request) {
      seen.push_back(request);
      return answer;
    });
  }
  std::string only_line() {
    BOOST_REQUIRE_EQUAL(seen.size(), 1U);
    return seen[0].head.substr(0, seen[0].head.find('\r'));
  }

  std::vector<HttpSeen> seen;
  PluginHarness harness;
};

std::string answer_with(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

using Outcome = Verification::Outcome;

}  // namespace

// The points of the W3C's Recommendation in its sections 5.2, 5.3 and 7.
BOOST_FIXTURE_TEST_SUITE(subscriber_tests, SubscriberFixture)

BOOST_AUTO_TEST_CASE(verification_is_one_get_that_keeps_the_callbacks_own_query) {
  LoopbackServer server(answers(answer_with("200 OK", "CHALLENGE")));
  BOOST_CHECK(verify(at(server)).outcome == Outcome::verified);
  BOOST_CHECK_EQUAL(only_line(),
                    "GET /cb?key=1&hub.mode=subscribe&hub.topic=http%3A%2F%2Fevents.example%2F"
                    "websub%2Ftopics%3Ftype%3Da&hub.challenge=CHALLENGE&hub.lease_seconds=600 "
                    "HTTP/1.1");
  BOOST_CHECK_EQUAL(seen[0].body, "");
  seen.clear();
  BOOST_CHECK(verify(at(server, "/cb")).outcome == Outcome::verified);
  BOOST_CHECK(only_line().starts_with("GET /cb?hub.mode=subscribe&"));
}

BOOST_AUTO_TEST_CASE(verification_of_a_renewal_tells_the_new_lease) {
  LoopbackServer server(answers(answer_with("200 OK", "CHALLENGE")));
  auto subscription = at(server);
  subscription.websub.edit().intent = {WebSub::Intent::Kind::subscribe, 700s, websub_secret("")};
  BOOST_CHECK(verify(subscription).outcome == Outcome::verified);
  BOOST_CHECK_NE(only_line().find("hub.lease_seconds=700"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(verification_of_an_unsubscription_names_its_mode) {
  LoopbackServer server(answers(answer_with("200 OK", "CHALLENGE")));
  auto subscription = at(server);
  subscription.websub.edit().intent = {WebSub::Intent::Kind::unsubscribe, Duration{0}, ""};
  BOOST_CHECK(verify(subscription).outcome == Outcome::verified);
  BOOST_CHECK_NE(only_line().find("hub.mode=unsubscribe&"), std::string::npos);
  BOOST_CHECK_EQUAL(only_line().find("lease_seconds"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(verification_takes_the_challenge_alone) {
  for (const auto* body : {"", "challenge", "CHALLENGE\n", " CHALLENGE", "\"CHALLENGE\"",
                           "hub.challenge=CHALLENGE", "CHALLENGECHALLENGE"}) {
    LoopbackServer server(answers(answer_with("200 OK", body)));
    BOOST_CHECK_MESSAGE(verify(at(server)).outcome == Outcome::refused, body);
  }
  LoopbackServer created(answers(answer_with("201 x", "CHALLENGE")));
  BOOST_CHECK(verify(at(created)).outcome == Outcome::verified);
}

BOOST_AUTO_TEST_CASE(verification_of_another_status_fails_and_redirects_are_not_followed) {
  for (const auto* status : {"404 x", "410 x", "301 x\r\nLocation: /other", "307 x", "400 x"}) {
    LoopbackServer server(answers(answer_with(status, "CHALLENGE")));
    BOOST_CHECK_MESSAGE(verify(at(server)).outcome == Outcome::refused, status);
    BOOST_CHECK_EQUAL(server.connections(), 1U);
  }
  LoopbackServer busy(answers(answer_with("503 x", "CHALLENGE")));
  BOOST_CHECK(verify(at(busy)).outcome == Outcome::failed);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_not_allowed_gets_no_request) {
  for (const auto* callback :
       {"http://10.0.0.1:8080/", "http://169.254.169.254/", "http://[fd00::1]:8080/",
        "http://0x0a000001:8080/", "http://[::ffff:10.0.0.1]:8080/", "http://127.0.0.1:6379/"}) {
    Subscription subscription;
    subscription.callback = callback;
    subscription.websub.edit().topic = topic;
    BOOST_CHECK_MESSAGE(verify(subscription).outcome == Outcome::refused, callback);
  }
}

BOOST_AUTO_TEST_CASE(content_is_posted_with_its_type_links_and_signature) {
  LoopbackServer server(answers(answer_with("204 x", "")));
  const auto made = delivery(at(server));
  BOOST_CHECK(harness.deliver(made).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK_EQUAL(only_line(), "POST /cb?key=1 HTTP/1.1");
  BOOST_CHECK_EQUAL(seen[0].body, to_cloudevents_json(*made->event));
  const auto signature = "sha256=" + to_hex(hmac_sha256("key", seen[0].body));
  for (const auto& line :
       {std::string("Content-Type: application/cloudevents+json; charset=utf-8"),
        "X-Hub-Signature: " + signature,
        std::string("Link: <http://events.example/websub>; rel=\"hub\", "
                    "<http://events.example/websub/topics?type=a>; rel=\"self\""),
        std::string("sense-number: 42")})
    BOOST_CHECK_MESSAGE(seen[0].has(line), line << " is missing in " << seen[0].head);
}

BOOST_AUTO_TEST_CASE(content_without_a_secret_has_no_signature) {
  LoopbackServer server(answers(answer_with("204 x", "")));
  auto subscription = at(server);
  subscription.secrets.edit().current = websub_secret("");
  BOOST_CHECK(harness.deliver(delivery(subscription)).outcome == Attempt::Outcome::delivered);
  BOOST_REQUIRE_EQUAL(seen.size(), 1U);
  BOOST_CHECK_EQUAL(seen[0].head.find("X-Hub-Signature"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(content_is_retried_410_ends_and_redirects_are_not_followed) {
  using Of = Attempt::Outcome;
  for (const auto& [status, outcome] : std::vector<std::pair<const char*, Of>>{
           {"500 x", Of::retry}, {"410 x", Of::gone}, {"307 x\r\nLocation: /", Of::rejected}}) {
    LoopbackServer server(answers(answer_with(status, "")));
    BOOST_CHECK_MESSAGE(harness.deliver(delivery(at(server))).outcome == outcome, status);
    BOOST_CHECK_EQUAL(server.connections(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(an_end_that_the_subscriber_did_not_ask_for_is_a_denial_with_its_reason) {
  LoopbackServer server(answers(answer_with("200 OK", "")));
  const auto made = delivery(at(server));
  made->kind = Delivery::Kind::ended;
  made->reason = "revoked";
  BOOST_CHECK(harness.deliver(made).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK_EQUAL(only_line(),
                    "GET /cb?key=1&hub.mode=denied&hub.topic=http%3A%2F%2Fevents.example%2Fwebsub"
                    "%2Ftopics%3Ftype%3Da&hub.reason=the%20subscription%20has%20ended%3A%20revoked "
                    "HTTP/1.1");
  seen.clear();
  made->reason = std::string(2048, '\n');
  BOOST_CHECK(harness.deliver(made).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK_LE(only_line().size(), 2100U);
  seen.clear();
  made->reason = "expired";
  BOOST_CHECK(harness.deliver(made).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(seen.empty());
}

BOOST_AUTO_TEST_SUITE_END()
