// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/leaders.hpp"

#include <boost/test/unit_test.hpp>

#include "broker/registry/registry.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

struct LeadersFixture {
  Registry registry{{}};
  VirtualClock clock;
  std::uint64_t sequence = 100;

  static RegistryEntry entry(const char* holder, std::uint64_t revision, int ttl = 5) {
    return {"leader", "http", revision,
            R"({"holder":")" + std::string(holder) + R"(","ttl":)" + std::to_string(ttl) + "}"};
  }
  // The new revision, or nothing.
  std::uint64_t put(const RegistryEntry& wanted) {
    const auto answer = registry.put(wanted, "leads", {"tester"}, sequence, clock.now());
    if (!answer) {
      refusal = answer.error();
      return 0;
    }
    changed = answer->change.has_value();
    if (changed) {
      BOOST_CHECK_EQUAL(answer->change->event->type.clark(),
                        "{urn:sense:management}leader-changed");
      row = answer->change->row;
      ++sequence;
    }
    registry.commit();
    return answer->revision;
  }

  Error refusal;
  bool changed = false;
  RegistryRow row;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(leaders_tests, LeadersFixture)

BOOST_AUTO_TEST_CASE(a_leader_stays_as_long_as_it_renews) {
  const auto token = put(entry("web1", 0));
  BOOST_CHECK_EQUAL(token, 100U);
  for (int i = 0; i < 10; ++i) {
    clock.advance(4s);
    BOOST_CHECK_EQUAL(put(entry("web1", token)), token);
    BOOST_CHECK(!changed);  // nothing to journal
    BOOST_CHECK_EQUAL(put(entry("web2", token)), 0U);
    BOOST_CHECK(refusal.code == Code::badcontext);
    BOOST_CHECK_NE(refusal.message.find("web1 leads"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(another_leads_when_the_time_is_over_with_a_greater_token) {
  const auto first = put(entry("web1", 0));
  clock.advance(4'999ms);
  BOOST_CHECK_EQUAL(put(entry("web2", first)), 0U);
  clock.advance(1ms);
  BOOST_CHECK_EQUAL(put(entry("web2", 0)), 0U);  // without the first one's revision
  const auto second = put(entry("web2", first));
  BOOST_CHECK_GT(second, first);
  BOOST_CHECK(changed);
  BOOST_CHECK_EQUAL(put(entry("web1", first)), 0U);  // comes back
  BOOST_CHECK_EQUAL(put(entry("web1", second)), 0U);
}

BOOST_AUTO_TEST_CASE(a_leader_that_returns_before_another_has_the_same_token) {
  const auto token = put(entry("web1", 0));
  clock.advance(1h);
  BOOST_CHECK_EQUAL(put(entry("web1", token)), token);
  BOOST_CHECK_EQUAL(put(entry("web2", token)), 0U);
}

BOOST_AUTO_TEST_CASE(a_leader_that_ends_can_be_followed_at_once_and_is_not_forgotten) {
  const auto token = put(entry("web1", 0));
  BOOST_CHECK(!registry.remove("leader", "http", token + 1, "", "tester", sequence, clock.now()));
  BOOST_CHECK_EQUAL(put(entry("web2", token)), 0U);
  const auto released =
      registry.remove("leader", "http", token, "stopped", "tester", sequence, clock.now());
  BOOST_REQUIRE(released);
  BOOST_CHECK(!released->event);
  BOOST_CHECK(!released->row.entry.value.empty());
  BOOST_CHECK_EQUAL(registry.get("leader", "http")->revision, token);
  BOOST_CHECK_GT(put(entry("web2", token)), token);
}

BOOST_AUTO_TEST_CASE(after_a_restart_of_the_broker_the_time_begins_anew) {
  const auto token = put(entry("web1", 0));
  Registry again{{}};
  clock.advance(1h);
  BOOST_REQUIRE(again.load(row, clock.now()));
  std::swap(registry, again);
  BOOST_CHECK_EQUAL(put(entry("web2", token)), 0U);
  clock.advance(5s);
  BOOST_CHECK_GT(put(entry("web2", token)), token);
}

BOOST_AUTO_TEST_CASE(kinds_of_gateways_have_leaders_of_their_own) {
  const auto token = put(entry("web1", 0));
  auto other = entry("mail1", 0);
  other.key = "email";
  BOOST_CHECK_GT(put(other), token);
}

BOOST_AUTO_TEST_CASE(what_is_no_leader_is_refused) {
  for (const auto* value :
       {"{}", "[]", "x", R"({"holder":"a"})", R"({"holder":"","ttl":5})",
        R"({"holder":"a","ttl":0})", R"({"holder":"a","ttl":61})", R"({"holder":"a","ttl":1.5})",
        R"({"holder":"a","ttl":"5"})", R"({"holder":1,"ttl":5})",
        R"({"holder":"a","ttl":5,"more":1})", R"({"holder":"a","ttl":99999999999999999999})"}) {
    BOOST_TEST_CONTEXT(value) {
      BOOST_CHECK_EQUAL(put({"leader", "http", 0, value}), 0U);
      BOOST_CHECK(refusal.code == Code::badparam);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
