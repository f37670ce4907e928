// SPDX-License-Identifier: Apache-2.0
#include "core/http/content_coding.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/http/coded_bodies.hpp"

using namespace sense;
using namespace sense::test;

BOOST_AUTO_TEST_SUITE(content_coding_tests)

BOOST_AUTO_TEST_CASE(one_known_coding_is_named) {
  for (const char* value : {"", "identity", " Identity ,", ","})
    BOOST_CHECK_EQUAL(http::content_coding(value).value(), "");
  for (const char* value : {"gzip", " GZIP ", "x-gzip", "identity,gzip", "gzip, identity"})
    BOOST_CHECK_EQUAL(http::content_coding(value).value(), "gzip");
  BOOST_CHECK_EQUAL(http::content_coding("deflate").value(), "deflate");
  for (const char* value : {"br", "gzip,gzip", "deflate, gzip", "gzip;q=1", "gzipp", "zstd", "*"}) {
    const auto coding = http::content_coding(value);
    BOOST_REQUIRE_MESSAGE(!coding, value);
    BOOST_CHECK_NE(coding.error().message.find("gzip, deflate"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_body_is_decoded_up_to_the_limit) {
  BOOST_CHECK_EQUAL(http::decoded("gzip", gzipped, 13).value(), plain);
  BOOST_CHECK_EQUAL(http::decoded("deflate", deflated, 13).value(), plain);
  BOOST_CHECK_EQUAL(http::decoded("gzip", gzipped_100000, 100'000).value(),
                    std::string(100'000, 'x'));
  for (const std::size_t limit : {0U, 1U, 12U})
    BOOST_CHECK(http::decoded("gzip", gzipped, limit).error().code == Code::datatoobig);
  for (const std::size_t limit : {13U, 16'384U, 99'999U})
    BOOST_CHECK(http::decoded("gzip", gzipped_100000, limit).error().code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(members_of_gzip_behind_each_other_are_one_body) {
  BOOST_CHECK_EQUAL(http::decoded("gzip", gzipped + gzipped, 26).value(), plain + plain);
  BOOST_CHECK(http::decoded("gzip", gzipped + gzipped, 25).error().code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(what_is_not_of_the_coding_is_refused) {
  const auto wrong = [](const std::string& coding, const std::string& body) {
    const auto result = http::decoded(coding, body, 1000);
    return !result && result.error().code == Code::protoerror;
  };
  for (std::size_t octets = 0; octets < gzipped.size(); ++octets)
    BOOST_CHECK_MESSAGE(wrong("gzip", gzipped.substr(0, octets)), octets);
  for (std::size_t octets = 0; octets < deflated.size(); ++octets)
    BOOST_CHECK_MESSAGE(wrong("deflate", deflated.substr(0, octets)), octets);
  BOOST_CHECK(wrong("gzip", deflated));
  BOOST_CHECK(wrong("deflate", gzipped));
  BOOST_CHECK(wrong("gzip", gzipped + "x"));
  BOOST_CHECK(wrong("deflate", deflated + "x"));
  auto changed = gzipped;
  changed[gzipped.size() - 8] ^= 1;  // the checksum
  BOOST_CHECK(wrong("gzip", changed));
}

BOOST_AUTO_TEST_SUITE_END()
