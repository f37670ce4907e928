// SPDX-License-Identifier: Apache-2.0
#include "core/storage/append_line.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(append_line_tests)

BOOST_AUTO_TEST_CASE(lines_stand_one_behind_the_other) {
  const TemporaryFolder folder;
  for (const auto* line : {"one", "", "three"}) BOOST_CHECK(append_line(folder / "a", line));
  BOOST_CHECK_EQUAL(content(folder / "a"), "one\n\nthree\n");
}

BOOST_AUTO_TEST_CASE(an_unfinished_line_is_ended_first) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a") << "unfin";
  BOOST_CHECK(append_line(folder / "a", "one"));
  BOOST_CHECK_EQUAL(content(folder / "a"), "unfin\none\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_fails_with_its_path) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(folder / "target", folder / "link");
  for (const auto& path :
       {folder.path(), folder / "link", folder / "no/such", std::string("/dev/null")}) {
    const auto appended = append_line(path, "one");
    BOOST_REQUIRE_MESSAGE(!appended, path);
    BOOST_CHECK_NE(appended.error().message.find(path), std::string::npos);
  }
  BOOST_CHECK(!std::filesystem::exists(folder / "target"));
}

BOOST_AUTO_TEST_SUITE_END()
