// SPDX-License-Identifier: Apache-2.0
#include "core/egress/callback_address.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;

namespace {
std::string of(const char* callback) { return callback_address(callback); }
}  // namespace

BOOST_AUTO_TEST_SUITE(callback_address_tests)

BOOST_AUTO_TEST_CASE(an_address_has_one_name_however_it_is_written) {
  BOOST_CHECK_EQUAL(of("mailto:User@Example.ORG"), "user@example.org");
  BOOST_CHECK_EQUAL(of("mailto:user+one+two@example.org"), "user@example.org");
  BOOST_CHECK_EQUAL(of("mailto:%75ser%2Bx@example.org"), "user@example.org");
  BOOST_CHECK_EQUAL(of("mailto:+@example.org"), "+@example.org");
  BOOST_CHECK_NE(of("mailto:user@example.org"), of("mailto:user@example.com"));
  BOOST_CHECK_EQUAL(of("https://Hooks.Example/a?b"), "hooks.example");
  BOOST_CHECK_EQUAL(of("http://hooks.example.:8080/c"), "hooks.example");
  BOOST_CHECK_EQUAL(of("http://10.0.0.1:8080/c"), of("sense://10.0.0.1:9000"));
  BOOST_CHECK_EQUAL(of("http://[::ffff:10.0.0.1]/"), of("http://10.0.0.1/"));
  BOOST_CHECK_EQUAL(of("http://[2001:db8::1]/"), of("http://[2001:db8::ffff:1]:99/"));
  BOOST_CHECK_NE(of("http://[2001:db8::1]/"), of("http://[2001:db8:0:1::1]/"));
  BOOST_CHECK_NE(of("http://127.0.0.1:1024/"), of("http://127.0.0.1:1025/"));
  BOOST_CHECK_EQUAL(of("file:out.txt"), "file:out.txt");
  BOOST_CHECK_EQUAL(of(("pull:" + std::string(1000, 'x')).c_str()).size(), 64U);
  // Owners.
  BOOST_CHECK_EQUAL(of("key:hp4"), "key:hp4");
  BOOST_CHECK_EQUAL(of("anonymous"), "anonymous");
  BOOST_CHECK_EQUAL(of("sense:///run/client"), "sense:///run/client");
  BOOST_CHECK_EQUAL(of(""), "");
}

BOOST_AUTO_TEST_SUITE_END()
