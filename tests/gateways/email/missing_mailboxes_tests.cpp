// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/missing_mailboxes.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using sense::email::MissingMailboxes;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(missing_mailboxes_tests)

BOOST_AUTO_TEST_CASE(only_what_is_said_for_half_an_hour_is_confirmed) {
  MissingMailboxes missing;
  const MonoTime start{};
  BOOST_CHECK(!missing.confirmed("a@b", start));
  BOOST_CHECK(!missing.confirmed("a@b", start + 30min - 1us));
  BOOST_CHECK(missing.confirmed("a@b", start + 30min));
  BOOST_CHECK(!missing.confirmed("c@d", start + 30min));
}

BOOST_AUTO_TEST_CASE(a_mail_that_is_taken_begins_it_anew) {
  MissingMailboxes missing;
  const MonoTime start{};
  BOOST_CHECK(!missing.confirmed("a@b", start));
  missing.forget("a@b");
  BOOST_CHECK(!missing.confirmed("a@b", start + 24h));
  BOOST_CHECK(missing.confirmed("a@b", start + 25h));
}

BOOST_AUTO_TEST_CASE(the_memory_is_bounded_and_then_confirms_nothing_new) {
  MissingMailboxes missing;
  const MonoTime start{};
  for (std::size_t i = 0; i < MissingMailboxes::addresses_max + 10; ++i)
    (void)missing.confirmed(std::to_string(i) + "@b", start);
  BOOST_CHECK_EQUAL(missing.size(), MissingMailboxes::addresses_max);
  BOOST_CHECK(missing.confirmed("0@b", start + 1h));
  BOOST_CHECK(!missing.confirmed("new@b", start));
  BOOST_CHECK(!missing.confirmed("new@b", start + 24h));
}

BOOST_AUTO_TEST_SUITE_END()
