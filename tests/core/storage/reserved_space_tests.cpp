// SPDX-License-Identifier: Apache-2.0
#include "core/storage/reserved_space.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

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
  ReservedSpace reserved(folder / "ballast", 1'000'000);
  BOOST_CHECK(reserved.hold());
  BOOST_CHECK_GE(held(folder / "ballast"), 1'000'000u);
  BOOST_CHECK(reserved.hold());
  BOOST_CHECK(reserved.release());
  BOOST_CHECK_EQUAL(held(folder / "ballast"), 0u);
  BOOST_CHECK(!reserved.release());
  BOOST_CHECK(reserved.hold());
  BOOST_CHECK(reserved.release());
  BOOST_CHECK(reserved.take_back());
  BOOST_CHECK_GE(held(folder / "ballast"), 1'000'000u);
}

// On a full disk only a part can be taken back, and that again and again. It must not stay so.
BOOST_AUTO_TEST_CASE(part_that_was_taken_back_is_completed_when_the_disk_has_room) {
  const TemporaryFolder folder;
  ReservedSpace reserved(folder / "ballast", 1'000'000);
  BOOST_REQUIRE(reserved.hold());
  for (const std::uint64_t part : {300'000, 0}) {
    std::filesystem::resize_file(folder / "ballast", part);
    BOOST_CHECK(reserved.release());
    BOOST_CHECK(reserved.take_back());
    BOOST_CHECK_GE(held(folder / "ballast"), 1'000'000u);
  }
}

BOOST_AUTO_TEST_CASE(more_than_the_disk_has_is_not_taken) {
  const TemporaryFolder folder;
  ReservedSpace reserved(folder / "ballast", std::uint64_t{1} << 60);
  BOOST_CHECK(!reserved.hold());
  BOOST_CHECK_EQUAL(held(folder / "ballast"), 0u);
  BOOST_CHECK(!reserved.release());
}

BOOST_AUTO_TEST_CASE(folder_that_is_gone_is_no_harm) {
  ReservedSpace reserved("/nowhere/at/all", 1000);
  BOOST_CHECK(!reserved.hold());
  BOOST_CHECK(!reserved.release());
  BOOST_CHECK(!reserved.take_back());
}

BOOST_AUTO_TEST_SUITE_END()
