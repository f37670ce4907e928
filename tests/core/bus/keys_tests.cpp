// SPDX-License-Identifier: Apache-2.0
#include "core/bus/keys.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Folder : TemporaryFolder {
  std::string file = *this / "shop.key";
  KeyPair keys = make_key_pair().value();

  std::string write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  [[nodiscard]] std::string refusal() const {
    const auto read = read_key_file(file);
    return read ? "accepted" : read.error().message;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(keys_tests)

BOOST_AUTO_TEST_CASE(key_pair_that_was_written_is_read_back) {
  const Folder folder;
  BOOST_REQUIRE(write_key_file(folder.file, "shop", folder.keys));
  const auto read = read_key_file(folder.file);
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  BOOST_CHECK_EQUAL(read->public_key, folder.keys.public_key);
  BOOST_CHECK_EQUAL(read->secret_key, folder.keys.secret_key);
  BOOST_CHECK_EQUAL(read_public_key(folder.file).value(), folder.keys.public_key);
}

BOOST_AUTO_TEST_CASE(no_two_key_pairs_are_alike) {
  const auto one = make_key_pair().value();
  const auto other = make_key_pair().value();
  BOOST_CHECK_NE(one.public_key, other.public_key);
  BOOST_CHECK_NE(one.secret_key, other.secret_key);
  BOOST_CHECK_NE(one.public_key, one.secret_key);
}

BOOST_AUTO_TEST_CASE(only_its_owner_can_read_a_new_file) {
  const Folder folder;
  const auto before = ::umask(0);
  BOOST_CHECK(write_key_file(folder.file, "shop", folder.keys).has_value());
  ::umask(before);
  struct stat found {};
  BOOST_REQUIRE(::stat(folder.file.c_str(), &found) == 0);
  BOOST_CHECK_EQUAL((found.st_mode & 0777), 0600u);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_there_is_not_overwritten) {
  const Folder folder;
  folder.write("mine");
  const auto written = write_key_file(folder.file, "shop", folder.keys);
  BOOST_REQUIRE(!written);
  BOOST_CHECK_NE(written.error().message.find("not overwritten"), std::string::npos);
  BOOST_CHECK_EQUAL(contents(folder.file), "mine");
}

BOOST_AUTO_TEST_CASE(loose_permissions_are_refused_with_the_command_that_mends_them) {
  const Folder folder;
  BOOST_REQUIRE(write_key_file(folder.file, "shop", folder.keys));
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0666, 0777}) {
    ::chmod(folder.file.c_str(), mode);
    BOOST_CHECK_NE(folder.refusal().find("chmod 600 " + folder.file), std::string::npos);
  }
  ::chmod(folder.file.c_str(), 0400);
  BOOST_CHECK_EQUAL(folder.refusal(), "accepted");
  // The public part is not secret.
  ::chmod(folder.file.c_str(), 0644);
  BOOST_CHECK(read_public_key(folder.file).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_key_file_is_refused_and_its_text_never_repeated) {
  const Folder folder;
  const auto& [known, secret] = folder.keys;
  const auto line = [](const std::string& name, const std::string& value) {
    return name + ": \"" + value + "\"\n";
  };
  const auto other = make_key_pair().value();
  const std::vector<std::string> texts = {
      "",
      "hunter2",
      "- hunter2\n",
      line("secret", secret),
      line("public", known),
      line("public", known) + line("secret", "hunter2"),
      line("public", known) + line("secret", secret.substr(1)),
      line("public", known) + line("secret", other.secret_key),
      line("public", secret) + line("secret", secret),
      line("public", known) + line("secret", secret) + line("secret", secret),
      line("public", known) + line("secret", secret) + line("hunter2", "x"),
      line("public", known) + line("secret", secret) + "- hunter2\n",
      line("public", std::string(40, '~')) + line("secret", secret),
      std::string("\0hunter2", 8),
      line("public", known) + line("secret", secret) + std::string(5000, '#'),
  };
  for (const auto& text : texts) {
    folder.write(text);
    const auto said = folder.refusal();
    BOOST_CHECK_MESSAGE(said.find(folder.file) != std::string::npos, said);
    BOOST_CHECK_MESSAGE(said.find("sense keys new") != std::string::npos, said);
    BOOST_CHECK_MESSAGE(said.find("hunter2") == std::string::npos, said);
    BOOST_CHECK_MESSAGE(said.find(secret.substr(1, 20)) == std::string::npos, said);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused_at_once) {
  const Folder folder;
  BOOST_CHECK_NE(folder.refusal().find("sense keys new"), std::string::npos);  // not there
  BOOST_REQUIRE(::mkfifo(folder.file.c_str(), 0600) == 0);
  BOOST_CHECK_NE(folder.refusal().find("regular"), std::string::npos);
  BOOST_CHECK(!read_key_file(folder.path()));
  BOOST_CHECK(!read_key_file("/dev/zero"));
}

BOOST_AUTO_TEST_CASE(a_file_with_the_public_key_alone_will_do_for_others) {
  const Folder folder;
  folder.write("public: \"" + folder.keys.public_key + "\"\n", 0644);
  BOOST_CHECK_EQUAL(read_public_key(folder.file).value(), folder.keys.public_key);
}

BOOST_AUTO_TEST_CASE(keys_are_forty_characters_of_z85) {
  BOOST_CHECK(valid_key(make_key_pair().value().public_key));
  for (const auto& text : {std::string(), std::string(39, '0'), std::string(41, '0'),
                           std::string(40, '~'), std::string(40, '\0'), std::string(40, '"')})
    BOOST_CHECK(!valid_key(text));
}

BOOST_AUTO_TEST_SUITE_END()
