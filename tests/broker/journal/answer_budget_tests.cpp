// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/answer_budget.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <vector>

using namespace sense;

namespace {

constexpr std::size_t mib = 1024 * 1024;
constexpr auto small = AnswerBudget::small_octets_max;

struct BudgetFixture {
  Counters counters;
  AnswerBudget budget{{4 * mib, 6 * mib, 9 * mib}, counters};
  std::vector<AnswerBudget::Hold> held;

  // The octets of a reservation that is kept.
  std::size_t reserve(const std::string& client, const std::string& principal,
                      std::size_t wanted = mib) {
    held.push_back(budget.reserve(client, principal, wanted));
    return held.back().octets();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_budget_tests)

BOOST_AUTO_TEST_CASE(client_reserves_half_of_its_octets_and_waits_then) {
  BudgetFixture fixture;
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A"), mib);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A"), mib);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A"), 0u);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A", 1), 0u);
  BOOST_CHECK_EQUAL(fixture.reserve("b", "A"), mib);
  fixture.held.erase(fixture.held.begin());
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A"), mib);
}

BOOST_AUTO_TEST_CASE(answer_longer_than_the_budget_is_made_shorter) {
  BudgetFixture fixture;
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A", 5 * mib), 2 * mib);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A", 5 * mib), 0u);
}

BOOST_AUTO_TEST_CASE(clients_of_a_principal_over_its_octets_get_one_small_answer_each) {
  BudgetFixture fixture;
  for (const std::string client : {"a", "b", "c"})
    BOOST_CHECK_EQUAL(fixture.reserve(client, "A", 2 * mib), 2 * mib);
  BOOST_CHECK_EQUAL(fixture.reserve("d", "A", 2 * mib), small);
  BOOST_CHECK_EQUAL(fixture.reserve("d", "A", 2 * mib), 0u);
  BOOST_CHECK_EQUAL(fixture.reserve("e", "A", 10), 10u);
  BOOST_CHECK_EQUAL(fixture.reserve("e", "A", 10), 0u);
  BOOST_CHECK_EQUAL(fixture.reserve("f", "B", 2 * mib), 2 * mib);
}

BOOST_AUTO_TEST_CASE(principals_over_the_octets_of_all_get_small_answers) {
  BudgetFixture fixture;
  for (const std::string client : {"a", "b", "c"})
    BOOST_CHECK_EQUAL(fixture.reserve(client, "A", 2 * mib), 2 * mib);
  BOOST_CHECK_EQUAL(fixture.reserve("d", "B", 2 * mib), 2 * mib);
  BOOST_CHECK_EQUAL(fixture.reserve("e", "C", 2 * mib), mib);
  BOOST_CHECK_EQUAL(fixture.reserve("f", "D", 2 * mib), small);
  BOOST_CHECK_EQUAL(fixture.reserve("f", "D", 2 * mib), 0u);
}

BOOST_AUTO_TEST_CASE(made_answer_counts_as_long_as_it_is) {
  BudgetFixture fixture;
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A", 2 * mib), 2 * mib);
  fixture.held[0].resize(1);
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 1u);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A", mib), mib);
  fixture.held[1].resize(3 * mib);
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 3 * mib + 1);
  BOOST_CHECK_EQUAL(fixture.counters["broker.answers.octets"].load(), 3 * mib + 1);
  fixture.held.clear();
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 0u);
  BOOST_CHECK_EQUAL(fixture.counters["broker.answers.octets"].load(), 0u);
}

BOOST_AUTO_TEST_CASE(moved_hold_is_given_back_once) {
  BudgetFixture fixture;
  auto first = fixture.budget.hold("a", "A", 10);
  auto second = std::move(first);
  first = fixture.budget.hold("a", "A", 5);
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 15u);
  first = std::move(second);
  second = {};
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 10u);
  first = {};
  BOOST_CHECK_EQUAL(fixture.budget.octets(), 0u);
}

BOOST_AUTO_TEST_CASE(client_is_full_only_by_answers_of_its_own) {
  BudgetFixture fixture;
  auto others = fixture.budget.hold("b", "A", 100 * mib);
  BOOST_CHECK(!fixture.budget.is_full("a"));
  BOOST_CHECK(fixture.budget.is_full("b"));
  auto own = fixture.budget.hold("a", "A", 4 * mib - 1);
  BOOST_CHECK(!fixture.budget.is_full("a"));
  own.resize(4 * mib);
  BOOST_CHECK(fixture.budget.is_full("a"));
}

BOOST_AUTO_TEST_CASE(room_is_told_once_to_who_had_none) {
  BudgetFixture fixture;
  int told = 0;
  fixture.budget.on_room([&] { ++told; });
  fixture.reserve("a", "A", 2 * mib);
  fixture.held[0].resize(2 * mib - 1);
  BOOST_CHECK_EQUAL(told, 0);
  fixture.held[0].resize(2 * mib);
  BOOST_CHECK_EQUAL(fixture.reserve("a", "A"), 0u);
  BOOST_CHECK_EQUAL(told, 0);
  fixture.held[0].resize(1);
  fixture.held[0].resize(0);
  BOOST_CHECK_EQUAL(told, 1);
}

BOOST_AUTO_TEST_SUITE_END()
