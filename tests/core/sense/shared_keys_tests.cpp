// SPDX-License-Identifier: Apache-2.0
#include "core/sense/shared_keys.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

const std::string secret = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::string entry(const std::string& name, const std::string& value) {
  return "  - {name: \"" + name + "\", secret: \"" + value + "\"}\n";
}

std::string refusal(const std::string& text) {
  const auto keys = parse_shared_keys(text, "keys.yaml");
  return keys ? "accepted" : keys.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_keys_tests)

BOOST_AUTO_TEST_CASE(file_has_one_key_for_each_name) {
  const auto keys = parse_shared_keys(
      "# ours\nkeys:\n" + entry("hp4", secret) + entry("press.2_b-c", secret + "!~"), "keys.yaml");
  BOOST_REQUIRE(keys.has_value());
  BOOST_REQUIRE_EQUAL(keys->size(), 2U);
  BOOST_CHECK((keys->at(0) == SharedKey{"hp4", secret}));
  BOOST_CHECK((keys->at(1) == SharedKey{"press.2_b-c", secret + "!~"}));
  BOOST_CHECK(parse_shared_keys("keys: []\n", "keys.yaml")->empty());
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_their_line_and_secrets_never_repeated) {
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "a list `keys`"},
           {"hunter2", "a list `keys`"},
           {"keys: hunter2\n", "a list `keys`"},
           {"keys: []\nmore: hunter2\n", "a list `keys`"},
           {"keys:\n  - hunter2\n", "keys.yaml:2:"},
           {"keys:\n  - {name: hp4}\n", "nothing else"},
           {"keys:\n  - {name: hp4, secret: hunter2}\n", "32 to 128"},
           {"keys:\n  - {name: hp4, secret: \"" + std::string(129, 'x') + "\"}\n", "32 to 128"},
           {"keys:\n  - {name: hp4, secret: \"hunter2 " + secret + "\"}\n", "32 to 128"},
           {"keys:\n  - {name: hp4, secret: \"hunter2\xc3\xa9" + secret + "\"}\n", "32 to 128"},
           {"keys:\n" + entry("", secret), "a name has"},
           {"keys:\n" + entry("a b", secret), "a name has"},
           {"keys:\n" + entry(std::string(65, 'a'), secret), "a name has"},
           {"keys:\n  - {name: hp4, secret: \"" + secret + "\", hunter2: 1}\n", "nothing else"},
           {"keys:\n  - {name: [hunter2], secret: \"" + secret + "\"}\n", "`name` and `secret`"},
           {"keys:\n" + entry("hp4", secret) + entry("hp4", secret), "keys.yaml:3:"},
           {"keys: &hunter2 []\n", "not YAML"},
           {"keys: [" + secret + ": hunter2\n", "not YAML"}}) {
    const auto found = refusal(text);
    BOOST_CHECK_MESSAGE(found.find(said) != std::string::npos, found << " for " << text);
    BOOST_CHECK_MESSAGE(found.find("hunter2") == std::string::npos, found);
    BOOST_CHECK_MESSAGE(found.find(secret.substr(4, 12)) == std::string::npos, found);
  }
}

BOOST_AUTO_TEST_CASE(file_has_at_most_a_thousand_keys) {
  std::string text = "keys:\n";
  for (std::size_t i = 0; i < shared_keys_max; ++i) text += entry("k" + std::to_string(i), secret);
  BOOST_CHECK_EQUAL(refusal(text), "accepted");
  BOOST_CHECK_NE(refusal(text + entry("more", secret)).find("1000"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(key_that_was_written_is_read_back_by_its_owner_alone) {
  const TemporaryFolder folder;
  const auto path = folder / "hp4.key";
  const auto key = make_shared_key("hp4");
  BOOST_CHECK_EQUAL(key.secret.size(), 52U);
  BOOST_CHECK_NE(key.secret, make_shared_key("hp4").secret);
  const auto before = ::umask(0);
  BOOST_CHECK(write_shared_key(path, key).has_value());
  ::umask(before);
  const auto read = read_shared_key(path);
  BOOST_REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  BOOST_CHECK(*read == key);
  BOOST_CHECK(!write_shared_key(path, key).has_value());  // not overwritten
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0666}) {
    ::chmod(path.c_str(), mode);
    const auto loose = read_shared_keys(path);
    BOOST_REQUIRE(!loose.has_value());
    BOOST_CHECK_NE(loose.error().message.find("chmod 600 " + path), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_file_of_keys_is_refused_with_what_to_do) {
  const TemporaryFolder folder;
  const auto path = folder / "keys.yaml";
  const auto said = [&] {
    const auto keys = read_shared_keys(path);
    return keys ? "accepted" : keys.error().message;
  };
  BOOST_CHECK_NE(said().find("sense keys shared NAME --file " + path), std::string::npos);
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  BOOST_CHECK_NE(said().find("not a regular file"), std::string::npos);
  std::filesystem::remove(path);
  std::ofstream(path) << "keys: []\n" << std::string(300'000, '#');
  ::chmod(path.c_str(), 0600);
  BOOST_CHECK_NE(said().find("longer than 262144 octets"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(client_needs_a_file_with_exactly_one_key) {
  const TemporaryFolder folder;
  const auto path = folder / "keys.yaml";
  for (const auto& [text, good] : std::vector<std::pair<std::string, bool>>{
           {"keys: []\n", false},
           {"keys:\n" + entry("a", secret), true},
           {"keys:\n" + entry("a", secret) + entry("b", secret), false}}) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    BOOST_CHECK_MESSAGE(read_shared_key(path).has_value() == good, text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
