// SPDX-License-Identifier: Apache-2.0
#include "core/base/uri.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(uri_tests)

using namespace sense;

namespace {

Uri parsed(std::string_view text) {
  auto uri = parse_uri(text);
  BOOST_REQUIRE_MESSAGE(uri.has_value(), text << ": " << uri.error().message);
  return *uri;
}

void refused(std::initializer_list<std::string_view> texts) {
  for (const auto text : texts)
    BOOST_CHECK_MESSAGE(!parse_uri(text).has_value(), text << " is accepted");
}

}  // namespace

BOOST_AUTO_TEST_CASE(hierarchical_uri_is_taken_apart) {
  const auto uri = parsed("HTTPS://Desk.Example:8443/events/in?key=a%20b&x");
  BOOST_CHECK_EQUAL(uri.scheme, "https");
  BOOST_CHECK_EQUAL(uri.host, "desk.example");
  BOOST_CHECK_EQUAL(uri.port.value(), 8443);
  BOOST_CHECK_EQUAL(uri.path, "/events/in");
  BOOST_CHECK_EQUAL(uri.query, "key=a%20b&x");
  BOOST_CHECK_EQUAL(uri.authority(), "desk.example:8443");
}

BOOST_AUTO_TEST_CASE(port_that_is_not_given_differs_from_port_zero) {
  BOOST_CHECK(!parsed("http://a.example").port.has_value());
  BOOST_CHECK_EQUAL(parsed("http://a.example:0").port.value(), 0);
  BOOST_CHECK_EQUAL(parsed("http://a.example:0").authority(), "a.example:0");
  BOOST_CHECK_EQUAL(parsed("http://a.example").authority(), "a.example");
  BOOST_CHECK_EQUAL(parsed("sense://127.0.0.1:7367").port.value(), 7367);
}

BOOST_AUTO_TEST_CASE(ipv6_literal_loses_its_brackets_and_gets_them_back) {
  const auto uri = parsed("sense://[2001:DB8::1]:7367");
  BOOST_CHECK_EQUAL(uri.host, "2001:db8::1");
  BOOST_CHECK_EQUAL(uri.authority(), "[2001:db8::1]:7367");
}

BOOST_AUTO_TEST_CASE(opaque_uri_keeps_what_follows_the_colon) {
  BOOST_CHECK_EQUAL(parsed("mailto:ada@example.org").path, "ada@example.org");
  BOOST_CHECK_EQUAL(parsed("mailto:ada@example.org?subject=x").query, "subject=x");
  BOOST_CHECK_EQUAL(parsed("sense+unix:/run/client.sock").path, "/run/client.sock");
  BOOST_CHECK(parsed("pull:").path.empty());
}

BOOST_AUTO_TEST_CASE(user_information_is_refused_in_every_notation) {
  refused({"http://user@host/",
           "http://user:secret@host/",
           "http://@host/",
           "http://:@host/",
           "http://good.example@evil.example/",
           "http://a@b@host/",
           "http:///user@host/",
           "http:////user@host/",
           "http:/user@host/",
           "http:user@host",
           "https:user@host/",
           "http:\\\\user@host/",
           "http://user\\@host/",
           "http://host\\@evil/",
           "http://user%40host/",
           "http://a;b@host",
           "sense://user@127.0.0.1:7367",
           "HTTP://user@host?x",
           "http://user@[::1]/",
           "sense:///user@host"});
}

BOOST_AUTO_TEST_CASE(at_sign_behind_the_authority_is_no_user_information) {
  BOOST_CHECK_EQUAL(parsed("http://host/~a@b?c@d").host, "host");
  BOOST_CHECK_EQUAL(parsed("http://host?c@d").host, "host");
}

BOOST_AUTO_TEST_CASE(unusual_spellings_of_an_ipv4_address_are_normalized) {
  for (const auto* text :
       {"http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://0177.0.0.1/"})
    BOOST_CHECK_MESSAGE(parsed(text).host == "127.0.0.1", text);
}

BOOST_AUTO_TEST_CASE(sense_alone_may_name_a_path_without_a_host) {
  const auto uri = parsed("sense:///run/a.sock?b");
  BOOST_CHECK(uri.host.empty());
  BOOST_CHECK(!uri.port.has_value());
  BOOST_CHECK_EQUAL(uri.path, "/run/a.sock");
  BOOST_CHECK_EQUAL(uri.query, "b");
  BOOST_CHECK_EQUAL(parsed("SENSE:///a//b").path, "/a//b");
  refused({"sense:///", "sense://", "sense://?a", "http:///run/a", "smtp:///run/a", "file:///a"});
}

BOOST_AUTO_TEST_CASE(malformed_uri_is_refused) {
  refused({"",
           ":",
           "://host",
           "noscheme",
           "1http://host",
           "+x:y",
           "ht tp://host",
           "http://",
           "http:///path",
           "http://?q",
           "http://host:65536/",
           "http://host:-1/",
           "http://host:1:2/",
           "http://host:x/",
           "http://[::1/",
           "http://[::g]/",
           "http://h%6fst/",
           "http://h\xc3\xb6st/",
           "http://host/a b",
           "http://host/\n",
           "http://host/\x7f",
           "http://host/#part",
           "http://host/<a>",
           "http://host/\xff",
           "http://host/\u202e",
           "mailto:a@b\r\nBcc: c@d",
           "pull:\x1b"});
  refused({std::string_view("http://host/\0", 13)});
}

BOOST_AUTO_TEST_CASE(length_is_bounded) {
  const std::string start = "http://host/";
  BOOST_CHECK(parse_uri(start + std::string(Uri::length_max - start.size(), 'a')).has_value());
  refused({start + std::string(Uri::length_max - start.size() + 1, 'a')});
}

BOOST_AUTO_TEST_CASE(refusal_is_safe_to_show_and_short) {
  const auto message = parse_uri("http://host/\x1b" + std::string(1900, 'a')).error().message;
  BOOST_CHECK_EQUAL(message.find('\x1b'), std::string::npos);
  BOOST_CHECK_LT(message.size(), 400U);
}

BOOST_AUTO_TEST_CASE(source_is_printable_text_without_spaces) {
  BOOST_CHECK(valid_source("//hq.example/printer/floor2/hp4"));
  BOOST_CHECK(valid_source("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"));
  BOOST_CHECK(valid_source("//hq.example/b\u00fcro/\u6771\u4eac"));
  BOOST_CHECK(valid_source(std::string(1024, 'a')));
  for (const std::string& text :
       {std::string(), std::string(1025, 'a'), std::string("a b"), std::string("a\tb"),
        std::string("a\0b", 3), std::string("a\x7f"), std::string("\xff"), std::string("a\u0085"),
        std::string("a\u202eb"), std::string("<a>"), std::string("a\"b"), std::string("a\\b")})
    BOOST_CHECK_MESSAGE(!valid_source(text), text << " is accepted");
}

BOOST_AUTO_TEST_SUITE_END()
