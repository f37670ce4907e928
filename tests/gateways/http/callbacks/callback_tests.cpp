// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callbacks/callback.hpp"

#include <boost/test/unit_test.hpp>

#include "core/egress/http_date.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/http_gateway.hpp"
#include "tests/core/egress/loopback_server.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

const WallTime noon = *parse_rfc3339("2026-11-21T12:00:00Z");

Attempt outcome(unsigned status, const std::string& after = "") {
  TransferReply reply;
  reply.status = status;
  if (!after.empty()) reply.headers.emplace_back("retry-after", after);
  return http::outcome_of(reply, noon);
}

Settings options() {
  auto settings = Settings::defaults(http::http_options());
  BOOST_REQUIRE(settings.set("listen", ""));
  return settings;
}

struct Fixture {
  Fixture() { BOOST_REQUIRE(harness.start(http::make_http_gateway(options(), harness.context))); }
  PluginHarness harness;
};

std::string url_of(const LoopbackServer& server) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + "/hook?key=1";
}

SubscriptionRef pending(const std::string& callback) {
  auto subscription = std::make_shared<Subscription>();
  subscription->id = "s-1";
  subscription->callback = callback;
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(callback_tests)

BOOST_AUTO_TEST_CASE(each_status_has_its_outcome) {
  using Outcome = Attempt::Outcome;
  for (const unsigned status : {200U, 201U, 202U, 204U, 299U})
    BOOST_CHECK(outcome(status).outcome == Outcome::delivered);
  for (const unsigned status : {300U, 301U, 302U, 304U, 307U, 308U}) {
    BOOST_CHECK(outcome(status).outcome == Outcome::rejected);
    BOOST_CHECK_NE(outcome(status).answer.find("redirects are never followed"), std::string::npos);
  }
  for (const unsigned status : {400U, 401U, 403U, 404U, 405U, 413U, 415U, 422U, 431U})
    BOOST_CHECK(outcome(status).outcome == Outcome::rejected);
  for (const unsigned status : {408U, 429U, 500U, 502U, 503U, 504U, 599U})
    BOOST_CHECK(outcome(status).outcome == Outcome::retry);
  BOOST_CHECK(outcome(410).outcome == Outcome::gone);
}

BOOST_AUTO_TEST_CASE(retry_after_is_honoured_and_clamped) {
  BOOST_CHECK(outcome(503, "120").after == Duration(120s));
  BOOST_CHECK(outcome(429, " 120 ").after == Duration(120s));
  BOOST_CHECK(outcome(503, "0").after == retry_after_min);
  BOOST_CHECK(outcome(503, "99999999").after == retry_after_max);
  BOOST_CHECK(outcome(503, "99999999999999999999999").after == retry_after_max);
  // RFC 9110 section 5.6.7: the three forms of a date.
  for (const char* text : {"Sat, 21 Nov 2026 12:01:00 GMT", "Saturday, 21-Nov-26 12:01:00 GMT",
                           "Sat Nov 21 12:01:00 2026", "  sat, 21 nov 2026 12:01:00 gmt "})
    BOOST_CHECK_MESSAGE(outcome(503, text).after == Duration(60s), text);
  BOOST_CHECK(outcome(503, "Fri, 21 Nov 2025 12:01:00 GMT").after == retry_after_min);
  for (const char* text :
       {"soon", "-5", "1.5", "Sat, 21 Foo 2026 12:01:00 GMT", "", "Sat, 32 Nov 2026 12:01:00 GMT",
        "Sat, 21 Nov 2026 25:01:00 GMT", "1 s", "Sat"})
    BOOST_CHECK_MESSAGE(!outcome(503, text).after, text);
  BOOST_CHECK(!outcome(500, "120").after);
}

BOOST_AUTO_TEST_CASE(an_answer_is_shown_on_one_harmless_line) {
  TransferReply reply;
  reply.status = 500;
  reply.body = "a\r\nb\x1b[31m" + std::string(5000, 'x');
  const auto answer = http::outcome_of(reply, noon).answer;
  BOOST_CHECK_EQUAL(answer.find_first_of("\r\n\x1b"), std::string::npos);
  BOOST_CHECK_LT(answer.size(), 1100U);
}

BOOST_FIXTURE_TEST_CASE(a_delivery_is_posted_in_binary_mode, Fixture) {
  HttpSeen seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen = request;
    return http_answer("204 x");
  }));
  auto event = sample_event();
  event.id = "id \xc3\xa9";
  const auto attempt = harness.deliver(sample_delivery(url_of(server), event));
  BOOST_CHECK(attempt.outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(seen.head.starts_with("POST /hook?key=1 HTTP/1.1"));
  for (const char* line :
       {"ce-specversion: 1.0", "ce-id: id%20%C3%A9", "ce-type: {urn:example:printer}jam",
        "ce-severity: 3", "ce-source: //hq.example/printer/floor2/hp4", "Content-Type: text/plain",
        "ce-time: 2026-11-21T09:15:00.250Z", "ce-sequence: 88120", "webhook-id: id%20%C3%A9",
        "sense-number: 42", "sense-attempt: 2", "sense-subscription: s-0123456789ABCDEFGHJKMNPQRS"})
    BOOST_CHECK_MESSAGE(seen.has(line), line << " is missing in " << seen.head);
  BOOST_CHECK_EQUAL(seen.body, "342 Printer jam");
}

