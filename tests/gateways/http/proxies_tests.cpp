// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/proxies.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::http;

namespace {

std::string client(const std::string& peer, const std::vector<std::string>& forwarded,
                   const std::vector<std::string>& proxies = {"127.0.0.0/8", "::1", "10.0.0.0/8"}) {
  Request request;
  request.peer = peer;
  for (const auto& value : forwarded) request.headers.emplace_back("x-forwarded-for", value);
  return client_address(request, parse_proxies(proxies).value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proxies_tests)

BOOST_AUTO_TEST_CASE(header_of_an_address_that_is_no_proxy_is_not_believed) {
  BOOST_CHECK_EQUAL(client("192.0.2.7:80", {"203.0.113.9"}), "192.0.2.7:80");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"203.0.113.9"}, {}), "127.0.0.1:80");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"203.0.113.9"}, {"10.0.0.0/8"}), "127.0.0.1:80");
}

BOOST_AUTO_TEST_CASE(client_of_a_proxy_is_the_last_address_that_is_none) {
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"203.0.113.9"}), "203.0.113.9:0");
  BOOST_CHECK_EQUAL(client("[::1]:80", {"203.0.113.9:1234"}), "203.0.113.9:0");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"2001:db8::1"}), "[2001:db8::1]:0");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"[2001:db8::1]:80"}), "[2001:db8::1]:0");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"::ffff:203.0.113.9"}), "203.0.113.9:0");
  // What the client itself has sent stands before what the proxies have added.
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"198.51.100.1, 203.0.113.9 , 10.1.2.3"}),
                    "203.0.113.9:0");
  BOOST_CHECK_EQUAL(client("127.0.0.1:80", {"198.51.100.1", "203.0.113.9"}), "203.0.113.9:0");
}

// It would have the rights of a client of this machine.
BOOST_AUTO_TEST_CASE(client_of_a_proxy_is_never_one_of_this_machine) {
  const std::vector<std::vector<std::string>> cases = {{},
                                                       {""},
                                                       {"127.0.0.1"},
                                                       {"::1"},
                                                       {"203.0.113.9, 127.0.0.1"},
                                                       {"unknown"},
                                                       {"203.0.113.9, x"},
                                                       {"10.1.2.3"},
                                                       {"local 203.0.113.9"},
                                                       {"[::1"},
                                                       {","},
                                                       {"::ffff:127.0.0.1"}};
  for (const auto& forwarded : cases)
    BOOST_CHECK_EQUAL(client("127.0.0.1:80", forwarded), unknown_client);
}

BOOST_AUTO_TEST_CASE(option_is_refused_with_what_is_no_network) {
  const auto refused = parse_proxies({"10.0.0.0/8", "proxy.example"});
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().message.starts_with("trusted-proxies: "));
  BOOST_CHECK_NE(refused.error().message.find("proxy.example"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
