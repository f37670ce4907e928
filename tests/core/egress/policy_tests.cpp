// SPDX-License-Identifier: Apache-2.0
#include "core/egress/policy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>

using namespace sense;

namespace {

boost::asio::ip::address address(const std::string& text) {
  return boost::asio::ip::make_address(text);
}

bool allows(const EgressPolicy& policy, const std::string& text) {
  return policy.check(address(text)).has_value();
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
    const auto status = policy->check(address(text));
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

BOOST_AUTO_TEST_SUITE_END()