BOOST_FIXTURE_TEST_CASE(a_subscription_may_ask_for_structured_mode, Fixture) {
  HttpSeen seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen = request;
    return http_answer("204 x");
  }));
  auto delivery = sample_delivery(url_of(server));
  auto subscription = std::make_shared<Subscription>(*delivery->subscription);
  subscription->edition = http::structured_edition;
  delivery->subscription = subscription;
  BOOST_CHECK(harness.deliver(delivery).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(seen.has("Content-Type: application/cloudevents+json; charset=utf-8"));
  const auto event = event_from_cloudevents_json(seen.body, EventOrigin::service);
  BOOST_REQUIRE(event);
  BOOST_CHECK(*event == *delivery->event);
}

BOOST_FIXTURE_TEST_CASE(a_gap_names_its_numbers, Fixture) {
  HttpSeen seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen = request;
    return http_answer("204 x");
  }));
  auto delivery = sample_delivery(url_of(server));
  delivery->kind = Delivery::Kind::gap;
  delivery->number_last = 45;
  BOOST_CHECK(harness.deliver(delivery).outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(seen.has("sense-number: 42-45"));
}

BOOST_FIXTURE_TEST_CASE(no_answer_and_no_connection_are_tried_again, Fixture) {
  LoopbackServer closes([](LoopbackServer::Peer& peer) { (void)peer.read_until("\r\n\r\n"); });
  const auto attempt = harness.deliver(sample_delivery(url_of(closes)));
  BOOST_CHECK(attempt.outcome == Attempt::Outcome::retry);
  BOOST_CHECK(!attempt.answer.empty());
}

