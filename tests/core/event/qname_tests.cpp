// SPDX-License-Identifier: Apache-2.0
#include "core/event/qname.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

BOOST_AUTO_TEST_SUITE(qname_tests)

using namespace sense;

BOOST_AUTO_TEST_CASE(clark_notation_is_taken_apart_and_put_together) {
  const auto name = QName::parse("{urn:example:printer}jam");
  BOOST_REQUIRE(name.has_value());
  BOOST_CHECK_EQUAL(name->ns(), "urn:example:printer");
  BOOST_CHECK_EQUAL(name->local(), "jam");
  BOOST_CHECK_EQUAL(name->clark(), "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(name->display(), "{urn:example:printer}jam");
}

BOOST_AUTO_TEST_CASE(type_without_namespace_has_braces_inside_and_none_outside) {
  const auto bare = QName::parse("com.example.created");
  const auto braced = QName::parse("{}com.example.created");
  BOOST_REQUIRE(bare.has_value());
  BOOST_REQUIRE(braced.has_value());
  BOOST_CHECK(*bare == *braced);
  BOOST_CHECK_EQUAL(bare->clark(), "{}com.example.created");
  BOOST_CHECK_EQUAL(bare->display(), "com.example.created");
  BOOST_CHECK(bare->ns().empty());
}

BOOST_AUTO_TEST_CASE(same_local_name_in_two_namespaces_is_two_names) {
  BOOST_CHECK(*QName::parse("{urn:a}unlock") != *QName::parse("{urn:b}unlock"));
  BOOST_CHECK(*QName::parse("{urn:a}unlock") != *QName::parse("unlock"));
}

BOOST_AUTO_TEST_CASE(names_of_every_script_are_names) {
  for (const auto* text :
       {"_a", "A-b.c_9", "\u00c4rger", "\u7d19\u8a70\u307e\u308a", "\u0437\u0430",
        "\u0639\u0637\u0644", "\U00020000x", "a\u00b7\u0301", "{urn:\u00fc}x"})
    BOOST_CHECK_MESSAGE(QName::parse(text).has_value(), text << " is refused");
}

BOOST_AUTO_TEST_CASE(composed_and_decomposed_letters_are_different_octets) {
  BOOST_CHECK(*QName::parse("\u00e9t\u00e9") != *QName::parse("e\u0301te\u0301"));
}

BOOST_AUTO_TEST_CASE(what_is_no_ncname_is_refused) {
  const std::vector<std::string> texts = {"",        "{urn:a}", "{}",      "9a",
                                          "-a",      ".a",      "a b",     "a:b",
                                          "a{b",     "a}b",     "{a}b}c",  "{a",
                                          "a/b",     "\u00b7a", "\u0301a", "a\u00d7",
                                          "a\u037e", "\u2000",  "\ufffe",  std::string("a\0", 2),
                                          "a\xff",   "{a}*",    "*",       " a",
                                          "a ",      "a\n"};
  for (const auto& text : texts) {
    const auto name = QName::parse(text);
    BOOST_CHECK_MESSAGE(!name.has_value(), text << " is accepted");
    if (!name) BOOST_CHECK(name.error().code == Code::badparam);
  }
}

BOOST_AUTO_TEST_CASE(namespace_has_no_spaces_braces_or_hidden_characters) {
  const std::vector<std::string> namespaces = {"a b",  "a{b",    "a\nb",   std::string("a\0b", 3),
                                               "\xff", "\u202e", "\u0085", "a\x7f"};
  for (const auto& ns : namespaces) BOOST_CHECK_MESSAGE(!QName::make(ns, "x").has_value(), ns);
  BOOST_CHECK(!QName::make("a}b", "x").has_value());
}

BOOST_AUTO_TEST_CASE(lengths_are_bounded) {
  const std::string ns(QName::namespace_length_max, 'n');
  const std::string local(QName::local_length_max, 'l');
  BOOST_CHECK(QName::make(ns, local).has_value());
  BOOST_CHECK(QName::make(ns + "n", "x").error().code == Code::varnametoobig);
  BOOST_CHECK(QName::make("n", local + "l").error().code == Code::varnametoobig);
}

BOOST_AUTO_TEST_CASE(check_answers_as_parse_does) {
  const std::vector<std::string> texts = {"a",
                                          "{urn:a}b",
                                          "{}b",
                                          "",
                                          "{",
                                          "{a}",
                                          "{a b}c",
                                          "9",
                                          std::string(257, 'a'),
                                          "{" + std::string(513, 'a') + "}b"};
  for (const auto& text : texts) {
    const auto name = QName::parse(text);
    const auto status = QName::check(text);
    BOOST_CHECK_MESSAGE(name.has_value() == status.has_value(), text);
    if (!name && !status) BOOST_CHECK_EQUAL(name.error().message, status.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
