// SPDX-License-Identifier: Apache-2.0
#include "broker/security/subscription_gate.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::string_literals;
using Verdict = SubscriptionGate::Verdict;

namespace {

const Rights some(
    {{}, {{TypePattern::parse("{urn:a}*").value(), Rule::everything().source}}, {}, false, false});

struct Gate {
  SubscriptionGate gate{10};
  Verdict subscribe(const std::string& topic, const std::string& user = "u") {
    return gate.judge("\x01"s + topic, user, &some);
  }
  Verdict cancel(const std::string& topic, const std::string& user = "u") {
    return gate.judge("\0"s + topic, user, &some);
  }
  Verdict gone(const std::string& topic) { return gate.judge("\0"s + topic, "", nullptr); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(subscription_gate_tests)

BOOST_AUTO_TEST_CASE(what_is_allowed_is_added_and_the_rest_refused) {
  Gate gate;
  BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::add);
  BOOST_CHECK(gate.subscribe("{urn:b}one ") == Verdict::refuse);
  BOOST_CHECK(gate.subscribe("") == Verdict::refuse);
  BOOST_CHECK(gate.subscribe("\0mark"s) == Verdict::add);
  BOOST_CHECK(gate.cancel("{urn:a}one ") == Verdict::remove);
  BOOST_CHECK((gate.gate.judge("\x01{urn:a}one ", "u", nullptr) == Verdict::refuse));
  BOOST_CHECK(!gate.gate.spoilt());
}

BOOST_AUTO_TEST_CASE(peer_that_has_gone_behind_its_subscription_spoils_the_socket) {
  Gate gate;
  BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::add);
  BOOST_CHECK(gate.gone("{urn:a}two ") == Verdict::ignore);
  BOOST_CHECK(!gate.gate.spoilt());
  BOOST_CHECK(gate.gone("{urn:a}one ") == Verdict::ignore);
  BOOST_CHECK(gate.gate.spoilt());
  BOOST_CHECK(gate.subscribe("{urn:a}two ") == Verdict::ignore);
  gate.gate.begin();
  BOOST_CHECK(!gate.gate.spoilt());
}

BOOST_AUTO_TEST_CASE(peer_that_goes_later_or_had_gone_before_spoils_nothing) {
  Gate gate;
  BOOST_CHECK(gate.gone("{urn:a}one ") == Verdict::ignore);
  BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::add);
  BOOST_CHECK(!gate.gate.spoilt());
  gate.gate.begin();
  BOOST_CHECK(gate.gone("{urn:a}one ") == Verdict::ignore);
  BOOST_CHECK(!gate.gate.spoilt());
}

BOOST_AUTO_TEST_CASE(what_no_subscriber_sends_spoils_all_that_follows) {
  for (const auto& octets : {""s, "\x02"s, "x"s, "\xff\x01"s}) {
    Gate gate;
    BOOST_CHECK(gate.gate.judge(octets, "u", &some) == Verdict::foreign);
    BOOST_CHECK(gate.gate.spoilt());
    BOOST_CHECK((gate.subscribe("{urn:a}one ", "v") == Verdict::ignore));
    BOOST_CHECK((gate.cancel("{urn:a}one ", "v") == Verdict::ignore));
    BOOST_CHECK((gate.subscribe("{urn:b}one ", "v") == Verdict::refuse));
  }
}

BOOST_AUTO_TEST_CASE(quota_counts_granted_refused_and_cancelled_and_each_user_by_himself) {
  Gate gate;
  for (int i = 0; i < 4; ++i) BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::add);
  for (int i = 0; i < 3; ++i) BOOST_CHECK(gate.subscribe("{urn:b}one ") == Verdict::refuse);
  for (int i = 0; i < 3; ++i) BOOST_CHECK(gate.cancel("{urn:a}one ") == Verdict::remove);
  BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::excess);
  BOOST_CHECK((gate.subscribe("{urn:a}one ", "v") == Verdict::add));
  gate.gate.forget();
  BOOST_CHECK(gate.subscribe("{urn:a}one ") == Verdict::add);
}

BOOST_AUTO_TEST_CASE(a_long_prefix_counts_as_many) {
  Gate gate;
  BOOST_CHECK((gate.subscribe("{urn:a}" + std::string(2'400, 'x')) == Verdict::add));
  BOOST_CHECK(gate.subscribe("{urn:a}") == Verdict::excess);
}

BOOST_AUTO_TEST_CASE(local_connections_have_no_quota) {
  Gate gate;
  for (int i = 0; i < 100; ++i)
    BOOST_CHECK((gate.subscribe("{urn:a}one ", "local") == Verdict::add));
}

BOOST_AUTO_TEST_SUITE_END()
