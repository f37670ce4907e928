// SPDX-License-Identifier: Apache-2.0
#include "core/storage/folder_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(folder_lock_tests)

BOOST_AUTO_TEST_CASE(folder_is_made_when_it_is_not_there) {
  const TemporaryFolder folder;
  const auto lock = FolderLock::take(folder / "a/b", "test");
  BOOST_CHECK(lock.has_value());
  BOOST_CHECK(std::filesystem::is_directory(folder / "a/b"));
}

BOOST_AUTO_TEST_CASE(second_owner_is_refused_until_the_first_lets_go) {
  const TemporaryFolder folder;
  {
    auto first = FolderLock::take(folder.path(), "broker");
    BOOST_REQUIRE(first);
    const FolderLock moved(std::move(*first));
    const auto second = FolderLock::take(folder.path(), "gateway http");
    BOOST_REQUIRE(!second);
    BOOST_CHECK(second.error().code == Code::addrnotavail);
    BOOST_CHECK_NE(second.error().message.find("gateway http"), std::string::npos);
    BOOST_CHECK_NE(second.error().message.find(folder.path()), std::string::npos);
  }
  BOOST_CHECK(FolderLock::take(folder.path(), "gateway http").has_value());
}

BOOST_AUTO_TEST_CASE(lock_ends_with_the_process_that_held_it) {
  const TemporaryFolder folder;
  int ready[2];
  BOOST_REQUIRE(::pipe(ready) == 0);
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const auto lock = FolderLock::take(folder.path(), "child");
    const char answer = lock ? 'y' : 'n';
    [[maybe_unused]] const auto written = ::write(ready[1], &answer, 1);
    for (;;) ::pause();
  }
  char answer = 0;
  BOOST_REQUIRE(::read(ready[0], &answer, 1) == 1);
  BOOST_CHECK_EQUAL(answer, 'y');
  BOOST_CHECK(!FolderLock::take(folder.path(), "parent"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  BOOST_CHECK(FolderLock::take(folder.path(), "parent").has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

BOOST_AUTO_TEST_CASE(folder_that_is_a_file_is_noaccess_with_the_path) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  const auto lock = FolderLock::take(folder / "file", "broker");
  BOOST_REQUIRE(!lock);
  BOOST_CHECK(lock.error().code == Code::noaccess);
  BOOST_CHECK_NE(lock.error().message.find(folder / "file"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
