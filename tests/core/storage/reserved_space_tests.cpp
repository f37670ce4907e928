#include "core/storage/reserved_space.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

// Octets that the file takes on the disk, not only claims.
std::uint64_t held(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_blocks) * 512 : 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reserved_space_tests)

BOOST_AUTO_TEST_CASE(room_is_really_taken_given_back_and_taken_again) {
  const TemporaryFolder folder;
  Ballast ballast(folder / "ballast", 1'000'000);
  BOOST_TEST(ballast.hold());
  BOOST_TEST(held(folder / "ballast") >= 1'000'000u);
  BOOST_TEST(ballast.hold());
  BOOST_TEST(ballast.release());
  BOOST_TEST(held(folder / "ballast") == 0u);
  BOOST_TEST(!ballast.release());
  BOOST_TEST(ballast.hold());
  BOOST_TEST(ballast.release());
  BOOST_TEST(ballast.take_back());
  BOOST_TEST(held(folder / "ballast") >= 1'000'000u);
}

BOOST_AUTO_TEST_CASE(more_than_the_disk_has_is_not_taken) {
  const TemporaryFolder folder;
  Ballast ballast(folder / "ballast", std::uint64_t{1} << 60);
  BOOST_TEST(!ballast.hold());
  BOOST_TEST(held(folder / "ballast") == 0u);
  BOOST_TEST(!ballast.release());
}

BOOST_AUTO_TEST_CASE(folder_that_is_gone_is_no_harm) {
  Ballast ballast("/nowhere/at/all", 1000);
  BOOST_TEST(!ballast.hold());
  BOOST_TEST(!ballast.release());
  BOOST_TEST(!ballast.take_back());
}

BOOST_AUTO_TEST_SUITE_END()
