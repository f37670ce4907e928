// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"

#include <boost/test/unit_test.hpp>
#include <utility>
#include <vector>

namespace sense {

namespace {
bool plain(char c) { return c != '%' && c > ' ' && c < 0x7f; }
}  // namespace

BOOST_AUTO_TEST_SUITE(encoding_tests)

BOOST_AUTO_TEST_CASE(every_octet_survives_percent_encoding) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const auto text = percent_encode(all, plain);
  BOOST_CHECK_EQUAL(text.find(' '), std::string::npos);
  BOOST_CHECK(percent_decode(text) == all);
  BOOST_CHECK_EQUAL(percent_encode("a b%\xff", plain), "a%20b%25%FF");
}

BOOST_AUTO_TEST_CASE(a_percent_sign_without_two_digits_is_refused_or_kept) {
  BOOST_CHECK(percent_decode("%2f%2F%c3%A4") == "//\xc3\xa4");
  for (const char* text : {"%", "a%", "%2", "%2g", "%g2", "100%", "%%41", "% 41", "%+1"}) {
    BOOST_CHECK_MESSAGE(!percent_decode(text), text);
    const auto kept = percent_decode_leniently(text);
    BOOST_CHECK_EQUAL(kept, std::string_view(text) == "%%41" ? "%A" : text);
  }
  BOOST_CHECK_EQUAL(percent_decode_leniently("%41%4"), "A%4");
}

BOOST_AUTO_TEST_CASE(hexadecimal_digits_are_lower_case_and_two_an_octet) {
  BOOST_CHECK_EQUAL(to_hex(std::string_view("\x00\x0f\xf0\xab", 4)), "000ff0ab");
  BOOST_CHECK_EQUAL(to_hex(""), "");
}

BOOST_AUTO_TEST_CASE(base64_is_the_one_of_rfc_4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [octets, text] : vectors) {
    BOOST_CHECK_EQUAL(to_base64(octets), text);
    BOOST_REQUIRE(from_base64(text));
    BOOST_CHECK_EQUAL(*from_base64(text), octets);
  }
  for (const char* text : {"Z", " Zg==", "Zg== ", "=Zg=", "Zg\n==", "Zg",
                           "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Z===", "Zm-v", "Zm9\n"})
    BOOST_CHECK_MESSAGE(!from_base64(text), text);
}

BOOST_AUTO_TEST_CASE(base64_for_urls_has_neither_padding_nor_signs_of_urls) {
  BOOST_CHECK_EQUAL(to_base64url("\xfb\xff\xfe"), "-__-");
  BOOST_CHECK_EQUAL(to_base64url("f"), "Zg");
  BOOST_CHECK_EQUAL(to_base64url(""), "");
}

BOOST_AUTO_TEST_CASE(an_octet_is_two_hexadecimal_digits) {
  BOOST_CHECK(hex_octet("00") == '\0');
  BOOST_CHECK(hex_octet("fF") == '\xff');
  BOOST_CHECK(hex_octet("4aZ") == 'J');
  for (const auto* text : {"", "4", "g0", "0g", "-1", "+1", " 1", "1 ", "0x", "x1"})
    BOOST_CHECK_MESSAGE(!hex_octet(text), text);
}

BOOST_AUTO_TEST_CASE(nothing_in_a_text_is_html) {
  BOOST_CHECK_EQUAL(sense::html_escaped("<a href=\"x\" b='y'>&</a>"),
                    "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
  BOOST_CHECK_EQUAL(sense::html_escaped(""), "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sense
