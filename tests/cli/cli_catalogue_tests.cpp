// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/cli/with_broker.hpp"

using namespace sense::test;

// What gateways offer, as the command line shows it.
BOOST_AUTO_TEST_SUITE(cli_catalogue_tests)

BOOST_AUTO_TEST_CASE(gateways_are_listed_with_what_they_can_do) {
  const WithBroker with("gateways:\n  sense: {listen: ['127.0.0.1:0']}\n");
  BOOST_CHECK_EQUAL(with.sense({"gateways"}).out, "");
  Running running({"gateway", "sense", "--config", with.config});
  BOOST_REQUIRE(running.wait_for("listening"));
  const auto listed = with.sense({"gateways", "--json"});
  BOOST_REQUIRE_MESSAGE(listed.code == 0, listed.err);
  const auto lines = json_lines(listed.out);
  BOOST_REQUIRE_EQUAL(lines.size(), 1U);
  BOOST_CHECK_EQUAL(lines[0]["name"], "sense");
  BOOST_CHECK_EQUAL(lines[0]["schemes"].size(), 2U);
  BOOST_CHECK_EQUAL(lines[0]["capabilities"]["sense+dtls"]["privacy"], "tls");
  const auto text = with.sense({"gateways"}).out;
  BOOST_CHECK_MESSAGE(
      text.starts_with("sense sense: latency=1ms..1s digest-latency=1ms..1s initiator=gateway"),
      text);
  BOOST_CHECK_MESSAGE(contains(text, "\nsense sense+dtls: "), text);
}

BOOST_AUTO_TEST_SUITE_END()
