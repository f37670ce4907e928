// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/routes.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/http/problem.hpp"
#include "core/sense/fetch_url.hpp"
#include "gateways/http/http_gateway.hpp"
#include "tests/core/http/coded_bodies.hpp"
#include "tests/core/http/http_client.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

namespace {

struct Fixture {
  Fixture() : routes(std::make_shared<http::Routes>(harness.context)) {}

  http::Response ask(const std::string& method, const std::string& target,
                     const std::string& body = "", http::Request request = {}) {
    request.method = method;
    request.target = target;
    request.body = body;
    std::optional<http::Response> response;
    harness.on_reactor([&] {
      routes->handle(std::move(request), [&](http::Response given) {
        BOOST_CHECK(!response.has_value());
        response = std::move(given);
      });
    });
    BOOST_REQUIRE(response);
    return *response;
  }
  http::Response publish(const std::string& body) {
    http::Request request;
    request.headers = {{"content-type", "application/cloudevents+json"}};
    return ask("POST", "/v1/events", body, request);
  }
  std::string create(const std::string& body = R"({"callback":"http://a.example/"})") {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
    return json::parse(response.body)["id"];
  }
  void check_problem(const http::Response& response, unsigned status, Code code) {
    BOOST_CHECK_MESSAGE(response.status == status, response.body);
    BOOST_CHECK_EQUAL(response.content_type, "application/problem+json");
    const auto body = json::parse(response.body);
    BOOST_CHECK_EQUAL(body["status"], status);
    BOOST_CHECK_MESSAGE(body["code"] == static_cast<unsigned>(code), response.body);
    BOOST_CHECK_EQUAL(body["symbol"], symbol(code));
    BOOST_CHECK_GT(body["detail"].get<std::string>().size(), 5U);
  }

