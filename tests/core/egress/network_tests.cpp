// SPDX-License-Identifier: Apache-2.0
#include "core/egress/network.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

namespace {
bool inside(const char* network, const char* address) {
  const auto parsed = Network::parse(network);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), network);
  return parsed->contains(boost::asio::ip::make_address(address));
}
}  // namespace

BOOST_AUTO_TEST_SUITE(network_tests)

BOOST_AUTO_TEST_CASE(network_contains_what_has_its_prefix) {
  BOOST_CHECK(inside("10.0.0.0/8", "10.255.255.255"));
  BOOST_CHECK(!inside("10.0.0.0/8", "11.0.0.0"));
  BOOST_CHECK(inside("10.1.2.3/8", "10.9.9.9"));  // the rest of the address counts for nothing
  BOOST_CHECK(inside("192.0.2.7", "192.0.2.7"));
  BOOST_CHECK(!inside("192.0.2.7", "192.0.2.6"));
  BOOST_CHECK(inside("192.0.2.6/31", "192.0.2.7"));
  BOOST_CHECK(inside("0.0.0.0/0", "255.255.255.255"));
  BOOST_CHECK(!inside("0.0.0.0/0", "::1"));
  BOOST_CHECK(inside("::/0", "2001:db8::1"));
  BOOST_CHECK(inside("2001:db8::/33", "2001:db8:7fff::1"));
  BOOST_CHECK(!inside("2001:db8::/33", "2001:db8:8000::1"));
  BOOST_CHECK(inside("fe80::/10", "febf::1"));
  BOOST_CHECK(!inside("::1", "::2"));
}

BOOST_AUTO_TEST_CASE(mapped_addresses_count_as_what_they_stand_for) {
  BOOST_CHECK(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
  BOOST_CHECK(inside("::ffff:10.0.0.0/104", "10.1.2.3"));
  BOOST_CHECK(!inside("::/0", "::ffff:10.1.2.3"));
}

BOOST_AUTO_TEST_CASE(what_is_no_network_is_refused) {
  for (const auto* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "::/129", "host.example", "fe80::1%1", "10.0.0.0/8/8", " 10.0.0.0/8"})
    BOOST_CHECK_MESSAGE(!Network::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
