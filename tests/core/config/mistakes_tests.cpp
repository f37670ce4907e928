// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/test/unit_test.hpp>

#include "core/config/settings.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(mistakes_tests)

namespace {

Status check_even(const std::string& text) {
  if (text.size() % 2 == 0) return {};
  return fail(Code::badparam, "even: '" + text + "' is odd");
}

Status check_below_data(const std::string& path) {
  if (path.starts_with("/data/")) return {};
  return fail(Code::badparam, path + " is elsewhere");
}

constexpr std::array table{
    Option{"even", OptionType::text, "odd", "Its default is not checked."}.checked(check_even),
    Option{"evens", OptionType::list, "", "A list."}.checked(check_even),
    Option{"file", OptionType::path, "default", "A path."}.checked(check_below_data),
    Option{"number", OptionType::integer, "1", "A number.", 1, 9},
};

Settings read(const std::string& text, Mistakes& mistakes) {
  const auto node = parse_yaml(text, "a.yaml");
  BOOST_REQUIRE(node);
  return read_settings(*node, table, {}, "/data", mistakes);
}

void finds(const std::string& text, const std::vector<std::string>& sentences) {
  Mistakes mistakes;
  [[maybe_unused]] const auto settings = read(text, mistakes);
  std::vector<std::string> found;
  for (const auto& mistake : mistakes) found.push_back(mistake.message);
  BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), sentences.begin(), sentences.end());
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_mistake_has_its_place_and_its_key_once) {
  finds("even: abc\nevens: [ab, a, abc]\nfile: ../x\nnumber: 10\nunknown-entry-here: 1\n",
        {"a.yaml:1:7: even: 'abc' is odd", "a.yaml:2:13: 'evens': even: 'a' is odd",
         "a.yaml:2:16: 'evens': even: 'abc' is odd", "a.yaml:3:7: 'file': /x is elsewhere",
         "a.yaml:4:9: 'number' is 10, but must be from 1 to 9",
         "a.yaml:5:1: unknown key 'unknown-entry-here'; known here are 'even', 'evens', 'file', "
         "'number'"});
  finds("[a]\n", {"a.yaml:1:1: a mapping (key: value) must stand here"});
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_at_its_default_and_the_rest_is_read) {
  Mistakes mistakes;
  const auto settings = read("number: 10\neven: ab\n", mistakes);
  BOOST_CHECK_EQUAL(mistakes.size(), 1U);
  BOOST_CHECK_EQUAL(settings.integer("number"), 1);
  BOOST_CHECK_EQUAL(settings.text("even"), "ab");
}

BOOST_AUTO_TEST_CASE(empty_text_and_defaults_are_not_checked) {
  finds("even: ''\nfile: ''\n", {});
  finds("{}\n", {});
}

BOOST_AUTO_TEST_CASE(relative_path_counts_from_the_folder_also_that_of_a_default) {
  Mistakes mistakes;
  BOOST_CHECK_EQUAL(read("{}\n", mistakes).text("file"), "/data/default");
  BOOST_CHECK_EQUAL(read("file: a/../b\n", mistakes).text("file"), "/data/b");
  BOOST_CHECK_EQUAL(read("file: ''\n", mistakes).text("file"), "");
  BOOST_CHECK(mistakes.empty());
  BOOST_CHECK_EQUAL(read("file: /else\n", mistakes).text("file"), "/else");
  BOOST_CHECK_EQUAL(mistakes.size(), 1U);
}

BOOST_AUTO_TEST_CASE(first_mistake_is_the_error_for_those_that_want_one) {
  const auto node = parse_yaml("number: 10\neven: abc\n", "a.yaml");
  const auto settings = read_settings(*node, table);
  BOOST_REQUIRE(!settings);
  BOOST_CHECK_EQUAL(settings.error().message,
                    "a.yaml:1:9: 'number' is 10, but must be from 1 to 9");
}

BOOST_AUTO_TEST_CASE(file_that_is_a_folder_or_absent_cannot_be_read) {
  BOOST_CHECK(check_readable("/dev/null"));
  BOOST_CHECK(!check_readable("/"));
  BOOST_CHECK(!check_readable("/nowhere/at/all"));
  BOOST_CHECK(check_folder("/"));
  BOOST_CHECK(check_folder("/nowhere/at/all"));
  BOOST_CHECK(!check_folder("/dev/null"));
  BOOST_CHECK(!check_folder("/dev/null/x"));
}

BOOST_AUTO_TEST_SUITE_END()
