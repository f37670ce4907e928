// SPDX-License-Identifier: Apache-2.0
#include "tests/core/filter/filter_cases.hpp"

// CloudEvents SQL 1.0: literals and operators.
using namespace sense;
using namespace sense::test;

BOOST_AUTO_TEST_SUITE(filter_operators_tests)

BOOST_AUTO_TEST_CASE(literals_are_what_they_say) {
  check({{"true", true},
         {"FaLsE", false},
         {"0", 0},
         {"+7", 7},
         {"-2147483648", -2147483647 - 1},
         {"2147483647", 2147483647},
         {"007", 7},
         {"''", ""},
         {"\"\"", ""},
         {R"('say "hi"')", R"(say "hi")"},
         {R"("it's")", "it's"},
         {R"('it\'s')", "it's"},
         {R"("say \"hi\"")", "say \"hi\""},
         {"'it''s'", "it's"},
         {R"('a\c')", R"(a\c)"},
         {R"('a\"c')", R"(a\"c)"},
         {R"('a\\')", R"(a\\)"},
         {"'%_'", "%_"},
         {" \t\r\n'Grüße 😀' ", "Grüße 😀"}});
}

BOOST_AUTO_TEST_CASE(operators_hold_as_tightly_as_the_specification_says) {
  check({{"2 + 3 * 4", 14},
         {"(2 + 3) * 4", 20},
         {"2 * 3 % 4", 2},
         {"10 - 4 - 3", 3},
         {"10 / 5 / 2", 1},
         {"10-4", 6},
         {"10 -4", 6},
         {"2*-3", -6},
         {"1 + 1 = 2", true},
         {"1 < 2 = true", true},
         {"NOT false = true", true},       // (NOT false) = true
         {"NOT true LIKE 'false'", true},  // (NOT true) LIKE 'false'
         {"NOT true IN ('false')", true},  // (NOT true) IN ('false')
         {"-word LIKE '%'", false, Wrong::cast},
         {"NOT EXISTS subject", false},
         {"EXISTS subject = true", true},
         {"1 + 1 LIKE '1'", 2},  // 1 + (1 LIKE '1')
         {"1 = 2 OR 2 = 2", true},
         {"true OR true AND false", false},  // equal precedence, from left to right
         {"false AND false OR true", true},
         {"true XOR true OR true", true},
         {"true OR (true AND false)", true}});
}

BOOST_AUTO_TEST_CASE(a_sign_before_digits_is_theirs_and_others_are_operators) {
  check({{"--10", 10},
         {"- - -10", -10},
         {"-'10'", -10},
         {"-TRUE", -1},
         {"-count", -42},
         {"- 5", -5},
         {"3 - -2147483648", 0, Wrong::math},
         {"-minimal", 0, Wrong::math},
         {"--2147483648", 0, Wrong::math},
         {"-'x'", 0, Wrong::cast}});
}

BOOST_AUTO_TEST_CASE(arithmetic_beyond_32_bits_is_a_math_error_with_zero) {
  check({{"2147483647 + 1", 0, Wrong::math},
         {"-2147483648 - 1", 0, Wrong::math},
         {"65536 * 65536", 0, Wrong::math},
         {"-2147483648 * -1", 0, Wrong::math},
         {"-2147483648 / -1", 0, Wrong::math},
         {"-2147483648 % -1", 0},
         {"46341 * 46340", 2147441940},
         {"7 / -2", -3},
         {"-7 / 2", -3},
         {"-7 % 3", -1},
         {"7 % -3", 1},
         {"1 / 0", 0, Wrong::math},
         {"1 % 0", 0, Wrong::math},
         {"'6' / '4'", 1},
         {"true + true", 2},
         {"1 + 'x'", 0, Wrong::cast},
         {"'x' + 1", 0, Wrong::cast},
         {"'' + 1", 0, Wrong::cast}});
}

BOOST_AUTO_TEST_CASE(the_right_side_says_as_what_two_values_are_equal) {
  check({{"'1' = 1", true},
         {"1 = '1'", true},
         {"1 = '01'", false},
         {"'01' = 1", true},
         {"true = 'true'", true},
         {"true = 'TRUE'", false},
         {"'TRUE' = true", true},
         {"0 = false", true},
         {"5 = true", true},
         {"true = 5", false},
         {"true = 1", true},
         {"'x' = 1", false, Wrong::cast},
         {"'x' != 1", false, Wrong::cast},
         {"'x' = true", false, Wrong::cast},
         {"'a' = 'A'", false},
         {"'a' != 'A'", true},
         {"'a' <> 'a'", false},
         {"1 <> 2", true},
         {"true != true", false},
         {"digits = 42", true},
         {"digits = '42'", false},
         {"count = '42'", true}});
}

BOOST_AUTO_TEST_CASE(order_is_that_of_numbers_only) {
  check({{"2 < 10", true},
         {"'2' < '10'", true},
         {"2 <= 2", true},
         {"3 > 3", false},
         {"3 >= 3", true},
         {"-1 < false", true},
         {"'a' < 'b'", false, Wrong::cast},
         {"1 < 'b'", false, Wrong::cast},
         {"severity > 2", true},
         {"severity < 3", false}});
}

