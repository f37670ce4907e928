// SPDX-License-Identifier: Apache-2.0
#include "core/http/connection_budget.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>
#include <vector>

using namespace sense::http;

namespace {

using Id = ConnectionBudget::Id;

boost::asio::ip::address from(const std::string& text) {
  return boost::asio::ip::make_address(text);
}

// So many connections of one address that send nothing. How many were admitted.
std::size_t hold(ConnectionBudget& budget, const std::string& address, std::size_t count) {
  std::size_t admitted = 0;
  for (std::size_t i = 0; i < count; ++i) admitted += budget.open(from(address)).admitted ? 1 : 0;
  return admitted;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection_budget_tests)

BOOST_AUTO_TEST_CASE(one_address_has_its_share_and_others_are_served_as_before) {
  ConnectionBudget budget({256, 64});
  hold(budget, "192.0.2.1", 10'000);
  BOOST_CHECK_EQUAL(budget.size(), 64U);
  for (int i = 2; i < 102; ++i) {
    const auto other = budget.open(from("192.0.2." + std::to_string(i)));
    BOOST_REQUIRE(other.admitted);
    BOOST_CHECK(!other.closed);
  }
  BOOST_CHECK_EQUAL(budget.size(), 164U);
}

BOOST_AUTO_TEST_CASE(a_full_share_is_renewed_from_its_longest_waiting) {
  ConnectionBudget budget({256, 2});
  const auto first = *budget.open(from("192.0.2.1")).admitted;
  const auto second = *budget.open(from("192.0.2.1")).admitted;
  const auto third = budget.open(from("192.0.2.1"));
  BOOST_CHECK(third.closed == first);
  budget.set_waiting(second, false);
  budget.set_waiting(*third.admitted, false);
  const auto fourth = budget.open(from("192.0.2.1"));  // both are being served
  BOOST_CHECK(!fourth.admitted);
  BOOST_CHECK(!fourth.closed);
  budget.close(second);
  BOOST_CHECK(budget.open(from("192.0.2.1")).admitted);
}

BOOST_AUTO_TEST_CASE(a_share_is_of_an_ipv6_network_and_of_both_forms_of_ipv4) {
  ConnectionBudget budget({256, 2});
  hold(budget, "2001:db8::1", 1);
  hold(budget, "2001:db8::ffff:1", 1);
  BOOST_CHECK(budget.open(from("2001:db8::7")).closed);
  BOOST_CHECK(!budget.open(from("2001:db8:0:1::1")).closed);
  hold(budget, "192.0.2.1", 1);
  hold(budget, "::ffff:192.0.2.1", 1);
  BOOST_CHECK(budget.open(from("192.0.2.1")).closed);
}

BOOST_AUTO_TEST_CASE(when_all_is_taken_the_address_with_most_makes_room) {
  ConnectionBudget budget({16, 8});
  hold(budget, "192.0.2.1", 8);
  hold(budget, "192.0.2.2", 6);  // 14 are for other machines
  for (int i = 3; i < 8; ++i) {
    const auto other = budget.open(from("192.0.2." + std::to_string(i)));
    BOOST_REQUIRE(other.admitted);
    BOOST_REQUIRE(other.closed);
    BOOST_CHECK_LE(*other.closed, 30U);  // of the first eight
  }
  BOOST_CHECK_EQUAL(budget.size(), 14U);
  // An address that has the most gets no more by another connection.
  (void)budget.open(from("192.0.2.2"));
  BOOST_CHECK_EQUAL(budget.size(), 14U);
}

BOOST_AUTO_TEST_CASE(no_other_is_closed_for_an_address_that_has_as_many) {
  ConnectionBudget budget({8, 0});
  const auto own = *budget.open(from("192.0.2.1")).admitted;
  hold(budget, "192.0.2.2", 3);
  hold(budget, "192.0.2.1", 2);  // three each, of seven
  hold(budget, "192.0.2.3", 1);
  const auto again = budget.open(from("192.0.2.1"));
  BOOST_CHECK(again.closed == own);
}

BOOST_AUTO_TEST_CASE(this_machine_has_a_reserve_and_no_share) {
  ConnectionBudget budget({16, 4});
  for (int i = 1; i < 100; ++i) hold(budget, "192.0.2." + std::to_string(i), 4);
  BOOST_CHECK_EQUAL(budget.size(), 14U);
  for (int i = 0; i < 2; ++i) {
    const auto local = budget.open(from("127.0.0.1"));
    BOOST_CHECK(local.admitted);
    BOOST_CHECK(!local.closed);
  }
  const auto more = budget.open(from("::1"));
  BOOST_CHECK(more.admitted);
  BOOST_CHECK(more.closed);
  BOOST_CHECK_EQUAL(budget.size(), 16U);
}

BOOST_AUTO_TEST_CASE(another_machine_closes_nothing_of_this_one) {
  ConnectionBudget budget({8, 4});
  hold(budget, "127.0.0.1", 8);
  const auto other = budget.open(from("192.0.2.1"));
  BOOST_CHECK(!other.admitted);
  BOOST_CHECK(!other.closed);
  BOOST_CHECK(budget.open(from("127.0.0.1")).closed);  // but a local one that has waited longest
}

BOOST_AUTO_TEST_CASE(what_is_being_served_is_not_closed) {
  ConnectionBudget budget({2, 0});
  std::vector<Id> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(*budget.open(from("127.0.0.1")).admitted);
    budget.set_waiting(busy.back(), false);
  }
  BOOST_CHECK(!budget.open(from("127.0.0.1")).admitted);
  budget.set_waiting(busy[1], true);
  BOOST_CHECK(budget.open(from("127.0.0.1")).closed == busy[1]);
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_forgotten) {
  ConnectionBudget budget({4, 2});
  for (int i = 0; i < 1000; ++i) {
    const auto opened = budget.open(from("192.0.2.1"));
    BOOST_REQUIRE(opened.admitted);
    BOOST_CHECK(!opened.closed);
    budget.close(*opened.admitted);
    budget.close(*opened.admitted);
    budget.set_waiting(*opened.admitted, true);
  }
  BOOST_CHECK_EQUAL(budget.size(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
