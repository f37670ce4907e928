// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/lasting_outcome.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

BOOST_AUTO_TEST_SUITE(lasting_outcome_tests)

BOOST_AUTO_TEST_CASE(a_callback_that_is_gone_ends_no_subscription_of_the_configuration) {
  Subscription subscription;
  for (const char* via : {"http", "sense", "cli", ""}) {
    subscription.via = via;
    BOOST_CHECK(lasting_outcome(Attempt::gone("no"), subscription).outcome ==
                Attempt::Outcome::gone);
  }
  subscription.via = "config";
  const auto outcome = lasting_outcome(Attempt::gone("no"), subscription);
  BOOST_CHECK(outcome.outcome == Attempt::Outcome::retry);
  BOOST_CHECK_EQUAL(outcome.answer, "no");
  for (const auto& other : {Attempt::delivered(), Attempt::rejected("no")})
    BOOST_CHECK(lasting_outcome(other, subscription).outcome == other.outcome);
}

BOOST_AUTO_TEST_SUITE_END()
