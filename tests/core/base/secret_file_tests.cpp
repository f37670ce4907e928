// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(secret_file_tests)

BOOST_AUTO_TEST_CASE(file_is_read_up_to_its_bound_and_not_beyond) {
  const TemporaryFolder folder;
  const auto path = folder / "secret";
  const FileWords words{"test file", "make one", 10};
  for (const std::size_t size : {0U, 9U, 10U, 11U, 5000U}) {
    std::ofstream(path, std::ios::trunc) << std::string(size, 'x');
    ::chmod(path.c_str(), 0600);
    const auto text = read_secret_file(path, words);
    BOOST_CHECK_MESSAGE(text.has_value() == (size <= 10), size);
    if (text) BOOST_CHECK_EQUAL(text->size(), size);
  }
}

BOOST_AUTO_TEST_CASE(others_may_read_a_public_file_and_no_secret_one) {
  const TemporaryFolder folder;
  const auto path = folder / "file";
  std::ofstream(path) << "x";
  ::chmod(path.c_str(), 0644);
  const FileWords words{"test file", "make one", 10};
  BOOST_CHECK_EQUAL(read_public_file(path, words).value(), "x");
  const auto secret = read_secret_file(path, words);
  BOOST_REQUIRE(!secret.has_value());
  BOOST_CHECK(secret.error().message.starts_with("the test file " + path));
}

BOOST_AUTO_TEST_CASE(each_change_is_noticed_once_it_is_settled) {
  const TemporaryFolder folder;
  const auto path = folder / "watched";
  const auto wall = [](Duration later) { return system_clock().now().wall + later; };
  FileWatch watch(path);
  BOOST_CHECK(watch.changed(wall(Duration{0})));  // the first look
  BOOST_CHECK(!watch.changed(wall(Duration{0})));
  std::ofstream(path) << "one";
  BOOST_CHECK(watch.changed(wall(Duration{0})));
  BOOST_CHECK(watch.changed(wall(Duration{0})));  // may still be written within the same tick
  BOOST_CHECK(watch.changed(wall(std::chrono::hours{1})));
  BOOST_CHECK(!watch.changed(wall(std::chrono::hours{1})));
  std::ofstream(path + ".new") << "two";
  std::filesystem::rename(path + ".new", path);
  BOOST_CHECK(watch.changed(wall(std::chrono::hours{1})));
  BOOST_CHECK(!watch.changed(wall(std::chrono::hours{1})));
  std::filesystem::remove(path);
  BOOST_CHECK(watch.changed(wall(std::chrono::hours{1})));
  BOOST_CHECK(!watch.changed(wall(std::chrono::hours{1})));
}

BOOST_AUTO_TEST_SUITE_END()
