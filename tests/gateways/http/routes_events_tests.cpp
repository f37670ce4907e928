// SPDX-License-Identifier: Apache-2.0
// Events that are published and fetched.
#include <map>

#include "core/sense/fetch_url.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

BOOST_FIXTURE_TEST_SUITE(routes_events_tests, RoutesFixture)

BOOST_AUTO_TEST_CASE(an_event_is_accepted_only_once_it_is_durable) {
  harness.publisher.hold = true;
  std::optional<http::Response> response;
  harness.on_reactor([&] {
    http::Request request{"POST",
                          "/v1/events",
                          {{"content-type", "application/cloudevents+json"}},
                          event_begin + R"(,"data":{"a":1}})"};
    routes->handle(std::move(request), [&](http::Response given) { response = std::move(given); });
  });
  BOOST_CHECK(!response.has_value());
  harness.on_reactor([&] { harness.publisher.held.at(0)(Receipt{7, true}); });
  BOOST_REQUIRE(response);
  BOOST_CHECK_EQUAL(response->status, 202U);
  const json expected = {{"id", "e1"}, {"sequence", 7}, {"duplicate", true}};
  BOOST_CHECK_EQUAL(json::parse(response->body), expected);
  BOOST_CHECK_EQUAL(harness.publisher.published.at(0).data, R"({"a":1})");
}

BOOST_AUTO_TEST_CASE(binary_mode_is_taken_and_a_missing_id_made) {
  http::Request request;
  request.headers = {{"ce-specversion", "1.0"},
                     {"ce-type", "a.b"},
                     {"ce-source", "/s"},
                     {"ce-extra", "x"},
                     {"content-type", "text/plain"}};
  const auto response = ask("POST", "/v1/events", "data", request);
  BOOST_CHECK_EQUAL(response.status, 202U);
  const auto& published = harness.publisher.published.at(0);
  BOOST_CHECK_EQUAL(published.id.size(), 26U);
  BOOST_CHECK_EQUAL(json::parse(response.body)["id"], published.id);
  BOOST_CHECK_EQUAL(published.data, "data");
  BOOST_CHECK_EQUAL(published.datacontenttype, "text/plain");
  BOOST_CHECK_EQUAL(published.extensions.count("extra"), 1U);
}

BOOST_AUTO_TEST_CASE(a_producer_cannot_give_what_the_broker_gives) {
  BOOST_CHECK_EQUAL(publish(event_begin + R"(,"sequence":"9","principal":"root"})").status, 202U);
  BOOST_CHECK_EQUAL(harness.publisher.published.at(0).sequence, 0U);
  BOOST_CHECK(harness.publisher.published.at(0).principal.empty());
}

