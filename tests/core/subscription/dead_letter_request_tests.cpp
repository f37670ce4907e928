// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/dead_letter_request.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const WallTime noon{std::chrono::seconds{1'700'000'000}};

DeadLetterSelection of_one(std::int64_t id) {
  DeadLetterSelection selection;
  selection.id = id;
  return selection;
}

DeadLetterSelection everything() {
  DeadLetterSelection selection;
  selection.all = true;
  return selection;
}

Event request_with(std::string data) {
  auto event = dead_letter_request_event("web", {DeadLetterAction::purge, everything()}, noon);
  event.data = std::move(data);
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dead_letter_request_tests)

BOOST_AUTO_TEST_CASE(a_request_is_read_as_it_was_made) {
  DeadLetterSelection some;
  some.subscription = "s-1";
  some.since = noon - 1h;
  for (const auto action : {DeadLetterAction::redrive, DeadLetterAction::purge})
    for (const auto& selection : {of_one(17), some, everything()}) {
      const auto event = dead_letter_request_event("web", {action, selection}, noon);
      BOOST_CHECK(validate(event).has_value());
      BOOST_CHECK_EQUAL(event.subject, "web");
      BOOST_CHECK(requested_action(event.type) == action);
      BOOST_CHECK(is_about_dead_letters(event.type));
      const auto request = dead_letter_request(event);
      BOOST_REQUIRE_MESSAGE(request, (request ? "" : request.error().message));
      BOOST_CHECK((*request == DeadLetterRequest{action, selection}));
    }
}

BOOST_AUTO_TEST_CASE(a_selection_says_something_and_one_thing_only) {
  BOOST_CHECK(!validate(DeadLetterSelection{}));
  BOOST_CHECK(!validate(of_one(-1)));
  auto both = of_one(1);
  both.all = true;
  BOOST_CHECK(!validate(both));
  both = of_one(1);
  both.subscription = "s-1";
  BOOST_CHECK(!validate(both));
  both = everything();
  both.since = noon;
  BOOST_CHECK(!validate(both));
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_selects_nothing) {
  for (const auto* data : {"",
                           "{",
                           "[]",
                           "null",
                           "7",
                           "{}",
                           R"({"all":false})",
                           R"({"all":1})",
                           R"({"id":0})",
                           R"({"id":-1})",
                           R"({"id":1.5})",
                           R"({"id":"1"})",
                           R"({"id":9223372036854775808})",
                           R"({"subscription":""})",
                           R"({"subscription":1})",
                           R"({"since":"yesterday"})",
                           R"({"since":1})",
                           R"({"id":1,"all":true})",
                           R"({"all":true,"before":"x"})",
                           R"({"all":true,"gateway":"web"})"}) {
    const auto request = dead_letter_request(request_with(data));
    BOOST_CHECK_MESSAGE(!request.has_value(), data);
    if (!request) BOOST_CHECK_MESSAGE((request.error().code == Code::badparam), data);
  }
  const auto unknown = dead_letter_request(request_with(R"({"all":true,"before":"x"})"));
  BOOST_CHECK_NE(unknown.error().message.find("'before'"), std::string::npos);
  BOOST_CHECK(
      !dead_letter_request(request_with(R"({"subscription":")" + std::string(5000, 's') + "\"}")));
  BOOST_CHECK(!dead_letter_request(request_with(std::string(4096, '['))));
}

BOOST_AUTO_TEST_CASE(only_five_types_are_about_dead_letters) {
  const auto is = [](const char* type) { return is_about_dead_letters(*QName::parse(type)); };
  for (const auto* local : {"redrive", "purge", "redriven", "purged", "progress"})
    BOOST_CHECK(is((std::string("{urn:sense:management}dead-letters-") + local).c_str()));
  BOOST_CHECK(!is("{urn:sense:management}dead-letter"));
  BOOST_CHECK(!is("{urn:sense:management}dead-letters-x"));
  BOOST_CHECK(!is("{urn:other}dead-letters-purge"));
  BOOST_CHECK(!requested_action(*QName::parse("{urn:other}dead-letters-purge")));
  BOOST_CHECK(!requested_action(*QName::parse("{urn:sense:management}dead-letters-purged")));
}

