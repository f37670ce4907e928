// SPDX-License-Identifier: Apache-2.0
#include "core/egress/policy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>

using namespace sense;

namespace {

boost::asio::ip::address address(const std::string& text) {
  return boost::asio::ip::make_address(text);
}

bool allows(const EgressPolicy& policy, const std::string& text, std::uint16_t port = 443) {
  return policy.check(address(text), port).has_value();
}

bool allows_http(const EgressPolicy& policy, const std::string& text, int port) {
  return policy.check_http(address(text), static_cast<std::uint16_t>(port)).has_value();
}

// First and last address of each denied range, and every form in which one can hide in another.
const std::vector<std::string> denied = {
    // IPv4
    "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0",
    "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.0.0.53", "127.255.255.255",
    "169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255", "172.16.0.0",
    "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.0",
    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.255",
    "168.63.129.16", "224.0.0.1", "233.252.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.254",
    "255.255.255.255",
    // IPv6
    "::", "::1", "::2", "100::1", "fc00::", "fd00:ec2::254", "fdff:ffff::1", "fe80::1",
    "fe80::a9fe:a9fe", "febf:ffff::1", "fec0::1", "ff02::1", "ff0e::1", "2001::1",
    "2001:0:a00:1::f5ff:fffe", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1",
    "2001:db8::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "1::1", "64:ff9b:1::1",
    "64:ff9b:1:ffff::8.8.8.8",
    // IPv4-mapped: the kernel connects to the IPv4 address
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:192.168.1.1", "::ffff:172.16.0.1", "::ffff:0.0.0.0", "::ffff:255.255.255.255",
    "::ffff:100.64.0.1", "::ffff:168.63.129.16",
    // IPv4-compatible and IPv4-translated
    "::127.0.0.1", "::10.0.0.1", "::8.8.8.8", "::169.254.169.254", "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    // NAT64
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::192.168.0.1", "64:ff9b::255.255.255.255", "64:ff9b::0.0.0.0",
    // 6to4
    "2002:7f00:1::", "2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",
    "2002:ac10:1::1", "2002:e000:1::1",
    // ISATAP
    "2607:f8b0::5efe:10.0.0.1", "2607:f8b0::200:5efe:127.0.0.1", "2607:f8b0::5efe:169.254.169.254"};

const std::vector<std::string> public_addresses = {"1.1.1.1",         "8.8.8.8",
                                                   "9.255.255.255",   "11.0.0.0",
                                                   "100.63.255.255",  "100.128.0.0",
                                                   "126.255.255.255", "128.0.0.0",
                                                   "169.253.255.255", "169.255.0.0",
                                                   "172.15.255.255",  "172.32.0.0",
                                                   "192.0.1.0",       "192.0.3.0",
                                                   "192.167.255.255", "192.169.0.0",
                                                   "198.17.255.255",  "198.20.0.0",
                                                   "168.63.129.15",   "168.63.129.17",
                                                   "223.255.255.255", "2606:4700:4700::1111",
                                                   "2001:200::1",     "2001:db7:ffff::1",
                                                   "2001:db9::1",     "2a00:1450::1",
                                                   "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
                                                   "2002:808:808::1", "3ffe::1",
                                                   "3fff:1000::1",    "2607:f8b0::5efe:8.8.8.8"};

}  // namespace

BOOST_AUTO_TEST_SUITE(policy_tests)

BOOST_AUTO_TEST_CASE(at_least_eighty_notations_are_denied_by_default) {
  const auto policy = EgressPolicy::make({});
  BOOST_REQUIRE(policy);
  BOOST_CHECK_GE(denied.size(), 80U);
  std::size_t connections = 0;
  for (const auto& text : denied) {
    const auto status = policy->check(address(text), 443);
    if (status) ++connections;
    BOOST_CHECK_MESSAGE(!status, text << " is allowed");
    if (status) continue;
    BOOST_CHECK(status.error().code == Code::noaccess);
    BOOST_CHECK_NE(status.error().message.find("egress: allow:"), std::string::npos);
  }
  BOOST_TEST_MESSAGE("denied notations: " << denied.size()
                                          << ", allowed among them: " << connections);
}