BOOST_AUTO_TEST_CASE(decided_and_and_or_do_not_look_at_their_right_side) {
  check({{"false AND 1 / 0 = 0", false},
         {"true OR 1 / 0 = 0", true},
         {"true AND 1 / 0 = 0", false, Wrong::math},
         {"false OR 1 / 0 = 0", false, Wrong::math},
         {"false AND absent = 1", false},
         {"true OR nothing('x')", true},
         {"absent = 1 OR true", false, Wrong::missing_attribute},
         {"true AND 'x'", false, Wrong::cast},
         {"'x' OR true", false, Wrong::cast},
         {"'true' AND 1", true},
         {"0 OR 'FALSE'", false},
         {"false XOR 'true'", true},
         {"true XOR 'x'", false, Wrong::cast},
         {"'x' XOR true", false, Wrong::cast},
         {"true XOR 1 / 0 = 0", false, Wrong::math},
         {"false AND true AND 1 / 0 = 0", false},
         {"true AND true AND (false OR true)", true}});
}

BOOST_AUTO_TEST_CASE(not_takes_what_has_a_truth) {
  check({{"NOT true", false},
         {"not 'false'", true},
         {"NOT NOT urgent", true},
         {"NOT 0", true},
         {"NOT 1", false},
         {"NOT 10", true, Wrong::cast},
         {"NOT 'x'", true, Wrong::cast},
         {"NOT (10 AND true)", false},
         {"NOT absent", false, Wrong::missing_attribute}});
}

BOOST_AUTO_TEST_CASE(like_knows_two_wildcards_and_their_escapes) {
  check({{"'abc' LIKE 'abc'", true},
         {"'abc' LIKE 'ABC'", false},
         {"'abc' LIKE '%'", true},
         {"'' LIKE '%'", true},
         {"'' LIKE ''", true},
         {"'' LIKE '_'", false},
         {"'a' LIKE ''", false},
         {"'abc' LIKE '%%c'", true},
         {"'abc' LIKE 'a%'", true},
         {"'abc' LIKE '%b'", false},
         {"'abc' LIKE '%b%'", true},
         {"'abc' LIKE 'a_c'", true},
         {"'abc' LIKE '____'", false},
         {"'abc' LIKE '_%_'", true},
         {"'abab' LIKE '%ab'", true},
         {"'aab' LIKE '%ab'", true},
         {"'mississippi' LIKE 'm%iss%ip_i'", true},
         {"'mississippi' LIKE 'm%iss%ip__i'", false},
         {R"('a%c' LIKE 'a\%c')", true},
         {R"('abc' LIKE 'a\%c')", false},
         {R"('a_c' LIKE 'a\_c')", true},
         {R"('abc' LIKE 'a\_c')", false},
         {R"('a\c' LIKE 'a\c')", true},
         {R"('a\xc' LIKE 'a\%c')", false},
         {R"('it''s' LIKE 'it\'_')", true},
         {R"('a*c' LIKE 'a*c')", true},
         {R"('abbc' LIKE 'a.*c')", false},
         {"'ü' LIKE '_'", true},
         {"'ü' LIKE '__'", false},
         {"'a😀b' LIKE 'a_b'", true},
         {"'😀😀x' LIKE '%_x'", true},
         {"'abc' NOT LIKE 'a%'", false},
         {"'abc' NOT LIKE 'x%'", true},
         {"234 LIKE '2_4'", true},
         {"-5 LIKE '-%'", true},
         {"true LIKE 'tr%'", true},
         {"type LIKE '{urn:example:printer}%'", true},
         {"subject LIKE 'Gr__e%\\%'", true}});
}

BOOST_AUTO_TEST_CASE(in_casts_the_elements_to_the_type_on_its_left) {
  check({{"1 IN (3, 2, 1)", true},
         {"1 IN (3)", false},
         {"1 NOT IN (3)", true},
         {"1 NOT IN (3, 1)", false},
         {"1 IN ('1')", true},
         {"'1' IN (1)", true},
         {"'01' IN (1)", false},
         {"1 IN ('x', 1)", false, Wrong::cast},
         {"1 NOT IN ('x')", false, Wrong::cast},
         {"1 IN (1, 'x')", true},
         {"true IN ('TRUE')", true},
         {"'TRUE' IN (true)", false},
         {"'true' IN (true)", true},
         {"true IN (5)", true},
         {"1 IN (true)", true},
         {"word IN ('x', word)", true},
         {"source IN (id, CONCAT('//hq.example/', 'printer/4'))", true},
         {"2 IN (1 + 1)", true},
         {"1 IN ((1))", true},
         {"(1 IN (1)) IN (true)", true},
         {"1 IN (1) = true", true}});
}

BOOST_AUTO_TEST_SUITE_END()
