// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace sense;

namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "read-file-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string put(const std::string& name, std::string_view text) {
    std::ofstream(path / name, std::ios::binary) << text;
    return path / name;
  }
  std::filesystem::path path;
};

void check_fails(const std::string& path, Code code, std::string_view what) {
  const auto text = read_file(path, 10);
  BOOST_REQUIRE_MESSAGE(!text.has_value(), path);
  BOOST_CHECK(text.error().code == code);
  BOOST_CHECK_MESSAGE(text.error().message.find(what) != std::string::npos, text.error().message);
  BOOST_CHECK_MESSAGE(text.error().message.starts_with(path.substr(0, 5)), text.error().message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(read_file_tests)

BOOST_AUTO_TEST_CASE(every_octet_is_read_up_to_the_limit_and_no_more) {
  Folder folder;
  const std::string_view octets("a\0\r\n\xff\x1a", 6);
  const auto path = folder.put("octets", octets);
  BOOST_CHECK(read_file(path, 6) == std::string(octets));
  BOOST_CHECK(read_file(folder.put("empty", ""), 0) == std::string());
  const auto more = read_file(path, 5);
  BOOST_REQUIRE(!more.has_value());
  BOOST_CHECK(more.error().code == Code::datatoobig);
  const std::string big(1'000'000, 'x');
  BOOST_CHECK(read_file(folder.put("big", big), big.size()) == big);
}

BOOST_AUTO_TEST_CASE(a_device_without_end_is_left_at_the_limit) {
  check_fails("/dev/zero", Code::datatoobig, "10 octets");
}

BOOST_AUTO_TEST_CASE(a_pipe_is_read_to_its_end) {
  Folder folder;
  const auto path = (folder.path / "pipe").string();
  BOOST_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  std::jthread writer([&] { std::ofstream(path) << "from a pipe"; });
  BOOST_CHECK(read_file(path, 100) == std::string("from a pipe"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_said_with_its_reason) {
  Folder folder;
  check_fails(folder.path, Code::badparam, "is a folder");
  check_fails(folder.path / "nothing", Code::notfound, "No such file");
  check_fails(folder.put("file", "x") + "/below", Code::notfound, "Not a directory");
  check_fails(folder.path / std::string(300, 'n'), Code::system, "too long");
  const auto path = folder.put("closed", "x");
  ::chmod(folder.path.c_str(), 0755);
  ::chmod(path.c_str(), 0);
  // Root reads everything: another user tries.
  const auto child = ::fork();
  BOOST_REQUIRE_GE(child, 0);
  if (child == 0) {
    constexpr uid_t other = 65'534;
    const bool as_other = ::geteuid() != 0 || ::setresuid(other, other, other) == 0;
    const auto read = read_file(path, 100);
    const bool said = !read && read.error().code == Code::noaccess &&
                      read.error().message.find("Permission denied") != std::string::npos;
    ::_exit(as_other && said ? 0 : 1);
  }
  int status = 0;
  BOOST_REQUIRE_EQUAL(::waitpid(child, &status, 0), child);
  BOOST_CHECK_EQUAL(status, 0);
}

BOOST_AUTO_TEST_SUITE_END()