  PluginHarness harness;
  std::shared_ptr<http::Routes> routes;
};

const std::string event = R"({"specversion":"1.0","id":"e1","type":"{urn:x}y","source":"/a")";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(routes_tests, Fixture)

BOOST_AUTO_TEST_CASE(an_event_is_accepted_only_once_it_is_durable) {
  harness.publisher.hold = true;
  std::optional<http::Response> response;
  harness.on_reactor([&] {
    http::Request request{"POST",
                          "/v1/events",
                          {{"content-type", "application/cloudevents+json"}},
                          event + R"(,"data":{"a":1}})"};
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
  BOOST_CHECK_EQUAL(publish(event + R"(,"sequence":"9","principal":"root"})").status, 202U);
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
    check_problem(publish(event + "}"), status, code);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_event_is_not_published) {
  check_problem(ask("POST", "/v1/events", "x"), 415, Code::protoerror);
  check_problem(publish("{"), 400, Code::protoerror);
  check_problem(publish("[]"), 400, Code::protoerror);
  check_problem(publish(R"({"specversion":"1.0","id":"1","source":"/a"})"), 400, Code::varnotfound);
  http::Request request;
  request.headers = {{"content-type", "application/cloudevents-batch+json"}};
  check_problem(ask("POST", "/v1/events", "[]", request), 415, Code::protoerror);
  BOOST_CHECK(harness.publisher.published.empty());
}

BOOST_AUTO_TEST_CASE(a_subscription_is_made_as_asked) {
  const auto response = ask("POST", "/v1/subscriptions",
                            R"({"callback":"https://a.example/x","types":["{urn:x}*"],
                              "sources":["//hq.example/**"],"period":"10min",
                              "labels":{"team":"red"},"delivery":{"window":3}})");
  BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
  const auto& request = harness.subscriptions.requests.at(0);
  BOOST_CHECK_EQUAL(request.owner, "anonymous");
  BOOST_CHECK_EQUAL(request.via, "front");
  BOOST_CHECK_EQUAL(request.callback, "https://a.example/x");
  BOOST_CHECK_EQUAL(request.types.at(0).text(), "{urn:x}*");
  BOOST_CHECK_EQUAL(request.sources.at(0).text(), "//hq.example/**");
  BOOST_CHECK(request.period == Duration(std::chrono::minutes{10}));
  BOOST_CHECK_EQUAL(request.labels.at("team"), "red");
  BOOST_CHECK_EQUAL(request.delivery.window.value(), 3U);
  BOOST_CHECK(!request.callback_proved);
  const auto id = json::parse(response.body)["id"].get<std::string>();
  BOOST_CHECK_EQUAL(response.headers.at(1).second, "/v1/subscriptions/" + id);
  BOOST_CHECK_EQUAL(response.body.find("challenge"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_client_may_not_say_is_refused_by_name) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {R"({"callback":"http://a/","owner":"root"})", "owner"},
      {R"({"callback":"http://a/","state":"active"})", "state"},
      {R"({"callback":"http://a/","calback":1})", "is 'callback' meant?"},
      {R"({"callback":"http://a/","callback":"http://b/"})", "'callback' is repeated"},
      {R"({"callback":"http://a/","types":"*"})", "types"},
      {R"({"callback":"http://a/","types":["{x"]})", "types"},
      {R"({"callback":"http://a/","period":600})", "period"},
      {R"({"callback":"http://a/","period":"0s"})", "period"},
      {R"({"callback":"http://a/","delivery":{"x":1}})", "x"},
      {R"({"callback":"http://u:p@a/"})", "callback"},
      {R"({"types":[]})", "callback"},
      {R"({"callback":"http://a/","labels":{"a":{"b":{"c":{}}}}})", "labels"},
      {"[]", "object"},
      {"", "JSON"},
      {std::string(300'000, ' '), "octets"}};
  for (const auto& [body, name] : bodies) {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_CHECK_MESSAGE((response.status == 400U || response.status == 413U), body.substr(0, 100));
    BOOST_CHECK_MESSAGE(response.body.find(name) != std::string::npos, response.body);
  }
  BOOST_CHECK(harness.subscriptions.requests.empty());
}

BOOST_AUTO_TEST_CASE(the_list_pages_and_shows_only_ones_own) {
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(create());
  auto foreign = std::make_shared<Subscription>();
  foreign->id = "s-AAA";
  foreign->owner = "other";
  harness.subscriptions.all[foreign->id] = foreign;
  std::set<std::string> seen;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const auto body = json::parse(ask("GET", "/v1/subscriptions?limit=2&after=" + after).body);
    for (const auto& each : body["subscriptions"]) seen.insert(after = each["id"]);
    BOOST_CHECK_EQUAL(body["more"], (page < 2));
  }
  BOOST_TEST(seen == ids, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_list_says_what_this_version_cannot_read) {
  BOOST_CHECK(!json::parse(ask("GET", "/v1/subscriptions").body).contains("unreadable"));
  harness.subscriptions.unreadable = {{"s-1", "it has a member \"hue\""}};
  const auto body = json::parse(ask("GET", "/v1/subscriptions").body);
  BOOST_CHECK_EQUAL(body["unreadable"][0]["id"], "s-1");
  BOOST_CHECK_EQUAL(body["unreadable"][0]["reason"], "it has a member \"hue\"");
}

BOOST_AUTO_TEST_CASE(queries_are_checked) {
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "page=2",
                            "after=%zz", "after=%00", "after=%ff", "limit"})
    check_problem(ask("GET", std::string("/v1/subscriptions?") + query), 400, Code::badparam);
  BOOST_CHECK_EQUAL(ask("GET", "/v1/sources?after=a%2Fb&limit=5").status, 200U);
}

BOOST_AUTO_TEST_CASE(one_subscription_is_shown_renewed_and_cancelled) {
  const auto path = "/v1/subscriptions/" + create();
  BOOST_CHECK_EQUAL(ask("GET", path).status, 200U);
  const auto renewed = ask("POST", path + "/renew", R"({"period":"2h"})");
  BOOST_CHECK_EQUAL(renewed.status, 200U);
  BOOST_CHECK_EQUAL(json::parse(renewed.body)["period"], "2h");
  BOOST_CHECK_EQUAL(ask("POST", path + "/renew").status, 200U);
  check_problem(ask("POST", path + "/renew", R"({"period":"soon"})"), 400, Code::badparam);
  check_problem(ask("POST", path + "/renew", R"({"perod":"2h"})"), 400, Code::badparam);
  const auto cancelled = ask("DELETE", path);
  BOOST_CHECK_EQUAL(cancelled.status, 200U);
  BOOST_CHECK_EQUAL(json::parse(cancelled.body)["reason"], "cancelled");
}

BOOST_AUTO_TEST_CASE(one_subscription_is_edited_from_the_revision_that_was_seen) {
  const auto path = "/v1/subscriptions/" + create();
  const auto first = ask("PATCH", path, R"({"language":"en"})");
  BOOST_CHECK_MESSAGE(first.status == 200U, first.body);
  BOOST_CHECK_EQUAL(json::parse(first.body)["language"], "en");
  BOOST_CHECK_EQUAL(first.headers.at(0).first, "ETag");
  BOOST_CHECK_EQUAL(first.headers.at(0).second, "\"1\"");
  http::Request conditional;
  conditional.headers = {{"if-match", "\"1\""}};
  BOOST_CHECK_EQUAL(ask("PATCH", path, R"({"language":"de"})", conditional).status, 200U);
  check_problem(ask("PATCH", path, R"({"language":"fr"})", conditional), 412, Code::badcontext);
  check_problem(ask("PATCH", path, R"({"revision":1,"language":"fr"})"), 409, Code::badcontext);
  BOOST_CHECK_EQUAL(ask("PATCH", path, R"({"revision":2,"language":null})").status, 200U);
  BOOST_CHECK(!json::parse(ask("GET", path).body).contains("language"));
}

BOOST_AUTO_TEST_CASE(a_wrong_edit_names_its_field_and_changes_nothing) {
  const auto path = "/v1/subscriptions/" + create();
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"filter":"x ="})", "filter"},
           {R"({"types":"*"})", "types"},
           {R"({"callback":null})", "callback"},
           {R"({"delivery":{"window":0}})", "delivery"},
           {R"({"owner":"me"})", "owner"},
           {R"({"period":"1h"})", "period"}}) {
    const auto response = ask("PATCH", path, body);
    BOOST_CHECK_EQUAL(response.status, 400U);
    BOOST_CHECK_MESSAGE(json::parse(response.body).value("field", "") == field, response.body);
  }
  for (const auto* body : {"", "[]", "{", R"({"revision":0})", R"({"revision":"1"})",
                           R"({"language":"en","language":"de"})"})
    BOOST_CHECK_MESSAGE(ask("PATCH", path, body).status == 400U, body);
  for (const auto* tag : {"1", "\"x\"", "\"0\"", "W/\"1\"", "\""}) {
    http::Request request;
    request.headers = {{"if-match", tag}};
    check_problem(ask("PATCH", path, "{}", request), 400, Code::badparam);
  }
  BOOST_CHECK_EQUAL(json::parse(ask("GET", path).body)["revision"], 0);
}

BOOST_AUTO_TEST_CASE(one_subscription_is_paused_resumed_and_tested) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id;
  BOOST_CHECK_EQUAL(json::parse(ask("POST", path + "/pause").body)["state"], "paused");
  BOOST_CHECK_EQUAL(json::parse(ask("POST", path + "/resume").body)["state"], "active");
  const auto tested = ask("POST", path + "/test");
  BOOST_CHECK_EQUAL(tested.status, 202U);
  BOOST_CHECK_EQUAL(json::parse(tested.body)["sequence"], 1);
  BOOST_CHECK_EQUAL(harness.subscriptions.tested.at(0).first, id);
  BOOST_CHECK_EQUAL(harness.subscriptions.tested.at(0).second, "anonymous");
}

BOOST_AUTO_TEST_CASE(a_refused_creation_names_its_field) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"callback":"http://a/","filter":"x ="})", "filter"},
           {R"({"callback":"http://a/","period":"0s"})", "period"},
           {R"({"callback":"nowhere"})", "callback"},
           {R"({"callback":"http://a/","calback":1})", ""}}) {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_CHECK_MESSAGE(json::parse(response.body).value("field", "") == field, response.body);
  }
}

BOOST_AUTO_TEST_CASE(anothers_subscription_is_not_there) {
  auto foreign = std::make_shared<Subscription>();
  foreign->id = "s-AAA";
  foreign->owner = "other";
  harness.subscriptions.all[foreign->id] = foreign;
  check_problem(ask("GET", "/v1/subscriptions/s-AAA"), 404, Code::notfound);
  check_problem(ask("DELETE", "/v1/subscriptions/s-AAA"), 404, Code::notfound);
  for (const auto* what : {"renew", "pause", "resume", "test"})
    check_problem(ask("POST", std::string("/v1/subscriptions/s-AAA/") + what), 404, Code::notfound);
  check_problem(ask("PATCH", "/v1/subscriptions/s-AAA", "{}"), 404, Code::notfound);
  BOOST_CHECK(harness.subscriptions.tested.empty());
  BOOST_CHECK(foreign->state == SubscriptionState::pending);
  check_problem(ask("GET", "/v1/subscriptions/s-nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(confirming_takes_a_post_with_the_right_token) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id + "/confirm";
  check_problem(ask("GET", path + "?token=good"), 405, Code::protoerror);
  check_problem(ask("POST", path, R"({"token":"bad"})"), 403, Code::noaccess);
  check_problem(ask("POST", path, R"({})"), 400, Code::varnotfound);
  check_problem(ask("POST", path, R"({"token":7})"), 400, Code::badparam);
  BOOST_CHECK(harness.subscriptions.all.at(id)->state == SubscriptionState::pending);
  BOOST_CHECK_EQUAL(ask("POST", path, R"({"token":"good"})").status, 200U);
  BOOST_CHECK(harness.subscriptions.all.at(id)->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(sources_parameters_health_and_metrics_are_shown) {
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/sources").body)["sources"].size(), 2U);
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/parameters").body)["max-period"], "86400");
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/health").body)["status"], "ok");
  ++harness.counters["http.requests"];
  ++harness.counters["sense.datagrams.malformed"];
  const auto metrics = ask("GET", "/metrics");
  BOOST_CHECK(metrics.content_type.starts_with("text/plain; version=0.0.4"));
  BOOST_CHECK_NE(metrics.body.find("\nsense_http_requests_total 1\n"), std::string::npos);
  BOOST_CHECK_NE(metrics.body.find("sense_datagrams_malformed_total 1\n"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_told_apart) {
  for (const char* path : {"/", "/v1", "/v1/events/", "/v1/subscriptions/", "/v2/events",
                           "/v1/subscriptions/a/b", "//v1/events", "/V1/events"})
    check_problem(ask("GET", path), 404, Code::notfound);
  const auto response = ask("PUT", "/v1/subscriptions");
  check_problem(response, 405, Code::protoerror);
  BOOST_CHECK_EQUAL(response.headers.at(0).first, "Allow");
  BOOST_CHECK_EQUAL(response.headers.at(0).second, "POST, GET, HEAD, OPTIONS");
  check_problem(ask("HEAD", "/v1/events"), 405, Code::protoerror);
  check_problem(ask("HEAD", "/v1/nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(head_is_served_wherever_get_is) {
  const auto id = create();
  for (const auto& path : {std::string("/v1/subscriptions"), "/v1/subscriptions/" + id,
                           std::string("/v1/sources?limit=5"), std::string("/v1/parameters"),
                           std::string("/v1/health"), std::string("/metrics")}) {
    const auto head = ask("HEAD", path);
    const auto get = ask("GET", path);
    BOOST_CHECK_MESSAGE(head.status == 200U, path);
    BOOST_CHECK_EQUAL(head.body, get.body);  // the server leaves it out, and says its length
  }
}

BOOST_AUTO_TEST_CASE(options_says_what_a_path_takes) {
  for (const auto& [path, allowed] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/events", "POST, OPTIONS"},
           {"/v1/events/7", "GET, HEAD, OPTIONS"},
           {"/v1/subscriptions/a", "GET, HEAD, PATCH, DELETE, OPTIONS"},
           {"*", "POST, GET, HEAD, PATCH, DELETE, OPTIONS"}}) {
    const auto response = ask("OPTIONS", path);
    BOOST_CHECK_EQUAL(response.status, 204U);
    BOOST_CHECK_EQUAL(response.headers.at(0).first, "Allow");
    BOOST_CHECK_EQUAL(response.headers.at(0).second, allowed);
    BOOST_CHECK(response.body.empty());
  }
  check_problem(ask("OPTIONS", "/v1/nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(why_a_subscription_ended_is_said_to_its_owner_alone) {
  const WallTime at = *parse_rfc3339("2026-11-29T20:00:00Z");
  harness.context.ended = [&](std::string_view id) -> std::optional<EndedSubscription> {
    if (id == "s-mine") return EndedSubscription{"anonymous", "unreachable\n", at};
    if (id == "s-other") return EndedSubscription{"other", "expired", at};
    return std::nullopt;
  };
  const std::string mine = "/v1/subscriptions/s-mine";
  for (const auto& response : {ask("GET", mine), ask("DELETE", mine), ask("PATCH", mine, "{}"),
                               ask("POST", mine + "/renew"), ask("POST", mine + "/pause")}) {
    check_problem(response, 404, Code::notfound);
    const auto detail = json::parse(response.body)["detail"].get<std::string>();
    BOOST_CHECK_EQUAL(detail,
                      "subscription s-mine ended at 2026-11-29T20:00:00.000Z: "
                      "unreachable\\x0a");
  }
  for (const auto* id : {"s-other", "s-nothing"}) {
    const auto response = ask("GET", std::string("/v1/subscriptions/") + id);
    check_problem(response, 404, Code::notfound);
    BOOST_CHECK_EQUAL(response.body.find("ended"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(every_code_has_a_status) {
  for (unsigned number = 1; number <= code_max; ++number) {
    const auto status = http::status_of(*code_from_number(number));
    BOOST_CHECK_MESSAGE((status >= 400U && status < 600U), number);
  }
}

BOOST_AUTO_TEST_CASE(the_whole_gateway_answers_on_a_socket_and_stops) {
  auto options = Settings::defaults(http::http_options());
  BOOST_REQUIRE(options.set("listen", "127.0.0.1:0"));
  BOOST_REQUIRE(harness.start(http::make_http_gateway(options, harness.context)));
  const auto listening = harness.gateway->listening();
  BOOST_REQUIRE(listening.size() == 1U);
  const auto port = std::stoul(listening[0].substr(listening[0].rfind(':') + 1));
  HttpClient client(static_cast<std::uint16_t>(port));
  const auto body = event + "}";
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/cloudevents+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  BOOST_CHECK_EQUAL(client.read()->status, 202U);
  client.write("HEAD /v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read_head()->status, 200U);
  client.write("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read()->status, 204U);
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nce-specversion: 1.0\r\nce-type: a.b\r\n"
      "ce-source: /s\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
      "Content-Length: " +
      std::to_string(gzipped.size()) + "\r\n\r\n" + gzipped);
  BOOST_CHECK_EQUAL(client.read()->status, 202U);
  BOOST_CHECK_EQUAL(harness.on_reactor([&] { return harness.publisher.published.back().data; }),
                    plain);
  harness.publisher.hold = true;
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/cloudevents+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  while (harness.on_reactor([&] { return harness.publisher.held.empty(); }))
    std::this_thread::yield();
  harness.on_reactor([&] { harness.gateway->stop(); });
  BOOST_CHECK(!client.read());
  harness.on_reactor([&] { harness.publisher.held.at(0)(Receipt{1, false}); });
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_used_are_refused) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"listen", "nowhere"}, {"origin", "a b"}}) {
    auto options = Settings::defaults(http::http_options());
    BOOST_REQUIRE(options.set(key, value));
    const auto gateway = http::make_http_gateway(options, harness.context);
    BOOST_REQUIRE(!gateway);
    BOOST_CHECK_EQUAL(gateway.error().message.find(key), 0U);
  }
}

BOOST_AUTO_TEST_CASE(possession_of_its_url_authorises_fetching_an_event) {
  const std::string secret = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::vector<std::uint64_t> asked;
  harness.context.event_at = [&](std::uint64_t sequence, auto done) {
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
  BOOST_CHECK(!routes->permits(path));
  routes = std::make_shared<http::Routes>(harness.context, secret);
  BOOST_CHECK(routes->permits(path));
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
  for (const auto& wrong :
       {datagram::fetch_path(88120, now, secret),
        datagram::fetch_path(88120, now + std::chrono::hours{1}, secret + "x"),
        std::string("/v1/events/88120"), std::string("/v1/events/88121") + path.substr(16),
        path + "&x", path.substr(0, 40), std::string("/v1/events/x?") + path.substr(17)}) {
    check_problem(ask("GET", wrong), 403, Code::noaccess);
    BOOST_CHECK_MESSAGE(!routes->permits(wrong), wrong);
  }
  BOOST_CHECK(asked.empty());
  check_problem(ask("GET", datagram::fetch_path(5, now + std::chrono::hours{1}, secret)), 404,
                Code::notfound);
  BOOST_CHECK_EQUAL(ask("POST", path).status, 405U);
}

BOOST_AUTO_TEST_SUITE_END()