BOOST_AUTO_TEST_CASE(a_denied_address_gets_no_connection_and_the_answer_says_what_to_set) {
  PluginHarness harness({"127.0.0.9"});
  BOOST_REQUIRE(harness.start(http::make_http_gateway(options(), harness.context)));
  LoopbackServer server(http_answers([](const HttpSeen&) { return http_answer("204 x"); }));
  const auto attempt = harness.deliver(sample_delivery(url_of(server)));
  BOOST_CHECK(attempt.outcome == Attempt::Outcome::retry);
  BOOST_CHECK_NE(attempt.answer.find("egress: allow:"), std::string::npos);
  const auto verification = harness.verify(pending(url_of(server)), "token");
  BOOST_CHECK(verification.outcome == Verification::Outcome::refused);
  BOOST_CHECK_EQUAL(server.connections(), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_port_of_another_service_is_neither_asked_nor_called, Fixture) {
  for (const char* url : {"http://127.0.0.1:22/", "http://127.0.0.1:6379/"}) {
    const auto attempt = harness.deliver(sample_delivery(url));
    BOOST_CHECK(attempt.outcome == Attempt::Outcome::retry);
    BOOST_CHECK_NE(attempt.answer.find("egress: allow:"), std::string::npos);
    const auto verification = harness.verify(pending(url), "token");
    BOOST_CHECK(verification.outcome == Verification::Outcome::refused);
    BOOST_CHECK_NE(verification.answer.find("egress: allow:"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(stop_answers_what_is_under_way_with_retry_once) {
  LoopbackServer silent(http_answers([](const HttpSeen&) { return std::string(); }));
  std::vector<std::future<Attempt>> attempts;
  {
    PluginHarness harness;
    BOOST_REQUIRE(harness.start(http::make_http_gateway(options(), harness.context)));
    for (int i = 0; i < 20; ++i)
      attempts.push_back(harness.deliver_later(sample_delivery(url_of(silent))));
  }
  for (auto& attempt : attempts) BOOST_CHECK(attempt.get().outcome == Attempt::Outcome::retry);
}

BOOST_FIXTURE_TEST_CASE(an_origin_allowed_by_options_is_verified, Fixture) {
  for (const std::string origin : {"*", "sense", "SENSE"}) {
    std::vector<std::string> seen;
    LoopbackServer server(http_answers([&](const HttpSeen& request) {
      seen.push_back(request.head.substr(0, request.head.find(' ')));
      BOOST_CHECK(request.has("WebHook-Request-Origin: sense"));
      return http_answer("200 OK", "WebHook-Allowed-Origin: " + origin + "\r\n");
    }));
    const auto answer = harness.verify(pending(url_of(server)), "secret");
    BOOST_CHECK(answer.outcome == Verification::Outcome::verified);
    const std::vector<std::string> expected = {"OPTIONS"};
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
  }
}

BOOST_FIXTURE_TEST_CASE(an_echoed_challenge_is_verified, Fixture) {
  for (const std::string body :
       {R"(s3cret)", " s3cret\r\n", R"("s3cret")", R"( "s3cret" )", R"("s3\u0063ret")",
        R"({"challenge":"s3cret"})", "{\n  \"challenge\": \"s3cret\"\n}\n"}) {
    LoopbackServer server(http_answers([&](const HttpSeen& request) {
      if (request.head.starts_with("OPTIONS")) return http_answer("405 x");
      BOOST_CHECK_EQUAL(request.body, R"({"challenge":"s3cret","origin":"sense"})");
      BOOST_CHECK(request.has("Content-Type: application/json"));
      return http_answer("200 OK", "", body);
    }));
    BOOST_CHECK(harness.verify(pending(url_of(server)), "s3cret").outcome ==
                Verification::Outcome::verified);
  }
}

BOOST_FIXTURE_TEST_CASE(a_server_that_is_down_or_busy_has_refused_nothing, Fixture) {
  for (const auto* status : {"500 x", "503 x", "429 x", "408 x"}) {
    LoopbackServer server(http_answers([&](const HttpSeen&) { return http_answer(status); }));
    BOOST_CHECK_MESSAGE((harness.verify(pending(url_of(server)), "s3cret").outcome ==
                         Verification::Outcome::failed),
                        status);
  }
  std::string closed;
  {
    LoopbackServer server(http_answers([](const HttpSeen&) { return std::string(); }));
    closed = url_of(server);
  }
  BOOST_CHECK(harness.verify(pending(closed), "s3cret").outcome == Verification::Outcome::failed);
}

BOOST_FIXTURE_TEST_CASE(anything_else_is_refused, Fixture) {
  const std::vector<std::pair<std::string, std::string>> answers = {
      {http_answer("405 x"),  // the request itself
       http_answer("200 OK", "", R"({"challenge":"s3cret","origin":"sense"})")},
      {http_answer("405 x"), http_answer("200 OK", "", R"({"challenge":"other"})")},
      {http_answer("405 x"), http_answer("200 OK", "", R"({"Challenge":"s3cret"})")},
      {http_answer("405 x"), http_answer("200 OK", "", R"(["s3cret"])")},
      {http_answer("405 x"), http_answer("200 OK", "", R"("s3cret)")},
      {http_answer("405 x"), http_answer("200 OK", "", R"({"challenge":["s3cret"]})")},
      {http_answer("405 x"), http_answer("200 OK", "", "s3cret and more")},
      {http_answer("405 x"), http_answer("200 OK")},
      {http_answer("405 x"), http_answer("404 x", "", "s3cret")},
      {http_answer("405 x"), http_answer("302 x", "Location: /\r\n", "s3cret")},
      {http_answer("200 OK"), http_answer("204 x")},
      {http_answer("404 x", "WebHook-Allowed-Origin: *\r\n"), http_answer("404 x")},
      {http_answer("200 OK", "WebHook-Allowed-Origin: other.example\r\n"),
       http_answer("200 OK", "", "s3cret")},
  };
  for (const auto& [to_options, to_post] : answers) {
    std::size_t requests = 0;
    LoopbackServer server(http_answers([&](const HttpSeen& request) {
      ++requests;
      return request.head.starts_with("OPTIONS") ? to_options : to_post;
    }));
    const auto answer = harness.verify(pending(url_of(server)), "s3cret");
    BOOST_CHECK_MESSAGE((answer.outcome == Verification::Outcome::refused), to_options << to_post);
    BOOST_CHECK(!answer.answer.empty());
    BOOST_CHECK_LE(requests, 2U);
  }
}

BOOST_FIXTURE_TEST_CASE(an_event_stream_as_the_answer_is_a_delivery, Fixture) {
  LoopbackServer server([](LoopbackServer::Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: queued\n\n");
    peer.wait_for_close();
  });
  const auto attempt = harness.deliver(sample_delivery(url_of(server)));
  BOOST_CHECK(attempt.outcome == Attempt::Outcome::delivered);
  BOOST_CHECK_EQUAL(server.connections(), 1U);
}

BOOST_FIXTURE_TEST_CASE(a_refusal_with_a_broken_body_stays_a_refusal, Fixture) {
  for (const auto& [status, outcome] :
       std::vector<std::pair<std::string, Attempt::Outcome>>{{"200", Attempt::Outcome::delivered},
                                                             {"410", Attempt::Outcome::gone},
                                                             {"422", Attempt::Outcome::rejected},
                                                             {"500", Attempt::Outcome::retry}}) {
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write("HTTP/1.1 " + status + " x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    });
    BOOST_CHECK_MESSAGE((harness.deliver(sample_delivery(url_of(server))).outcome == outcome),
                        status);
  }
}

BOOST_FIXTURE_TEST_CASE(an_answer_to_the_challenge_that_is_cut_off_counts_as_far_as_it_goes,
                        Fixture) {
  for (const auto& [body, outcome] : std::vector<std::pair<std::string, Verification::Outcome>>{
           {"s3cret", Verification::Outcome::verified},
           {R"({"challenge":"s3cret"})", Verification::Outcome::verified},
           {"s3c", Verification::Outcome::failed},
           {"", Verification::Outcome::failed},
           {R"({"challenge":"s3cr)", Verification::Outcome::failed},
           {std::string(5000, 'x'), Verification::Outcome::refused}}) {
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      const auto head = peer.read_until("\r\n\r\n");
      if (head && head->starts_with("OPTIONS")) return peer.write(http_answer("405 x"));
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + body);
    });
    BOOST_CHECK_MESSAGE((harness.verify(pending(url_of(server)), "s3cret").outcome == outcome),
                        body);
  }
}

BOOST_AUTO_TEST_SUITE_END()
