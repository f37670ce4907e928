// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/address.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::email;

BOOST_AUTO_TEST_SUITE(mail_address_tests)

BOOST_AUTO_TEST_CASE(ordinary_addresses_are_taken) {
  for (const std::string text :
       {"a@b", "user@example.org", "first.last+tag@mail.example.org", "o'hara@x.example",
        "a/b@x.example", "_@1.example", "!#$%&'*+-/=?^_`{|}~@x.example"}) {
    const auto address = parse_address(text);
    BOOST_REQUIRE_MESSAGE(address, text);
    BOOST_CHECK_EQUAL(*address, text);
  }
  BOOST_CHECK_EQUAL(*parse_address("User@EXAMPLE.Org"), "User@example.org");
}

BOOST_AUTO_TEST_CASE(what_could_inject_or_confuse_is_refused) {
  const std::vector<std::string> bad = {"",
                                        "@",
                                        "a",
                                        "a@",
                                        "@b",
                                        "a@b@c",
                                        "a b@c",
                                        "a@b c",
                                        "a\r\nRCPT TO:<x@y>@b",
                                        "a@b\r\nX: y",
                                        "a@b\n",
                                        "\na@b",
                                        "<a@b>",
                                        "a@b>",
                                        "a,b@c",
                                        "a@b,c@d",
                                        "a;b@c",
                                        "a@b;c",
                                        "\"a b\"@c",
                                        "a@[127.0.0.1]",
                                        "a@[::1]",
                                        "a..b@c",
                                        ".a@b",
                                        "a.@b",
                                        "a@.b",
                                        "a@b.",
                                        "a@b..c",
                                        "a@-b",
                                        "a@b-",
                                        "a@b_c",
                                        "(x)a@b",
                                        "a@b(x)",
                                        "a:b@c",
                                        "a\\b@c",
                                        "a@b\\c",
                                        "a\t@b",
                                        std::string("a\0@b", 4),
                                        "\x7f@b",
                                        "\xc3\xa9@b",
                                        "a@\xc3\xa9.example",
                                        "a@b%0d",
                                        std::string(65, 'a') + "@b",
                                        "a@" + std::string(64, 'b'),
                                        "a@" + std::string(300, 'b')};
  for (const auto& text : bad) {
    const auto address = parse_address(text);
    BOOST_CHECK_MESSAGE(!address, text);
    if (!address)
      BOOST_CHECK_EQUAL(address.error().message.find_first_of(std::string("\r\n\0", 3)),
                        std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_callback_is_one_address_and_nothing_else) {
  BOOST_CHECK_EQUAL(*address_of_callback("mailto:user@Example.org"), "user@example.org");
  BOOST_CHECK_EQUAL(*address_of_callback("MAILTO:user%2Btag@example.org"), "user+tag@example.org");
  BOOST_CHECK_EQUAL(*address_of_callback("mailto:user%40example.org"), "user@example.org");
  for (const char* text :
       {"mailto:", "mailto:?to=a@b", "mailto:a@b?subject=x", "mailto:a@b?cc=c@d", "mailto:a@b?",
        "mailto:a@b%0d%0aBcc:%20c@d", "mailto:a@b%00", "mailto:a@b,c@d", "mailto:a@b%2Cc@d",
        "mailto:a@b%", "mailto:a@b%4", "mailto:a%zz@b", "mailto://a@b", "mailto://b/a",
        "http://a@b", "a@b", "mailto:a@b#x", "mailto:<a@b>", "mailto:a%20b@c"})
    BOOST_CHECK_MESSAGE(!address_of_callback(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
