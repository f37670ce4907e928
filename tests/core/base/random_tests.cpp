// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

BOOST_AUTO_TEST_SUITE(random_tests)

using namespace sense;

BOOST_AUTO_TEST_CASE(token_has_a_character_for_each_five_bits_and_no_two_are_equal) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 1000; ++i) {
    const auto token = random_token(130);
    BOOST_REQUIRE(token.size() == 26U);
    BOOST_REQUIRE(token.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos);
    BOOST_REQUIRE(seen.insert(token).second);
    letters.insert(token.begin(), token.end());
  }
  BOOST_CHECK_EQUAL(letters.size(), 32U);
  BOOST_CHECK_EQUAL(random_token(320).size(), 64U);
}

BOOST_AUTO_TEST_CASE(ulid_has_its_time_in_front_and_sorts_by_it) {
  const auto ulid = make_ulid(from_micros(1'469'918'176'385'000));  // the specification's example
  BOOST_CHECK_EQUAL(ulid.size(), 26U);
  BOOST_CHECK_EQUAL(ulid.substr(0, 10), "01ARYZ6S41");
  BOOST_CHECK_LT(make_ulid(from_micros(1'000)), make_ulid(from_micros(2'000)));
  BOOST_CHECK_EQUAL(make_ulid(from_micros(-1'000'000)).substr(0, 10), "0000000000");
  BOOST_CHECK_LE(make_ulid(wall_time_max)[0], '7');
  BOOST_CHECK_NE(make_ulid(WallTime{}), make_ulid(WallTime{}));
}

BOOST_AUTO_TEST_CASE(secrets_are_equal_only_octet_by_octet) {
  BOOST_CHECK(equal_secret("", ""));
  BOOST_CHECK(equal_secret("abc", "abc"));
  BOOST_CHECK(!equal_secret("abc", "abd"));
  BOOST_CHECK(!equal_secret("abc", "bbc"));
  BOOST_CHECK(!equal_secret("abc", "abcd"));
  BOOST_CHECK(!equal_secret("\x80", std::string_view("\0", 1)));
}

BOOST_AUTO_TEST_CASE(sha256_is_that_of_fips_180) {
  BOOST_CHECK_EQUAL(sha256_hex("abc"),
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_CHECK_EQUAL(sha256_hex({}), sha256_hex(""));
  BOOST_CHECK_EQUAL(sha256_hex(""),
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

BOOST_AUTO_TEST_CASE(hmac_is_that_of_rfc_4231) {
  const auto digest = hmac_sha256("Jefe", "what do ya want for nothing?");  // test case 2
  BOOST_REQUIRE(digest.size() == 32U);
  BOOST_CHECK_EQUAL(static_cast<unsigned char>(digest[0]), 0x5b);
  BOOST_CHECK_EQUAL(static_cast<unsigned char>(digest[1]), 0xdc);
  BOOST_CHECK_EQUAL(static_cast<unsigned char>(digest[31]), 0x43);
  BOOST_CHECK_EQUAL(hmac_sha256("", "").size(), 32U);
  BOOST_CHECK_EQUAL(hmac_sha256({}, {}), hmac_sha256("", ""));
}

BOOST_AUTO_TEST_SUITE_END()