BOOST_AUTO_TEST_CASE(an_answer_says_how_many_and_why_not_the_others) {
  DeadLetterOutcome outcome;
  outcome.gateway = "web";
  outcome.request = 88;
  outcome.correlation = "01ABC";
  outcome.by = "ops";
  outcome.asked = {DeadLetterAction::redrive, everything()};
  outcome.done = 5;
  outcome.refused[static_cast<std::size_t>(DeadLetterRefusal::expired)] = 2;
  outcome.refused[static_cast<std::size_t>(DeadLetterRefusal::subscription_gone)] = 1;
  const auto event = dead_letter_outcome_event(outcome, noon);
  BOOST_CHECK(validate(event).has_value());
  BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:management}dead-letters-redriven");
  BOOST_CHECK_EQUAL(event.source, "/sense/gateway/web");
  BOOST_CHECK_EQUAL(event.correlationid, "01ABC");
  const json expected = {
      {"gateway", "web"}, {"request", 88},
      {"by", "ops"},      {"selection", {{"all", true}}},
      {"redriven", 5},    {"refused", {{"expired", 2}, {"subscription-gone", 1}}}};
  BOOST_CHECK_EQUAL(json::parse(event.data), expected);
  const auto read = dead_letter_outcome(event);
  BOOST_REQUIRE(read);
  BOOST_CHECK_EQUAL(read->request, 88U);
  BOOST_CHECK_EQUAL(read->done, 5U);
  BOOST_CHECK_EQUAL(read->refused_in_all(), 3U);
  BOOST_CHECK(read->finished);
  BOOST_CHECK(read->asked == outcome.asked);
}

BOOST_AUTO_TEST_CASE(the_last_answer_has_one_id_and_progress_has_many) {
  DeadLetterOutcome outcome;
  outcome.gateway = "web";
  outcome.request = 88;
  outcome.asked = {DeadLetterAction::purge, of_one(3)};
  const auto first = dead_letter_outcome_event(outcome, noon);
  BOOST_CHECK_EQUAL(first.type.local(), "dead-letters-purged");
  BOOST_CHECK_EQUAL(dead_letter_outcome_event(outcome, noon + 1h).id, first.id);
  outcome.correlation = "the request of another journal";
  BOOST_CHECK_NE(dead_letter_outcome_event(outcome, noon).id, first.id);
  outcome.finished = false;
  const auto progress = dead_letter_outcome_event(outcome, noon);
  BOOST_CHECK_EQUAL(progress.type.local(), "dead-letters-progress");
  BOOST_CHECK_NE(dead_letter_outcome_event(outcome, noon).id, progress.id);
  BOOST_CHECK(!dead_letter_outcome(progress)->finished);
}

BOOST_AUTO_TEST_CASE(an_answer_that_cannot_be_read_is_an_error_and_no_crash) {
  auto event = dead_letter_outcome_event({}, noon);
  for (const auto* data : {"", "[]", "{"}) {
    event.data = data;
    BOOST_CHECK_MESSAGE(!dead_letter_outcome(event).has_value(), data);
  }
  event.data = R"({"gateway":1,"request":"x","redriven":-1,"refused":[1],"selection":{"id":"x"}})";
  const auto read = dead_letter_outcome(event);
  BOOST_REQUIRE(read);
  BOOST_CHECK_EQUAL(read->done, 0U);
  BOOST_CHECK_EQUAL(read->refused_in_all(), 0U);
  BOOST_CHECK(!dead_letter_outcome(request_with("{}")));
}

BOOST_AUTO_TEST_SUITE_END()
