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

BOOST_AUTO_TEST_CASE(what_is_no_qualified_name_is_text_and_comes_out_octet_by_octet) {
  const std::vector<std::string> texts = {"oss:ObjectCreated:PutObject",
                                          "https://example.com/made?a=b#c",
                                          "9a",
                                          "-a",
                                          ".a",
                                          "a b",
                                          " a",
                                          "a ",
                                          "a/b",
                                          "a+b@c",
                                          "a{b",
                                          "a}b",
                                          "{a}b}c",
                                          "{a",
                                          "{urn:a}",
                                          "{}",
                                          "{}{}a",
                                          "{a}*",
                                          "{a b}c",
                                          "{urn:a}b c",
                                          "*",
                                          "a*",
                                          "100%",
                                          "%41",
                                          "{}%41",
                                          "a%20b",
                                          "#",
                                          "\u00b7a",
                                          "\u0301a",
                                          "a\u00d7",
                                          "\u2000",
                                          "\u3042 \u3044",
                                          "{\u7d19} x"};
  for (const auto& text : texts) {
    const auto name = QName::parse(text);
    BOOST_REQUIRE_MESSAGE(name.has_value(), text << ": " << name.error().message);
    BOOST_CHECK_EQUAL(name->display(), text);
    BOOST_CHECK_EQUAL(name->local(), text);
    BOOST_CHECK(name->ns().empty());
    BOOST_CHECK(name->clark().starts_with("{}"));
    BOOST_CHECK_EQUAL(name->clark().find_first_of(" *{}", 2), std::string::npos);
    const auto back = QName::from_clark(name->clark());
    BOOST_REQUIRE_MESSAGE(back.has_value(), name->clark());
    BOOST_CHECK(*back == *name);
    BOOST_CHECK_EQUAL(back->display(), text);
    for (const auto& other : texts)
      if (other != text) BOOST_CHECK(*QName::parse(other) != *name);
  }
}

BOOST_AUTO_TEST_CASE(what_no_type_can_be_is_refused) {
  for (const auto& text : std::vector<std::string>{"", "a\n", "a\tb", "a\x7f", "a\u0085",
                                                   std::string("a\0", 2), "a\xff", "\xc3"}) {
    const auto name = QName::parse(text);
    BOOST_REQUIRE_MESSAGE(!name.has_value(), text << " is accepted");
    BOOST_CHECK(name.error().code == Code::badparam);
  }
}

// Two spellings of one name would pass filters of topics and rights that know only one.
BOOST_AUTO_TEST_CASE(the_form_for_the_bus_has_one_spelling) {
  for (const char* clark :
       {"", "a", "{}", "{", "{}a b", "{}a%3Ab", "{}a%2", "{}%61", "{}a%2ab", "{}{urn:a}b",
        "{}%7Burn:a%7Db", "{}%7B%7Da", "{urn:a}b c", "{urn:a}", "{}a*", "{}%0A", "a%20b"})
    BOOST_CHECK_MESSAGE(!QName::from_clark(clark).has_value(), clark);
  for (const char* clark : {"{}a", "{urn:a}b", "{}a:b", "{}a%20b", "{}%2A", "{}%7Burn:a%7Db%20c"})
    BOOST_CHECK_MESSAGE(QName::from_clark(clark).has_value(), clark);
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
  BOOST_CHECK(QName::parse("{" + ns + "n}x").error().code == Code::varnametoobig);
  BOOST_CHECK(QName::parse(std::string(256, ':')).has_value());
  BOOST_CHECK(QName::parse(std::string(257, ':')).error().code == Code::varnametoobig);
}

BOOST_AUTO_TEST_SUITE_END()
