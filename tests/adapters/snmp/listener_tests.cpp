// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/listener.hpp"

#include <boost/test/unit_test.hpp>

using sense::snmp::Listener;
using sense::snmp::parse_listen;
using sense::snmp::version_is_safe;

BOOST_AUTO_TEST_SUITE(listener_tests)

BOOST_AUTO_TEST_CASE(addresses_are_read_in_every_form) {
  BOOST_CHECK_EQUAL(parse_listen("udp:127.0.0.1:162")->text(), "udp:127.0.0.1:162");
  BOOST_CHECK_EQUAL(parse_listen("0.0.0.0:1162")->text(), "udp:0.0.0.0:1162");
  BOOST_CHECK_EQUAL(parse_listen("udp6:[::1]:162")->text(), "udp6:[::1]:162");
  BOOST_CHECK_EQUAL(parse_listen("[::]:0")->text(), "udp6:[::]:0");
}

BOOST_AUTO_TEST_CASE(other_addresses_are_refused_with_an_example) {
  for (const auto* text : {"", "162", "udp:162", "localhost:162", "udp:localhost:162",
                           "tcp:127.0.0.1:162", "udp:127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:1x", "udp:[::1]:162", "udp6:127.0.0.1:162", "udp6:::1:162",
                           "::1:162", "unix:/tmp/a", "127.0.0.1,1:162", "udp:127.0.0.1:162\n"}) {
    const auto address = parse_listen(text);
    BOOST_REQUIRE_MESSAGE(!address.has_value(), text);
    BOOST_CHECK_NE(address.error().message.find("udp:127.0.0.1:162"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(old_libraries_are_not_safe) {
  for (const auto* version : {"5.9.3", "5.9.4", "5.9.10", "5.10.0", "6.0.0", "5.9.3.rc1"})
    BOOST_CHECK_MESSAGE(version_is_safe(version), version);
  for (const auto* version : {"5.9.2", "5.9", "5.8.9", "4.99.99", "", "abc", "5.x.3"})
    BOOST_CHECK_MESSAGE(!version_is_safe(version), version);
}

BOOST_AUTO_TEST_CASE(a_port_is_given_and_shown) {
  const auto listener = Listener::open(*parse_listen("127.0.0.1:0"), 65536,
                                       {[](auto&, auto&) {}, [](auto&, auto&) {}});
  BOOST_REQUIRE_MESSAGE(listener.has_value(), listener.error().message);
  BOOST_CHECK_NE((*listener)->address().port, 0);
  BOOST_CHECK_GE((*listener)->receive_buffer(), 65536);
  BOOST_CHECK_EQUAL((*listener)->dropped(), 0U);
  (*listener)->read(10);  // nothing has come: returns at once
}

BOOST_AUTO_TEST_CASE(reading_never_waits_on_ipv6_either) {
  const auto listener =
      Listener::open(*parse_listen("[::1]:0"), 65536, {[](auto&, auto&) {}, [](auto&, auto&) {}});
  if (!listener) {
    BOOST_TEST_MESSAGE("this machine has no IPv6: " << listener.error().message);
    return;
  }
  (*listener)->read(10);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_an_error_that_names_it) {
  const Listener::Handler ignore{[](auto&, auto&) {}, [](auto&, auto&) {}};
  const auto first = Listener::open(*parse_listen("127.0.0.1:0"), 65536, ignore);
  BOOST_REQUIRE(first.has_value());
  const auto second = Listener::open((*first)->address(), 65536, ignore);
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST_MESSAGE(second.error().message);
  BOOST_CHECK_NE(second.error().message.find((*first)->address().text()), std::string::npos);
  BOOST_CHECK_NE(second.error().message.find("in use"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
