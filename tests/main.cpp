// SPDX-License-Identifier: Apache-2.0
// The one entry point of every test executable.
#define BOOST_TEST_MODULE sense
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/skip.hpp"

namespace {
constexpr int skip_return_code = 77;  // that ctest is told of
bool skipped = false;
}  // namespace

void sense::testing::skip(const std::string& reason) {
  skipped = true;
  std::cout << "skipped: " << reason << std::endl;
}

int main(int count, char* arguments[]) {
  const int result = boost::unit_test::unit_test_main(&init_unit_test, count, arguments);
  return result == 0 && skipped ? skip_return_code : result;
}
