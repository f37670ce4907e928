// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_edit.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(subscription_edit_tests)

using namespace sense;

namespace {

Subscription whole() {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.revision = 7;
  subscription.since = 5;
  subscription.owner = "ada";
  subscription.callback = "https://desk.example/events";
  subscription.types = {*TypePattern::parse("{urn:p}jam")};
  subscription.filter = "severity < 4";
  subscription.state = SubscriptionState::paused;
  subscription.reason = "why";
  subscription.challenge_hash = std::string(64, 'a');
  subscription.labels = {{"room", "2"}, {"team", "red"}};
  subscription.delivery.window = 3;
  subscription.delivery.retry_count = 8;
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_patch_changes_nothing) {
  BOOST_CHECK((edited(whole(), "{}").value() == whole()));
  BOOST_CHECK(differences(whole(), whole()).empty());
}

BOOST_AUTO_TEST_CASE(members_are_replaced_taken_away_and_merged) {
  const auto after =
      edited(whole(), R"({"types":null,"filter":"id = '1'","labels":{"room":null,"floor":"3"},)"
                      R"("delivery":{"window":null}})");
  BOOST_REQUIRE_MESSAGE(after, (after ? "" : after.error().message));
  auto expected = whole();
  expected.types.clear();
  expected.filter = "id = '1'";
  expected.labels = {{"floor", "3"}, {"team", "red"}};
  expected.delivery.window.reset();
  BOOST_CHECK(*after == expected);
  const std::vector<std::string_view> names = {"types", "filter", "delivery", "labels"};
  BOOST_CHECK(differences(whole(), *after) == names);
}

BOOST_AUTO_TEST_CASE(filters_are_set_replaced_and_taken_away) {
  const auto set = edited(whole(), R"({"filters":[{"exact":{"type":"b","id":"1"}}]})");
  BOOST_REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
  BOOST_CHECK_EQUAL(set->filter.text(), "severity < 4");
  BOOST_CHECK_EQUAL(set->filter.filters(), R"([{"exact":{"id":"1","type":"b"}}])");
  const std::vector<std::string_view> names = {"filters"};
  BOOST_CHECK(differences(whole(), *set) == names);
  BOOST_CHECK((edited(*set, R"({"labels":{}})").value() == *set));
  const auto replaced = edited(*set, R"({"filters":[{"sql":"true"}]})");
  BOOST_REQUIRE(replaced);
  BOOST_CHECK_EQUAL(replaced->filter.filters(), R"([{"sql":"true"}])");
  BOOST_CHECK((edited(*set, R"({"filters":null})").value() == whole()));
  BOOST_CHECK((edited(*set, R"({"filters":[]})").value() == whole()));
  const auto without_filter = edited(*set, R"({"filter":null})");
  BOOST_REQUIRE(without_filter);
  BOOST_CHECK(without_filter->filter == SubscriptionFilter("", set->filter.filters()));
  const auto refused = edited(*set, R"({"filters":[{"exact":{"id":""}}]})");
  BOOST_REQUIRE(!refused);
  BOOST_CHECK_EQUAL(refused.error().field, "filters");
}

BOOST_AUTO_TEST_CASE(the_deepest_filters_are_set) {
  std::string filters = R"({"exact":{"id":"1"}})";
  for (int i = 0; i < 5; ++i) filters = R"({"any":[)" + filters + "]}";
  const auto set = edited(whole(), R"({"filters":[)" + filters + "]}");
  BOOST_REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
  BOOST_CHECK_EQUAL(set->filter.filters(), "[" + filters + "]");
}

BOOST_AUTO_TEST_CASE(another_callback_is_pending_and_the_same_one_is_not) {
  const auto moved = edited(whole(), R"({"callback":"https://other.example/"})");
  BOOST_REQUIRE(moved);
  BOOST_CHECK(moved->state == SubscriptionState::pending);
  BOOST_CHECK(moved->challenge_hash.empty());
  BOOST_CHECK(moved->reason.empty());
  BOOST_CHECK(
      (edited(whole(), R"({"callback":"https://desk.example/events"})").value() == whole()));
}

BOOST_AUTO_TEST_CASE(what_is_not_the_owners_to_change_is_refused_by_name) {
  for (const auto* name : {"id", "revision", "since", "owner", "via", "created", "updated",
                           "expires", "period", "state", "reason", "challengehash", "x"}) {
    const auto refused = edited(whole(), "{\"" + std::string(name) + "\":null}");
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().code == Code::badparam);
    BOOST_CHECK_NE(refused.error().message.find(name), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
