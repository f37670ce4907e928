// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/verification_budget.hpp"

#include <boost/test/unit_test.hpp>

#include "gateways/host/host.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

struct BudgetFixture {
  VerificationBudget::Limits limits{{3, 5}, {10, 20}, {12, 30}, 100};
  MonoTime now{};

  // How many of so many questions begin, each of which ends without agreement.
  static std::size_t asked(VerificationBudget& budget, std::size_t count, const std::string& owner,
                           const std::string& address, MonoTime now) {
    std::size_t begun = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!budget.take(owner, address, now)) continue;
      ++begun;
      budget.settle(owner, address, false);
    }
    return begun;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verification_budget_tests, BudgetFixture)

BOOST_AUTO_TEST_CASE(an_address_is_asked_so_often_in_an_hour_and_in_a_day) {
  VerificationBudget budget(limits);
  BOOST_CHECK_EQUAL(asked(budget, 500, "eve", "victim@example.org", now), 3U);
  BOOST_CHECK(budget.check("eve", "victim@example.org", now).error().code == Code::nomoreroom);
  BOOST_CHECK_EQUAL(asked(budget, 10, "eve", "victim@example.org", now + 1h - 1s), 0U);
  BOOST_CHECK_EQUAL(asked(budget, 10, "eve", "victim@example.org", now + 1h), 2U);
  BOOST_CHECK_EQUAL(asked(budget, 10, "eve", "victim@example.org", now + 24h - 1s), 0U);
  BOOST_CHECK_EQUAL(asked(budget, 10, "eve", "victim@example.org", now + 24h), 3U);
}

BOOST_AUTO_TEST_CASE(one_who_has_used_up_an_address_takes_no_room_of_others) {
  VerificationBudget budget(limits);
  BOOST_CHECK_EQUAL(asked(budget, 500, "eve", "victim@example.org", now), 3U);
  BOOST_CHECK_EQUAL(asked(budget, 1, "ada", "other@example.org", now), 1U);
  BOOST_CHECK_EQUAL(asked(budget, 1, "ada", "victim@example.org", now), 0U);
}

BOOST_AUTO_TEST_CASE(an_owner_has_a_share_of_all) {
  VerificationBudget budget(limits);
  std::size_t begun = 0;
  for (int i = 0; i < 500; ++i)
    begun += asked(budget, 1, "eve", std::to_string(i) + "@example.org", now);
  BOOST_CHECK_EQUAL(begun, 10U);
  BOOST_CHECK_EQUAL(asked(budget, 1, "ada", "other@example.org", now), 1U);
}

BOOST_AUTO_TEST_CASE(all_together_have_a_limit) {
  VerificationBudget budget(limits);
  std::size_t begun = 0;
  for (int i = 0; i < 500; ++i)
    begun += asked(budget, 1, "owner" + std::to_string(i), std::to_string(i) + ".example", now);
  BOOST_CHECK_EQUAL(begun, 12U);
  BOOST_CHECK(!budget.check("ada", "new.example", now));
  BOOST_CHECK(budget.check("ada", "new.example", now + 1h));
}

BOOST_AUTO_TEST_CASE(what_agrees_does_not_count_and_what_is_under_way_may_agree) {
  VerificationBudget budget(limits);
  for (int i = 0; i < 500; ++i) {
    BOOST_REQUIRE(budget.take("ada", "hooks.example", now));
    budget.settle("ada", "hooks.example", true);
  }
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(budget.take("ada", "hooks.example", now));
  BOOST_CHECK(!budget.take("ada", "hooks.example", now));
  BOOST_CHECK(budget.check("ada", "hooks.example", now));
  for (int i = 0; i < 3; ++i) budget.settle("ada", "hooks.example", false);
  BOOST_CHECK(!budget.check("ada", "hooks.example", now));
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_a_full_table_refuses) {
  limits.owner = limits.all = {0, 0};
  VerificationBudget budget(limits);
  std::size_t begun = 0;
  for (int i = 0; i < 1000; ++i)
    begun += asked(budget, 1, "eve", std::to_string(i) + ".example", now);
  BOOST_CHECK_EQUAL(begun, 100U);
  BOOST_CHECK_EQUAL(budget.addresses(), 100U);
  BOOST_CHECK_EQUAL(asked(budget, 1, "eve", "0.example", now), 1U);
  BOOST_CHECK_EQUAL(asked(budget, 1, "eve", "new.example", now + 24h), 1U);
  BOOST_CHECK_EQUAL(budget.addresses(), 1U);
}

BOOST_AUTO_TEST_CASE(zero_is_no_limit) {
  VerificationBudget budget({{0, 0}, {0, 0}, {0, 0}, 100});
  BOOST_CHECK_EQUAL(asked(budget, 5000, "eve", "victim.example", now), 5000U);
}

BOOST_AUTO_TEST_CASE(the_options_give_the_limits) {
  const auto set = VerificationBudget::limits_of(Settings::defaults(gateway_host_options()));
  BOOST_CHECK_EQUAL(set.address.hour, 10U);
  BOOST_CHECK_EQUAL(set.address.day, 30U);
  BOOST_CHECK_GT(set.owner.day, set.owner.hour);
  BOOST_CHECK_GT(set.all.hour, set.owner.hour);
}

BOOST_AUTO_TEST_SUITE_END()
