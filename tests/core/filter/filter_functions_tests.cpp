// SPDX-License-Identifier: Apache-2.0
#include "tests/core/filter/filter_cases.hpp"

// CloudEvents SQL 1.0: casts and functions.
using namespace sense;
using namespace sense::test;

BOOST_AUTO_TEST_SUITE(filter_functions_tests)

BOOST_AUTO_TEST_CASE(casts_say_what_cannot_be_cast) {
  check({{"INT('-12')", -12},
         {"INT('+12')", 12},
         {"INT('007')", 7},
         {"INT('-0')", 0},
         {"INT('+-1')", 0, Wrong::cast},
         {"INT('--1')", 0, Wrong::cast},
         {"INT('+')", 0, Wrong::cast},
         {"INT('')", 0, Wrong::cast},
         {"INT(' 1')", 0, Wrong::cast},
         {"INT('1 ')", 0, Wrong::cast},
         {"INT('1.0')", 0, Wrong::cast},
         {"INT('2147483648')", 0, Wrong::cast},
         {"INT('-2147483648')", -2147483647 - 1},
         {"INT(true)", 1},
         {"INT(5)", 5},
         {"BOOL('True')", true},
         {"BOOL('FALSE')", false},
         {"BOOL('yes')", false, Wrong::cast},
         {"BOOL('')", false, Wrong::cast},
         {"BOOL(0)", false},
         {"BOOL(-50)", true},
         {"BOOL(true)", true},
         {"STRING(-2147483648)", "-2147483648"},
         {"STRING(true)", "true"},
         {"STRING('x')", "x"},
         {"IS_INT('12')", true},
         {"IS_INT('1x')", false},
         {"IS_INT(true)", true},
         {"IS_BOOL('TRUE')", true},
         {"IS_BOOL('x')", false},
         {"IS_BOOL(7)", true}});
}

BOOST_AUTO_TEST_CASE(functions_count_characters_not_octets) {
  check({{"LENGTH('')", 0},
         {"LENGTH('Größe')", 5},
         {"LENGTH('😀')", 1},
         {"length(true)", 4},
         {"LENGTH(-12)", 3},
         {"LEFT('Größe', 3)", "Grö"},
         {"LEFT('Größe', 5)", "Größe"},
         {"LEFT('Größe', 2147483647)", "Größe"},
         {"LEFT('abc', 0)", ""},
         {"LEFT(12345, '2')", "12"},
         {"LEFT('abc', 'x')", "", Wrong::cast},
         {"RIGHT('Größe', 3)", "öße"},
         {"RIGHT('abc', 7)", "abc"},
         {"RIGHT('abc', 0)", ""},
         {"RIGHT('abc', -1)", "abc", Wrong::function_evaluation},
         {"SUBSTRING('Größe', 3)", "öße"},
         {"SUBSTRING('Größe', 3, 1)", "ö"},
         {"SUBSTRING('Größe', -2)", "ße"},
         {"SUBSTRING('Größe', -5, 2)", "Gr"},
         {"SUBSTRING('abc', 1, 0)", ""},
         {"SUBSTRING('abc', 2, 2147483647)", "bc"},
         {"SUBSTRING('abc', 0)", ""},
         {"SUBSTRING('abc', 0, -1)", "", Wrong::function_evaluation},
         {"SUBSTRING('abc', 3)", "c"},
         {"SUBSTRING('abc', 4)", "", Wrong::function_evaluation},
         {"SUBSTRING('abc', -4)", "", Wrong::function_evaluation},
         {"SUBSTRING('abc', 1, -1)", "", Wrong::function_evaluation},
         {"SUBSTRING('abc', -2147483648)", "", Wrong::function_evaluation},
         {"SUBSTRING('', 0)", ""},
         {"SUBSTRING('', 1)", "", Wrong::function_evaluation}});
}

BOOST_AUTO_TEST_CASE(texts_are_joined_trimmed_and_folded) {
  check({{"CONCAT()", ""},
         {"CONCAT('a')", "a"},
         {"CONCAT('a', 1, true)", "a1true"},
         {"CONCAT_WS(', ')", ""},
         {"CONCAT_WS(', ', 'a')", "a"},
         {"CONCAT_WS(', ', 'a', '', 'c')", "a, , c"},
         {"concat_ws(0, 1, 2)", "102"},
         {"LOWER('ÄÖ Straße ΣΩ Ж')", "äö straße σω ж"},
         {"UPPER('äö straße σω ж ÿ')", "ÄÖ STRAßE ΣΩ Ж Ÿ"},
         {"UPPER('ɐ')", "Ɐ"},
         {"UPPER('ᾀ')", "ᾈ"},
         {"LOWER('İ')", "i"},
         {"LOWER('Ɐ')", "ɐ"},
         {"UPPER('ā ă')", "Ā Ă"},
         {"LOWER('Ā ă')", "ā ă"},
         {"UPPER('日本 1')", "日本 1"},
         {"LOWER('')", ""},
         {"TRIM('\t a b \r\n')", "a b"},
         {"TRIM('\u00a0\u2003x\u3000')", "x"},
         {"TRIM('\u200bx')", "\u200bx"},
         {"TRIM('\x01x\x7f')", "\x01x\x7f"},
         {"TRIM('   ')", ""},
         {"ABS(-5)", 5},
         {"ABS('-5')", 5},
         {"ABS(-2147483647)", 2147483647},
         {"ABS(minimal)", 2147483647, Wrong::math},
         {"ABS('x')", 0, Wrong::cast}});
}

BOOST_AUTO_TEST_CASE(an_unknown_function_or_number_of_arguments_is_a_missing_function) {
  check({{"nothing()", false, Wrong::missing_function},
         {"LENGTH()", false, Wrong::missing_function},
         {"LENGTH('a', 'b')", false, Wrong::missing_function},
         {"CONCAT_WS()", false, Wrong::missing_function},
         {"SUBSTRING('a')", false, Wrong::missing_function},
         {"SUBSTRING('a', 1, 1, 1)", false, Wrong::missing_function},
         {"LEFT('a')", false, Wrong::missing_function},
         {"nothing(1 / 0)", false, Wrong::missing_function},
         {"nothing() + 1", 0, Wrong::missing_function},
         {"1 IN (nothing(1 IN (1, 2)), 1)", false, Wrong::missing_function},
         {"nothing(1 AND 0) AND true", false, Wrong::missing_function}});
}

BOOST_AUTO_TEST_SUITE_END()
