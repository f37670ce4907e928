// SPDX-License-Identifier: Apache-2.0
#include "core/sense/step.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace sense;

BOOST_AUTO_TEST_SUITE(step_tests)

namespace {

std::vector<step::Line> lines_of(std::string_view octets) {
  step::Reader reader;
  reader.add(octets);
  reader.end();
  std::vector<step::Line> lines;
  while (auto line = reader.next()) lines.push_back(std::move(*line));
  return lines;
}

std::vector<std::string> texts_of(std::string_view octets) {
  std::vector<std::string> texts;
  for (const auto& line : lines_of(octets)) texts.push_back(line.text());
  return texts;
}

void is_split(std::string_view line, std::string_view code, std::string_view reason) {
  BOOST_TEST_CONTEXT("'" << line << "'") {
    const auto parts = step::split_line(line);
    BOOST_REQUIRE(parts.has_value());
    BOOST_CHECK_EQUAL(parts->code, code);
    BOOST_CHECK_EQUAL(parts->reason, reason);
  }
}

void are(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

const std::string longest(step::line_length_max, 'x');

}  // namespace

BOOST_AUTO_TEST_CASE(every_published_example_is_a_code_and_a_reason) {
  is_split("111 Ready", "111", "Ready");
  is_split("112 Processing", "112", "Processing");
  is_split("112 Printing", "112", "Printing");
  is_split("342 Printer jam", "342", "Printer jam");
  is_split("242 Cover open", "242", "Cover open");
  is_split("122 Cover closed", "122", "Cover closed");
  is_split("122 Warming up", "122", "Warming up");
}

BOOST_AUTO_TEST_CASE(lines_without_a_code_carry_the_last_one_as_published) {
  const auto lines = lines_of("342 Printer jam\nCover open\nCover closed\nWarming up\n");
  BOOST_REQUIRE(lines.size() == 4U);
  for (const auto& line : lines) {
    BOOST_CHECK_EQUAL(line.code, "342");
    BOOST_CHECK_EQUAL(line.carried, (line.number > 1));
    BOOST_CHECK(!line.doubtful);
  }
  are(texts_of("342 Printer jam\nCover open\nCover closed\nWarming up\n"),
      {"342 Printer jam", "342 Cover open", "342 Cover closed", "342 Warming up"});
}

BOOST_AUTO_TEST_CASE(code_is_any_number_of_decimal_digits) {
  is_split("1 a", "1", "a");
  is_split("007 a", "007", "a");
  is_split(std::string(400, '9') + " a", std::string(400, '9'), "a");
}

BOOST_AUTO_TEST_CASE(exactly_one_space_separates_and_what_follows_is_the_reason) {
  is_split("342  Printer jam", "342", " Printer jam");
  is_split("342 \tPrinter jam", "342", "\tPrinter jam");
  is_split("342 ", "342", "");
  is_split("342 111 Ready", "342", "111 Ready");
  are(texts_of("342  two spaces\n342 \n"), {"342  two spaces", "342 "});
}

BOOST_AUTO_TEST_CASE(what_is_not_a_code_and_a_space_is_no_code) {
  for (const auto* line :
       {"342", "342\tjam", "342: jam", "342.1 jam", "-1 jam", "+1 jam", "0x1 jam", "3a jam",
        " 342 jam", "jam 342", "", " ", "\xd9\xa3 jam", "\xef\xbc\x93 jam", "3\xc2\xa0jam"})
    BOOST_CHECK_MESSAGE(!step::split_line(line).has_value(), "'" << line << "'");
  BOOST_CHECK(!step::split_line(std::string_view("3\0 jam", 6)).has_value());
}

BOOST_AUTO_TEST_CASE(line_that_may_have_meant_a_code_is_carried_and_doubtful) {
  const auto lines = lines_of("111 Ready\n342\n342\tjam\n 342 jam\nn342 jam\n");
  BOOST_REQUIRE(lines.size() == 5U);
  BOOST_CHECK(!lines[0].doubtful);
  BOOST_CHECK(lines[1].doubtful);
  BOOST_CHECK(lines[2].doubtful);
  BOOST_CHECK(!lines[3].doubtful);
  BOOST_CHECK(!lines[4].doubtful);
  are(texts_of("111 Ready\n342\n 342 jam\n"), {"111 Ready", "111 342", "111  342 jam"});
}

BOOST_AUTO_TEST_CASE(before_the_first_code_no_code_is_invented) {
  const auto lines = lines_of("monitor 1.0\n342\n111 Ready\nPaper low\n");
  BOOST_REQUIRE(lines.size() == 4U);
  BOOST_CHECK(lines[0].code.empty());
  BOOST_CHECK(lines[1].code.empty());
  BOOST_CHECK_EQUAL(lines[2].code, "111");
  BOOST_CHECK_EQUAL(lines[3].code, "111");
}

BOOST_AUTO_TEST_CASE(line_ends_are_lf_or_cr_lf_and_the_last_may_have_none) {
  are(texts_of("111 Ready\r\n112 Printing\n342 Jam"), {"111 Ready", "112 Printing", "342 Jam"});
  are(texts_of("111 Ready\r\n342 Jam\r"), {"111 Ready", "342 Jam"});
  are(texts_of("111 a\rb\r\r\n"), {"111 a\rb\r"});
}

BOOST_AUTO_TEST_CASE(blank_lines_are_passed_over_and_counted_in_the_line_numbers) {
  const auto lines = lines_of("\n\r\n  \n\t\r\n111 Ready\n\nPaper low\n\n");
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_CHECK_EQUAL(lines[0].number, 5U);
  BOOST_CHECK_EQUAL(lines[1].number, 7U);
  BOOST_CHECK_EQUAL(lines[1].code, "111");
  BOOST_CHECK(lines_of("").empty());
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_make_the_same_lines) {
  const std::string input = "342 Printer jam\r\nCover open\n\n" + longest + "more\n111 Ready\nlast";
  const auto whole = texts_of(input);
  BOOST_CHECK_EQUAL(whole.size(), 5U);
  for (std::size_t size = 1; size <= input.size(); ++size) {
    step::Reader reader;
    std::vector<std::string> texts;
    const auto take = [&] {
      while (const auto line = reader.next()) texts.push_back(line->text());
    };
    for (std::size_t at = 0; at < input.size(); at += size) {
      reader.add(std::string_view(input).substr(at, size));
      take();
    }
    reader.end();
    take();
    BOOST_CHECK_MESSAGE((texts == whole), "pieces of " << size);
  }
}

BOOST_AUTO_TEST_CASE(line_is_not_taken_before_its_end_has_come) {
  step::Reader reader;
  reader.add("111 Rea");
  BOOST_CHECK(!reader.next().has_value());
  BOOST_CHECK_EQUAL(reader.unfinished(), 7U);
  reader.add("dy\n112 P");
  BOOST_CHECK_EQUAL(reader.next()->text(), "111 Ready");
  BOOST_CHECK(!reader.next().has_value());
  BOOST_CHECK_EQUAL(reader.unfinished(), 5U);
  reader.end();
  BOOST_CHECK_EQUAL(reader.next()->text(), "112 P");
  BOOST_CHECK(!reader.next().has_value());
  BOOST_CHECK_EQUAL(reader.unfinished(), 0U);
}

BOOST_AUTO_TEST_CASE(longest_line_is_whole_and_a_longer_one_is_shortened) {
  const auto line = "342 " + longest.substr(4);
  for (const auto* end : {"", "\n", "\r\n"}) {
    const auto whole = lines_of(line + end);
    BOOST_REQUIRE(whole.size() == 1U);
    BOOST_CHECK(!whole[0].shortened);
    BOOST_CHECK_EQUAL(whole[0].text(), line);
    for (const auto more : {1U, 2U, 3U, 100'000U}) {
      const auto cut = lines_of(line + std::string(more, 'y') + end + "\n111 Ready\n");
      BOOST_REQUIRE(cut.size() == 2U);
      BOOST_CHECK(cut[0].shortened);
      BOOST_CHECK_EQUAL(cut[0].text(), line);
      BOOST_CHECK(!cut[1].shortened);
    }
  }
}

BOOST_AUTO_TEST_CASE(carried_code_does_not_make_a_line_too_long) {
  const auto lines = lines_of("342 Jam\n" + longest + "\n");
  BOOST_CHECK(!lines[1].shortened);
  BOOST_CHECK_EQUAL(lines[1].text(), "342 " + longest);
}

BOOST_AUTO_TEST_CASE(shortening_does_not_cut_a_character_in_two) {
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x96\xa8"})
    for (std::size_t room = 0; room <= character.size(); ++room) {
      const auto before = "1 " + std::string(step::line_length_max - 2 - room, 'x');
      const auto text = lines_of(before + character + "yyyy\n").at(0).text();
      BOOST_CHECK_EQUAL(text, before + (room == character.size() ? character : std::string()));
    }
  // What is no UTF-8 is cut where it ends.
  const auto text = lines_of("1 " + std::string(1000, '\x80')).at(0).text();
  BOOST_CHECK_EQUAL(text.size(), step::line_length_max);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_for_a_line_that_never_ends) {
  step::Reader reader;
  for (int i = 0; i < 1000; ++i) {
    reader.add(std::string(4096, 'x'));
    BOOST_CHECK(!reader.next().has_value());
  }
  BOOST_CHECK_LE(reader.unfinished(), step::line_length_max + 2);
}

BOOST_AUTO_TEST_CASE(event_says_edition_text_and_the_code_written_out) {
  const auto lines = lines_of("342 Printer jam\nCover open\nCouvercle ferm\xc3\xa9\n\xff\xfe\n");
  const auto first = step::event_of(lines.at(0));
  BOOST_CHECK_EQUAL(first.edition, "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(first.datacontenttype, "text/plain");
  BOOST_CHECK_EQUAL(first.data, "342 Printer jam");
  BOOST_CHECK(!first.severity.has_value());
  BOOST_CHECK_EQUAL(step::event_of(lines.at(1)).data, "342 Cover open");
  const auto accented = step::event_of(lines.at(2));
  BOOST_CHECK_EQUAL(accented.datacontenttype, "text/plain; charset=utf-8");
  BOOST_CHECK_EQUAL(accented.data, "342 Couvercle ferm\xc3\xa9");
  const auto unknown = step::event_of(lines.at(3));
  BOOST_CHECK_EQUAL(unknown.datacontenttype, "text/plain");
  BOOST_CHECK_EQUAL(unknown.data, "342 \xff\xfe");
}

BOOST_AUTO_TEST_SUITE_END()