BOOST_AUTO_TEST_CASE(a_refused_publish_is_never_accepted) {
  for (const auto& [code, status] :
       std::vector<std::pair<Code, unsigned>>{{Code::nomoreroom, 503},
                                              {Code::noaccess, 403},
                                              {Code::interrupted, 503},
                                              {Code::timeout, 504},
                                              {Code::datatoobig, 413}}) {
    harness.publisher.refusal = Error{code, "no, because of this"};
    check_problem(publish(event_begin + "}"), status, code);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_event_is_not_published) {
  check_problem(ask("POST", "/v1/events", "x"), 415, Code::protoerror);
  check_problem(publish("{"), 400, Code::protoerror);
  check_problem(publish("[]"), 400, Code::protoerror);
  check_problem(publish(R"({"specversion":"1.0","id":"1","source":"/a"})"), 400, Code::varnotfound);
  http::Request request;
  request.headers = {{"content-type", "application/cloudevents+xml"}};
  check_problem(ask("POST", "/v1/events", "[]", request), 415, Code::protoerror);
  BOOST_CHECK(harness.publisher.published.empty());
}

BOOST_AUTO_TEST_CASE(possession_of_its_url_authorises_fetching_an_event) {
  const std::string secret = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::vector<std::uint64_t> asked;
  harness.context.event_at = [&](std::uint64_t sequence, const ServedClient& client, auto done) {
    BOOST_CHECK_EQUAL(client.principal, "");
    asked.push_back(sequence);
    if (sequence != 88120) return done(fail(Code::notfound, "the journal does not hold it"));
    auto event = sample_event();
    event.datacontenttype = "text/html";
    event.data = "<script>" + std::string(100'000, 'x');
    done(EventRef(std::make_shared<const Event>(event)));
  };
  const auto now = harness.clock.now().wall;
  const auto path = datagram::fetch_path(88120, now + std::chrono::hours{1}, secret);
  check_problem(ask("GET", path), 404, Code::notfound);  // no secret: no such thing here
  BOOST_CHECK(!routes->permits("GET", path));
  routes = std::make_shared<http::Routes>(harness.context,
                                          http::Routes::Options{.fetch_secret = secret});
  BOOST_CHECK(routes->permits("GET", path));
  const auto response = ask("GET", path);
  BOOST_CHECK_EQUAL(response.status, 200U);
  BOOST_CHECK_EQUAL(response.content_type, "text/html");
  BOOST_CHECK_EQUAL(response.body.size(), 100'008U);
  std::map<std::string, std::string> headers(response.headers.begin(), response.headers.end());
  BOOST_CHECK_EQUAL(headers["ce-id"], "e-1");
  BOOST_CHECK_NE(headers["ce-sequence"].find("88120"), std::string::npos);
  // No browser shows it as a page of this service.
  BOOST_CHECK_EQUAL(headers["Content-Disposition"], "attachment");
  BOOST_CHECK_EQUAL(headers["Content-Security-Policy"], "default-src 'none'; sandbox");
  asked.clear();
  for (const auto& wrong : {datagram::fetch_path(88120, now, secret),
                            datagram::fetch_path(88120, now + std::chrono::hours{1}, secret + "x"),
                            std::string("/v1/events/88121") + path.substr(16), path + "&x",
                            path.substr(0, 40), std::string("/v1/events/x?") + path.substr(17)}) {
    check_problem(ask("GET", wrong), 403, Code::noaccess);
    BOOST_CHECK_MESSAGE(!routes->permits("GET", wrong), wrong);
  }
  BOOST_CHECK(asked.empty());
  check_problem(ask("GET", datagram::fetch_path(5, now + std::chrono::hours{1}, secret)), 404,
                Code::notfound);
  BOOST_CHECK_EQUAL(ask("POST", path).status, 405U);
}

BOOST_AUTO_TEST_CASE(an_event_is_fetched_with_the_rights_of_the_client_without_a_permit) {
  std::vector<std::string> asked;
  harness.context.event_at = [&](std::uint64_t sequence, const ServedClient& client, auto done) {
    asked.push_back(std::to_string(sequence) + " for " + client.principal);
    if (sequence != 88120) return done(fail(Code::notfound, "nothing that this client may read"));
    done(EventRef(std::make_shared<const Event>(sample_event())));
  };
  const auto response = ask("GET", "/v1/events/88120");
  BOOST_CHECK_EQUAL(response.status, 200U);
  check_problem(ask("GET", "/v1/events/88121"), 404, Code::notfound);
  std::map<std::string, std::string> headers(response.headers.begin(), response.headers.end());
  BOOST_CHECK_EQUAL(headers["ETag"], "\"" + std::to_string(sample_event().sequence) + "\"");
  BOOST_CHECK(headers["Cache-Control"].starts_with("private"));
  http::Request condition;
  condition.headers = {{"if-none-match", "\"1\", " + headers["ETag"]}};
  const auto known = ask("GET", "/v1/events/88120", "", condition);
  BOOST_CHECK_EQUAL(known.status, 304U);
  BOOST_CHECK_EQUAL(known.body, "");
  // Who may not read it learns nothing by a condition.
  check_problem(ask("GET", "/v1/events/88121", "", condition), 404, Code::notfound);
  condition.headers = {{"if-none-match", "\"1\""}};
  BOOST_CHECK_EQUAL(ask("GET", "/v1/events/88120", "", condition).status, 200U);
  asked.resize(2);
  const std::vector<std::string> as_client{"88120 for anonymous", "88121 for anonymous"};
  BOOST_CHECK_EQUAL_COLLECTIONS(asked.begin(), asked.end(), as_client.begin(), as_client.end());
  for (const auto* wrong : {"x", "-1", "18446744073709551616", "1.0", "%31x"})
    check_problem(ask("GET", "/v1/events/" + std::string(wrong)), 400, Code::badparam);
  BOOST_CHECK_EQUAL(asked.size(), 2U);
  // It is no permit: other machines get it with a proof only.
  BOOST_CHECK(!routes->permits("GET", "/v1/events/88120"));
}

BOOST_AUTO_TEST_SUITE_END()
