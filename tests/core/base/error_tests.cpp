// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

BOOST_AUTO_TEST_SUITE(error_tests)

using namespace sense;

BOOST_AUTO_TEST_CASE(numbers_and_symbols_are_those_of_1996) {
  BOOST_CHECK_EQUAL(symbol(Code::noerror), "NOERROR");
  BOOST_CHECK_EQUAL(symbol(Code::noaccess), "NOACCESS");
  BOOST_CHECK_EQUAL(static_cast<int>(Code::noaccess), 9);
  BOOST_CHECK_EQUAL(symbol(Code::varvaltoobig), "VARVALTOOBIG");
  BOOST_CHECK_EQUAL(static_cast<int>(Code::protoerror), 21);
  BOOST_CHECK_EQUAL(symbol(Code::notyetimplemented), "NOTYETIMPLEMENTED");
}

BOOST_AUTO_TEST_CASE(every_code_has_its_own_symbol_and_comes_back_from_its_number) {
  std::set<std::string_view> symbols;
  for (unsigned number = 0; number <= code_max; ++number) {
    const auto code = code_from_number(number);
    BOOST_REQUIRE(code.has_value());
    BOOST_CHECK_EQUAL(static_cast<unsigned>(*code), number);
    BOOST_CHECK(!symbol(*code).empty());
    BOOST_CHECK(symbols.insert(symbol(*code)).second);
  }
}

BOOST_AUTO_TEST_CASE(number_beyond_the_last_code_is_none) {
  BOOST_CHECK(!code_from_number(code_max + 1).has_value());
  BOOST_CHECK(!code_from_number(256).has_value());  // would be NOERROR in eight bits
  BOOST_CHECK(!code_from_number(UINT64_MAX).has_value());
}

BOOST_AUTO_TEST_CASE(error_shows_number_symbol_and_sentence) {
  BOOST_CHECK_EQUAL(to_string(Error{Code::noaccess, "the key is unknown"}),
                    "9 NOACCESS: the key is unknown");
}

BOOST_AUTO_TEST_SUITE_END()
