// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/notices/notices.hpp"

#include <nlohmann/json.hpp>

#include "tests/gateways/engine_fixture.hpp"

using nlohmann::json;
using sense::DeadLetterNotices;
using sense::Engine;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  sense::VirtualClock clock;
  DeadLetterNotices notices{"web"};
  std::string owner = "shop";
  std::vector<std::string> owners;  // that the taken ones name

  void add_dead_letter(const char* subscription, std::uint64_t number,
                       sense::EventRef event = nullptr) {
    notices.add({subscription, number, number + 100, 3, "undeliverable", "HTTP 500",
                 std::move(event), owner});
  }
  void add_expired(const char* subscription, std::uint64_t number,
                   sense::EventRef event = nullptr) {
    notices.add_expired({subscription, number, number + 100, 0, "expired", {}, std::move(event)});
  }
  std::vector<json> take(const char* type = "dead-letter") {
    std::vector<json> found;
    for (const auto& event : notices.take_due(clock.now())) {
      BOOST_CHECK(validate(event).has_value());
      BOOST_CHECK_EQUAL(event.type.clark(), std::string("{urn:sense:management}") + type);
      BOOST_CHECK_EQUAL(event.source, "/sense/gateway/web");
      found.push_back(json::parse(event.data));
      owners.push_back(event.extensions.contains("owner")
                           ? std::get<std::string>(event.extensions.at("owner"))
                           : "");
      BOOST_CHECK_EQUAL(found.back().value("subscription", ""), event.subject);
    }
    return found;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(notices_tests, Fixture)

BOOST_AUTO_TEST_CASE(the_first_dead_letter_is_published_at_once_without_the_answer) {
  add_dead_letter("s-1", 7);
  const auto published = take();
  const json expected = {
      {"gateway", "web"}, {"count", 1},    {"subscription", "s-1"},    {"number", 7},
      {"sequence", 107},  {"attempts", 3}, {"reason", "undeliverable"}};
  BOOST_REQUIRE_EQUAL(published.size(), 1U);
  BOOST_CHECK_EQUAL(published[0], expected);
  BOOST_CHECK(take().empty());
}

BOOST_AUTO_TEST_CASE(the_owner_is_named_unless_it_has_proved_nothing) {
  add_dead_letter("s-1", 1);
  owner = "anonymous";
  add_dead_letter("s-2", 1);
  owner.clear();
  add_dead_letter("s-3", 1);
  (void)take();
  BOOST_TEST(owners == (std::vector<std::string>{"shop", "", ""}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_failing_callback_is_reported_once_a_minute_with_a_count) {
  std::uint64_t counted = 0;
  std::size_t events = 0;
  for (std::uint64_t second = 0; second < 600; ++second) {
    add_dead_letter("s-1", second + 1);
    for (const auto& published : take()) {
      ++events;
      counted += published["count"].get<std::uint64_t>();
    }
    clock.advance(1s);
  }
  clock.advance(1min);
  for (const auto& published : take()) counted += published["count"].get<std::uint64_t>();
  BOOST_CHECK_EQUAL(events, 10U);
  BOOST_CHECK_EQUAL(counted, 600U);
}

BOOST_AUTO_TEST_CASE(one_subscription_does_not_silence_another) {
  add_dead_letter("s-1", 1);
  (void)take();
  add_dead_letter("s-1", 2);
  add_dead_letter("s-2", 1);
  const auto published = take();
  BOOST_REQUIRE_EQUAL(published.size(), 1U);
  BOOST_CHECK_EQUAL(published[0]["subscription"], "s-2");
}

BOOST_AUTO_TEST_CASE(a_dead_letter_notice_that_is_a_dead_letter_makes_no_notice) {
  add_dead_letter("s-1", 1, sense::testing::event_ref("{urn:sense:management}dead-letter", 9));
  BOOST_CHECK(take().empty());
  add_dead_letter("s-1", 1, sense::testing::event_ref("{urn:other}dead-letter", 9));
  BOOST_CHECK_EQUAL(take().size(), 1U);
}

BOOST_AUTO_TEST_CASE(what_expires_is_reported_by_itself_once_a_minute_with_a_count) {
  add_dead_letter("s-1", 1);
  BOOST_CHECK_EQUAL(take().size(), 1U);
  for (std::uint64_t number = 2; number <= 4; ++number) {
    add_expired("s-1", number);
    const auto published = take("expired");
    BOOST_REQUIRE_EQUAL(published.size(), number == 2 ? 1U : 0U);
    if (number > 2) continue;
    const json expected = {{"gateway", "web"},   {"count", 1},      {"subscription", "s-1"},
                           {"number", 2},        {"sequence", 102}, {"attempts", 0},
                           {"reason", "expired"}};
    BOOST_CHECK_EQUAL(published[0], expected);
  }
  clock.advance(1min);
  BOOST_CHECK_EQUAL(take("expired").at(0)["count"], 2);
}

BOOST_AUTO_TEST_CASE(a_notice_that_expires_makes_no_notice) {
  for (const auto* type : {"{urn:sense:management}expired", "{urn:sense:management}dead-letter"}) {
    add_expired("s-1", 1, sense::testing::event_ref(type, 9));
    add_dead_letter("s-1", 1, sense::testing::event_ref(type, 9));
  }
  BOOST_CHECK(take().empty());
}

BOOST_AUTO_TEST_CASE(more_subscriptions_than_are_kept_are_counted_together) {
  for (std::size_t i = 0; i < DeadLetterNotices::subscriptions_max + 5; ++i)
    add_dead_letter(("s-" + std::to_string(i)).c_str(), 1);
  const auto published = take();
  BOOST_REQUIRE_EQUAL(published.size(), DeadLetterNotices::subscriptions_max + 1);
  BOOST_CHECK_EQUAL(published[0]["count"], 5);  // the empty id comes first
  BOOST_CHECK(!published[0].contains("subscription"));
  BOOST_CHECK_EQUAL(owners[0], "");
}

BOOST_AUTO_TEST_CASE(a_start_notice_names_where_it_listens) {
  const auto event = sense::gateway_started_event("web", {"http", "https"},
                                                  {"http://127.0.0.1:8080"}, clock.now().wall);
  BOOST_CHECK(validate(event).has_value());
  BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:management}gateway-started");
  const json expected = {
      {"gateway", "web"}, {"schemes", {"http", "https"}}, {"listening", {"http://127.0.0.1:8080"}}};
  BOOST_CHECK_EQUAL(json::parse(event.data), expected);
}

BOOST_AUTO_TEST_SUITE_END()
