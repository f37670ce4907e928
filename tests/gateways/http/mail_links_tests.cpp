// SPDX-License-Identifier: Apache-2.0
// What the links in mails lead to, and what a peer that has proved nothing may do with them.
#include "gateways/http/management/mail_links.hpp"

#include "core/http/problem.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;

namespace {

const std::string form_type = "application/x-www-form-urlencoded";

struct LinksFixture : RoutesFixture {
  LinksFixture() : id(create(R"({"callback":"mailto:user@example.org"})")) {
    harness.subscriptions.all[id]->state = SubscriptionState::pending;
  }

  std::string path(const std::string& what) const { return "/v1/subscriptions/" + id + "/" + what; }
  http::Response post(const std::string& target, const std::string& body,
                      const std::string& type = form_type) {
    http::Request request;
    request.headers = {{"content-type", type}};
    return ask("POST", target, body, request);
  }
  SubscriptionState state() { return harness.subscriptions.all[id]->state; }
  std::uint64_t refused() { return harness.counters["http.links.refused"]; }

  std::string id;
};

std::string header_of(const http::Response& response, const std::string& name) {
  std::string found;
  for (const auto& [key, value] : response.headers)
    if (key == name) found += value;
  return found;
}

void check_page(const http::Response& response, unsigned status, const std::string& part) {
  BOOST_CHECK_EQUAL(response.status, status);
  BOOST_CHECK_EQUAL(response.content_type, "text/html; charset=utf-8");
  BOOST_CHECK_MESSAGE(response.body.find(part) != std::string::npos, response.body);
  BOOST_CHECK_EQUAL(response.body.find("<script"), std::string::npos);
  BOOST_CHECK_EQUAL(header_of(response, "Content-Security-Policy"),
                    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; "
                    "base-uri 'none'");
  BOOST_CHECK_EQUAL(header_of(response, "Referrer-Policy"), "same-origin");
  BOOST_CHECK_EQUAL(header_of(response, "Cache-Control"), "no-store");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mail_links_tests, LinksFixture)

BOOST_AUTO_TEST_CASE(a_get_shows_a_button_and_changes_and_looks_up_nothing) {
  harness.clients.asked.clear();
  const auto before = state();
  for (const auto* what : {"confirm", "unsubscribe"})
    for (const auto* method : {"GET", "HEAD"})
      for (const auto& target : {path(what), "/v1/subscriptions/none/" + std::string(what)}) {
        const auto page = ask(method, target + "?token=good");
        check_page(page, 200, "<form method=\"post\" action=\"" + std::string(what) + "\">");
        check_page(page, 200, "name=\"token\" value=\"good\"");
      }
  BOOST_CHECK(state() == before);
}

BOOST_AUTO_TEST_CASE(a_page_repeats_nothing_that_could_be_markup) {
  for (const auto* wrong : {"", "?token=", "?token=%3Cscript%3E", "?token=a%20b", "?token=a%22b",
                            "?token=good&x=1", "?token=good&token=good", "?token=%00", "?x=good"})
    check_problem(ask("GET", path("confirm") + wrong), 400, Code::badparam);
  check_problem(ask("GET", path("confirm") + "?token=" + std::string(129, 'x')), 400,
                Code::badparam);
  const auto page =
      ask("GET", "/v1/subscriptions/%3Cscript%3Ealert(1)%3C%2Fscript%3E/confirm?token=good");
  check_page(page, 200, "&lt;script&gt;");
}

BOOST_AUTO_TEST_CASE(the_button_confirms_once_and_says_so) {
  check_page(post(path("confirm"), "token=good"), 200, "The subscription is confirmed.");
  BOOST_CHECK(state() == SubscriptionState::active);
  check_page(post(path("unsubscribe"), "token=good", form_type + "; charset=utf-8"), 200,
             "The subscription has ended.");
  BOOST_CHECK(state() == SubscriptionState::ended);
  BOOST_CHECK_EQUAL(refused(), 0U);
}

BOOST_AUTO_TEST_CASE(programs_are_answered_in_json) {
  const auto confirmed = ask("POST", path("confirm"), R"({"token":"good"})");
  BOOST_CHECK_EQUAL(confirmed.status, 200U);
  BOOST_CHECK_EQUAL(confirmed.content_type, "application/json");
  check_problem(ask("POST", path("unsubscribe"), R"({"token":"wrong"})"), 403, Code::noaccess);
  const auto left = ask("POST", path("unsubscribe"), R"({"token":"good"})");
  BOOST_CHECK_EQUAL(nlohmann::json::parse(left.body)["state"], "ended");
}

BOOST_AUTO_TEST_CASE(a_mail_program_ends_it_with_one_click) {
  const auto target = path("unsubscribe") + "?token=good";
  check_page(post(target, "List-Unsubscribe=One-Click"), 200, "has ended");
  BOOST_CHECK(state() == SubscriptionState::ended);
  harness.subscriptions.all[id]->state = SubscriptionState::active;
  const std::string parts =
      "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
      "--x--\r\n";
  check_page(post(target, parts, "multipart/form-data; boundary=x"), 200, "has ended");
  BOOST_CHECK(state() == SubscriptionState::ended);
}

// A token in the URL alone is what a scanner or a prefetcher has, too.
BOOST_AUTO_TEST_CASE(a_post_without_a_token_of_its_own_changes_nothing) {
  for (const auto* what : {"confirm", "unsubscribe"})
    for (const auto* body : {"", "x=1", "token=", "token=good&token=good", "token=good&x=1",
                             "Token=good", "List-Unsubscribe=one-click",
                             "List-Unsubscribe=One-Click&x=1", "token=%zz", "token=a%0Ab"}) {
      const auto answer = post(path(what) + "?token=good", body);
      check_page(answer, 400, "<p>");
      const auto without = post(path(what), body);
      check_page(without, 400, "<p>");
    }
  check_page(post(path("confirm") + "?token=good", "List-Unsubscribe=One-Click"), 400, "<p>");
  check_page(
      post(path("unsubscribe") + "?token=good", "name=\"List-Unsubscribe\"", "multipart/form-data"),
      400, "<p>");
  check_page(post(path("unsubscribe"), "token=good&" + std::string(17'000, 'x')), 413, "16384");
  check_problem(ask("POST", path("unsubscribe") + "?token=good"), 400, Code::protoerror);
  BOOST_CHECK(state() == SubscriptionState::pending);
}

BOOST_AUTO_TEST_CASE(a_wrong_token_and_no_subscription_are_one_answer_and_are_counted) {
  harness.clients.refusals.clear();
  for (const auto* what : {"confirm", "unsubscribe"}) {
    const auto wrong = post(path(what), "token=wrong");
    const auto none = post("/v1/subscriptions/none/" + std::string(what), "token=good");
    check_page(wrong, 403, "This link is not valid");
    BOOST_CHECK_EQUAL(wrong.body, none.body);
    const auto json = ask("POST", path(what), R"({"token":"wrong"})");
    check_problem(json, 403, Code::noaccess);
    BOOST_CHECK_EQUAL(
        json.body,
        ask("POST", "/v1/subscriptions/none/" + std::string(what), R"({"token":"wrong"})").body);
  }
  BOOST_CHECK(state() == SubscriptionState::pending);
  BOOST_CHECK_EQUAL(refused(), 8U);
  BOOST_REQUIRE_EQUAL(harness.clients.refusals.size(), 8U);
  BOOST_CHECK_EQUAL(harness.clients.refusals[0].request, "POST /v1/subscriptions/ID/confirm");
  BOOST_CHECK(harness.clients.refusals[0].error.code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(few_are_under_way_at_once) {
  auto links = std::make_shared<http::MailLinks>(harness.context);
  auto held = std::make_shared<FakeSubscriptions>();
  held->hold_leave = true;
  std::vector<unsigned> answers;
  const auto open = [&] {
    http::Request request;
    request.headers = {{"content-type", form_type}};
    request.body = "token=guess";
    links->unsubscribe({held, {}, "s-1", "", request},
                       [&](const http::Response& given) { answers.push_back(given.status); });
  };
  for (std::size_t i = 0; i < http::MailLinks::under_way_max; ++i) open();
  BOOST_CHECK(answers.empty());
  open();
  BOOST_REQUIRE_EQUAL(answers.size(), 1U);
  BOOST_CHECK_EQUAL(answers[0], http::status_of(Code::nomoreroom));
  BOOST_CHECK_EQUAL(harness.counters["http.links.no-room"], 1U);
  // An answer makes room.
  held->leaving.front()(fail(Code::noaccess, "wrong"));
  BOOST_CHECK_EQUAL(answers.back(), 403U);
  open();
  BOOST_CHECK_EQUAL(answers.size(), 2U);
  // What is answered after the end goes nowhere.
  links.reset();
  held->leaving.back()(fail(Code::noaccess, "wrong"));
  BOOST_CHECK_EQUAL(answers.size(), 2U);
}

BOOST_AUTO_TEST_CASE(other_machines_may_follow_links_and_nothing_else) {
  BOOST_CHECK(!routes->permits("GET", path("confirm")));
  routes = std::make_shared<http::Routes>(harness.context, http::Routes::Options{.links = true});
  for (const auto* method : {"GET", "HEAD", "POST"})
    for (const auto* what : {"confirm", "unsubscribe", "confirm?token=x"})
      BOOST_CHECK_MESSAGE(routes->permits(method, path(what)), method << " " << what);
  for (const auto* method : {"DELETE", "PATCH", "PUT", "OPTIONS", "get", ""})
    BOOST_CHECK_MESSAGE(!routes->permits(method, path("confirm")), method);
  for (const auto* target :
       {"/v1/subscriptions", "/v1/subscriptions/", "/v1/subscriptions/x",
        "/v1/subscriptions/confirm", "/v1/subscriptions//confirm", "/v1/subscriptions/x/pause",
        "/v1/subscriptions/x/confirm/", "/v1/subscriptions/x/y/confirm",
        "/v1/subscriptions/x?/confirm", "/v1/events", "/v1/events?x=/v1/subscriptions/x/confirm",
        "//v1/subscriptions/x/confirm", "*", ""})
    for (const auto* method : {"GET", "POST"})
      BOOST_CHECK_MESSAGE(!routes->permits(method, target), method << " " << target);
}

BOOST_AUTO_TEST_SUITE_END()
