// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/cli/with_broker.hpp"

using namespace sense::test;

// What a broker and its gateways offer, as the command line shows it.
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

BOOST_AUTO_TEST_CASE(types_are_listed_with_their_numbers_and_attributes) {
  const WithBroker with;
  BOOST_CHECK_EQUAL(with.sense({"types"}).out, "");
  for (const auto* type : {"{urn:a}x", "{urn:a}x", "plain"})
    BOOST_REQUIRE_EQUAL(
        with.sense({"publish", type, "//a", "--severity", "3", "--data", "secret"}).code, 0);
  const auto lines = json_lines(with.sense({"types", "--json"}).out);
  BOOST_REQUIRE_EQUAL(lines.size(), 2U);
  BOOST_CHECK_EQUAL(lines[0]["type"], "{urn:a}x");
  BOOST_CHECK_EQUAL(lines[0]["count"], 2);
  BOOST_CHECK_EQUAL(lines[0]["attributes"]["severity"], "Integer");
  BOOST_CHECK_EQUAL(lines[1]["type"], "{}plain");
  const auto text = with.sense({"types"}).out;
  BOOST_CHECK_MESSAGE(text.starts_with("{urn:a}x count=2 last="), text);
  BOOST_CHECK_MESSAGE(contains(text, "severity"), text);
  BOOST_CHECK_MESSAGE(!contains(text, "secret"), text);
}

BOOST_AUTO_TEST_SUITE_END()
