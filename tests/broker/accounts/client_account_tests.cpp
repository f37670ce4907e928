// SPDX-License-Identifier: Apache-2.0
#include "broker/accounts/client_account.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

BOOST_AUTO_TEST_SUITE(client_account_tests)

BOOST_AUTO_TEST_CASE(principal_bears_its_own_requests_wherever_it_is) {
  BOOST_CHECK_EQUAL(client_account("shop", "192.0.2.1:5"), "shop");
  BOOST_CHECK_EQUAL(client_account("shop", ""), "shop");
  BOOST_CHECK(!is_host_account("shop"));
}

BOOST_AUTO_TEST_CASE(who_has_proved_nothing_is_known_by_its_host) {
  BOOST_CHECK_EQUAL(client_account("anonymous", "192.0.2.1:5"), "@192.0.2.1");
  BOOST_CHECK_EQUAL(client_account("anonymous", "[::ffff:192.0.2.1]:5"), "@192.0.2.1");
  BOOST_CHECK_EQUAL(client_account("anonymous", "[2001:db8:0:1:2::3]:5"), "@2001:db8:0:1::/64");
  BOOST_CHECK_EQUAL(client_account("anonymous", "[fe80::1%eth0]:5"), "@fe80::/64");
  BOOST_CHECK_EQUAL(client_account("anonymous", "12.34.ddp:129"), "@12.34.ddp");
  BOOST_CHECK_EQUAL(client_account("anonymous", ""), "@");
  BOOST_CHECK(is_host_account(client_account("anonymous", "")));
}

BOOST_AUTO_TEST_CASE(this_machine_is_one_account) {
  for (const auto* peer : {"127.0.0.1:5", "127.3.2.1:5", "[::1]:5", "local", "local /run/a"})
    BOOST_CHECK_EQUAL(client_account("anonymous", peer), account_here);
}

BOOST_AUTO_TEST_SUITE_END()