BOOST_AUTO_TEST_CASE(public_addresses_next_to_denied_ranges_are_allowed) {
  const EgressPolicy policy;
  for (const auto& text : public_addresses)
    BOOST_CHECK_MESSAGE(allows(policy, text), text << " is denied");
}

BOOST_AUTO_TEST_CASE(an_allowed_network_allows_exactly_itself) {
  const auto policy = EgressPolicy::make({"10.1.0.0/16", "127.0.0.2", "fd00:1::/32", "::1"});
  BOOST_REQUIRE(policy);
  for (const char* text :
       {"10.1.0.0", "10.1.255.255", "127.0.0.2", "fd00:1::7", "::1", "::ffff:10.1.2.3", "8.8.8.8"})
    BOOST_CHECK_MESSAGE(allows(*policy, text), text);
  for (const char* text : {"10.0.255.255", "10.2.0.0", "127.0.0.1", "127.0.0.3", "fd00:2::1", "::2",
                           "64:ff9b::10.1.2.3", "2002:a01:203::1", "::10.1.2.3"})
    BOOST_CHECK_MESSAGE(!allows(*policy, text), text);
}

BOOST_AUTO_TEST_CASE(a_mapped_network_means_the_ipv4_one) {
  const auto policy = EgressPolicy::make({"::ffff:10.0.0.0/104"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows(*policy, "10.9.9.9"));
  BOOST_CHECK(allows(*policy, "::ffff:10.9.9.9"));
  BOOST_CHECK_EQUAL(!allows(*policy, "11.0.0.1"), false);
  BOOST_CHECK(!allows(*policy, "192.168.0.1"));
}

BOOST_AUTO_TEST_CASE(all_of_ipv6_does_not_allow_private_ipv4) {
  const auto policy = EgressPolicy::make({"::/0"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows(*policy, "fe80::1"));
  BOOST_CHECK(!allows(*policy, "::ffff:127.0.0.1"));
  BOOST_CHECK(!allows(*policy, "10.0.0.1"));
}

BOOST_AUTO_TEST_CASE(all_of_ipv4_is_one_entry) {
  const auto policy = EgressPolicy::make({"0.0.0.0/0"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows(*policy, "127.0.0.1"));
  BOOST_CHECK(allows(*policy, "255.255.255.255"));
  BOOST_CHECK(!allows(*policy, "::1"));
}

BOOST_AUTO_TEST_CASE(what_is_no_network_is_refused_by_its_text) {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "fd00::/129", "localhost",
        "10.0.0", "10.0.0.0/8/8", "fe80::1%lo", "010.0.0.1", "*.example.com", "10.0.0.0 /8"}) {
    const auto policy = EgressPolicy::make({"192.168.0.0/16", text});
    BOOST_CHECK_MESSAGE(!policy, text);
    if (!policy) BOOST_CHECK(policy.error().code == Code::badparam);
  }
}

BOOST_AUTO_TEST_CASE(http_reaches_the_web_s_ports_and_those_from_1024) {
  const auto policy = EgressPolicy::make({"10.0.0.0/8"});
  BOOST_REQUIRE(policy);
  for (const char* host : {"10.0.0.1", "8.8.8.8", "::ffff:10.0.0.1"}) {
    for (const int port : {80, 443, 1024, 7368, 8080, 8443, 65535})
      BOOST_CHECK_MESSAGE(allows_http(*policy, host, port), host << " " << port);
    for (const int port : {0, 1, 22, 23, 25, 79, 81, 110, 143, 389, 442, 445, 587, 1023})
      BOOST_CHECK_MESSAGE(!allows_http(*policy, host, port), host << " " << port);
    for (const int port : {2049, 2375, 2379, 3306, 5432, 6379, 9200, 10250, 11211, 27017})
      BOOST_CHECK_MESSAGE(!allows_http(*policy, host, port), host << " " << port);
  }
  const auto status = policy->check_http(address("10.0.0.1"), 22);
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == Code::noaccess);
  BOOST_CHECK_NE(status.error().message.find("port 22"), std::string::npos);
  BOOST_CHECK_NE(status.error().message.find("egress: allow:"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(datagrams_have_no_reserved_ports_here) {
  const auto policy = EgressPolicy::make({"10.0.0.0/8"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows(*policy, "10.0.0.1", 6379));
  BOOST_CHECK(allows(*policy, "8.8.8.8", 6379));
}

BOOST_AUTO_TEST_CASE(an_entry_with_ports_allows_exactly_these) {
  const auto policy =
      EgressPolicy::make({"10.0.0.0/8:443", "192.168.1.7:22", "[fd00::/8]:8080-8090", "[::1]:25"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows_http(*policy, "10.1.2.3", 443));
  BOOST_CHECK(allows_http(*policy, "::ffff:10.1.2.3", 443));
  BOOST_CHECK(allows_http(*policy, "192.168.1.7", 22));
  BOOST_CHECK(allows_http(*policy, "fd00::1", 8080));
  BOOST_CHECK(allows_http(*policy, "fd00::1", 8090));
  BOOST_CHECK(allows_http(*policy, "::1", 25));
  BOOST_CHECK(allows(*policy, "10.1.2.3", 443));
  for (const int port : {80, 442, 444, 8080})
    BOOST_CHECK_MESSAGE(!allows_http(*policy, "10.1.2.3", port), port);
  BOOST_CHECK(!allows(*policy, "10.1.2.3", 8080));
  BOOST_CHECK(!allows_http(*policy, "192.168.1.8", 22));
  BOOST_CHECK(!allows_http(*policy, "192.168.1.7", 80));
  BOOST_CHECK(!allows_http(*policy, "fd00::1", 8079));
  BOOST_CHECK(!allows_http(*policy, "fd00::1", 8091));
  BOOST_CHECK(!allows_http(*policy, "8.8.8.8", 22));
  BOOST_CHECK(allows_http(*policy, "8.8.8.8", 80));
}

BOOST_AUTO_TEST_CASE(a_reserved_port_of_a_public_address_is_allowed_by_name) {
  const auto policy = EgressPolicy::make({"8.8.8.8:25"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(allows_http(*policy, "8.8.8.8", 25));
  BOOST_CHECK(allows_http(*policy, "8.8.8.8", 443));
  BOOST_CHECK(!allows_http(*policy, "8.8.4.4", 25));
  BOOST_CHECK(!allows_http(*policy, "8.8.8.8", 22));
}

BOOST_AUTO_TEST_CASE(a_port_that_no_entry_names_is_refused_without_an_address) {
  const EgressPolicy empty;
  BOOST_CHECK(empty.check_http_port(443));
  BOOST_CHECK(empty.check_http_port(8080));
  BOOST_CHECK(!empty.check_http_port(22));
  BOOST_CHECK(!empty.check_http_port(6379));
  const auto policy = EgressPolicy::make({"10.0.0.0/8", "10.0.0.1:22"});
  BOOST_REQUIRE(policy);
  BOOST_CHECK(policy->check_http_port(22));
  BOOST_CHECK(!policy->check_http_port(25));
}

BOOST_AUTO_TEST_CASE(ports_that_are_none_are_refused_by_their_text) {
  for (const char* text :
       {"10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:80-", "10.0.0.0/8:-80",
        "10.0.0.0/8:90-80", "10.0.0.0/8:80-90-100", "10.0.0.0/8:http", "10.0.0.0/8: 80",
        "10.0.0.0/8:+80", "10.0.0.0:80/8", "[fd00::/8]", "[fd00::/8]:", "[fd00::/8]8080",
        "[fd00::/8:8080", "[]:80", ":80", "[10.0.0.0/8]:80x"}) {
    const auto policy = EgressPolicy::make({text});
    BOOST_CHECK_MESSAGE(!policy, text);
    if (policy) continue;
    BOOST_CHECK(policy.error().code == Code::badparam);
    BOOST_CHECK_NE(policy.error().message.find(text), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
