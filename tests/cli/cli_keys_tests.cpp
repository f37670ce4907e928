// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/security/access_file.hpp"
#include "core/bus/proof.hpp"
#include "tests/cli/process.hpp"

using namespace sense;
using namespace sense::test;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The value of a member of a key file.
std::string member(const std::filesystem::path& path, const std::string& name) {
  const auto text = contents(path);
  const auto begin = text.find(name + ": \"") + name.size() + 3;
  return text.substr(begin, text.find('"', begin) - begin);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_keys_tests)

BOOST_AUTO_TEST_CASE(a_new_key_is_written_and_only_its_public_part_shown) {
  const TempFolder folder;
  const auto file = folder.path() / "shop.key";
  const auto made = run_sense({"keys", "new", "shop", "--file", file.string()});
  BOOST_CHECK_MESSAGE(made.code == 0, made.err);
  const auto known = member(file, "public");
  const auto secret = member(file, "secret");
  BOOST_CHECK_EQUAL(secret.size(), 40u);
  BOOST_CHECK(contains(made.out, known));
  BOOST_CHECK(contains(made.out, "- {name: \"shop\", key: \"" + known + "\""));
  BOOST_CHECK(!contains(made.out + made.err, secret));
  struct stat found {};
  BOOST_REQUIRE(::stat(file.c_str(), &found) == 0);
  BOOST_CHECK_EQUAL((found.st_mode & 0777), 0600u);

  const auto shown = run_sense({"keys", "show", file.string()});
  BOOST_CHECK_EQUAL(shown.out, known + "\n");
  const auto again = run_sense({"keys", "new", "shop", "--file", file.string()});
  BOOST_CHECK_EQUAL(again.code, 1);
  BOOST_CHECK(contains(again.err, "not overwritten"));
  BOOST_CHECK_EQUAL(member(file, "secret"), secret);
}

BOOST_AUTO_TEST_CASE(the_brokers_key_is_for_its_clients_configuration) {
  const TempFolder folder;
  const auto file = folder.path() / "broker.key";
  const auto made = run_sense({"keys", "new", "broker", "--file", file.string(), "--json"});
  BOOST_CHECK_MESSAGE(made.code == 0, made.err);
  const auto line = nlohmann::json::parse(made.out);
  BOOST_CHECK_EQUAL(line["key"], member(file, "public"));
  BOOST_CHECK(contains(line["entry"].get<std::string>(), "broker-key: "));
  BOOST_CHECK(!contains(made.out, member(file, "secret")));
}

BOOST_AUTO_TEST_CASE(a_shared_key_is_written_and_its_secret_not_shown) {
  const TempFolder folder;
  const auto file = folder.path() / "hp4.shared";
  const auto made = run_sense({"keys", "shared", "hp4", "--file", file.string()});
  BOOST_CHECK_MESSAGE(made.code == 0, made.err);
  const auto secret = member(file, "secret");
  BOOST_CHECK_EQUAL(secret.size(), 52u);
  BOOST_CHECK(contains(contents(file), "keys:\n  - {name: \"hp4\", secret: \""));
  BOOST_CHECK(contains(made.out, file.string()));
  BOOST_CHECK(!contains(made.out + made.err, secret));
  struct stat found {};
  BOOST_REQUIRE(::stat(file.c_str(), &found) == 0);
  BOOST_CHECK_EQUAL((found.st_mode & 0777), 0600u);
  const auto again = run_sense({"keys", "shared", "hp4", "--file", file.string()});
  BOOST_CHECK_EQUAL(again.code, 1);
  BOOST_CHECK(contains(again.err, "not overwritten"));
  BOOST_CHECK_EQUAL(run_sense({"keys", "shared", "a b"}).code, 2);
}

BOOST_AUTO_TEST_CASE(token_is_in_a_file_of_its_own_and_its_hash_is_for_the_access_file) {
  const TempFolder folder;
  const auto file = folder.path() / "shop.token";
  const auto made = run_sense({"keys", "token", "shop", "--file", file.string(), "--json"});
  BOOST_REQUIRE_MESSAGE(made.code == 0, made.err);
  BOOST_CHECK(std::filesystem::status(file).permissions() ==
              (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::string token;
  token = contents(file);
  BOOST_REQUIRE_EQUAL(token.back(), '\n');
  token.pop_back();
  BOOST_CHECK_GE(token.size(), 50U);
  BOOST_CHECK(!contains(made.out, token));
  const auto line = nlohmann::json::parse(made.out);
  BOOST_CHECK_EQUAL(line["proof"], to_text(proof_of_token(token)));
  const auto allow =
      folder.write("allow.yaml", "principals:\n  - name: shop\n    proofs:\n      - " +
                                     line["entry"].get<std::string>() + "\n");
  std::filesystem::permissions(allow, std::filesystem::perms(0600));
  const auto config = folder.write("sense.yaml", "data: .\nbroker: {access-file: allow.yaml}\n");
  const auto list = run_sense({"keys", "list", "--config", config});
  BOOST_CHECK(contains(list.out, "token: " + proof_of_token(token).value));
  BOOST_CHECK_EQUAL(run_sense({"keys", "token", "shop", "--file", file.string()}).code, 1);
  BOOST_CHECK_EQUAL(run_sense({"keys", "token", "a b"}).code, 2);
}

BOOST_AUTO_TEST_CASE(names_that_cannot_be_are_usage_errors) {
  for (const auto* name : {"local", "plaintext", "config", "a b", "../x"}) {
    const auto made = run_sense({"keys", "new", name});
    BOOST_CHECK_MESSAGE(made.code == 2, name);
  }
  BOOST_CHECK_EQUAL(run_sense({"keys"}).code, 2);
}

BOOST_AUTO_TEST_CASE(list_shows_the_access_file_with_its_rights) {
  const TempFolder folder;
  const auto made =
      run_sense({"keys", "new", "shop", "--file", (folder.path() / "shop.key").string()});
  BOOST_REQUIRE(made.code == 0);
  const auto known = member(folder.path() / "shop.key", "public");
  const auto allow = folder.write(
      "allow.yaml", "principals:\n  - {name: shop, key: \"" + known +
                        "\", publish: [{type: \"{urn:shop}*\", source: //shop/**}], list: true}\n");
  std::filesystem::permissions(allow, std::filesystem::perms(0600));
  const auto config = folder.write("sense.yaml", "data: .\nbroker: {access-file: allow.yaml}\n");
  const auto text = run_sense({"keys", "list", "--config", config});
  BOOST_CHECK_MESSAGE(text.code == 0, text.err);
  BOOST_CHECK(contains(text.out, "curve: " + known));
  BOOST_CHECK(contains(text.out, "{urn:shop}* of //shop/**"));
  BOOST_CHECK(contains(text.out, "local  (no proof)"));
  const auto json = run_sense({"keys", "list", "--config", config, "--json"});
  const auto line = nlohmann::json::parse(json.out.substr(0, json.out.find('\n')));
  BOOST_CHECK_EQUAL(line["name"], "shop");
  BOOST_CHECK_EQUAL(line["proofs"][0]["kind"], "curve");
  BOOST_CHECK_EQUAL(line["proofs"][0]["value"], known);
  BOOST_CHECK_EQUAL(line["publish"][0]["source"], "//shop/**");
  BOOST_CHECK_EQUAL(line["list"], true);
  BOOST_CHECK_EQUAL(line["manage"], false);

  folder.write("allow.yaml", "principals:\n  - {name: shop, kee: x}\n");
  const auto bad = run_sense({"keys", "list", "--config", config});
  BOOST_CHECK_EQUAL(bad.code, 2);
  BOOST_CHECK(contains(bad.err, "allow.yaml:2:"));
  BOOST_CHECK(contains(bad.err, "did you mean 'key'?"));
}

BOOST_AUTO_TEST_CASE(tcp_without_keys_names_the_commands) {
  const TempFolder folder;
  const auto config = folder.write("sense.yaml", "data: .\nbus: {service: 'tcp://127.0.0.1:5'}\n");
  for (const auto* command : {"broker", "ping", "up"}) {
    const auto outcome = run_sense({command, "--config", config});
    BOOST_CHECK_MESSAGE(outcome.code == 2, command);
    BOOST_CHECK(contains(outcome.err, "sense keys new broker"));
  }
}

BOOST_AUTO_TEST_CASE(a_token_can_be_added_to_an_access_file_with_its_rights) {
  const TempFolder folder;
  const auto access = (folder.path() / "access.yaml").string();
  const auto add = [&](const std::string& name, const std::string& publish) {
    return run_sense({"keys", "token", name, "--file", (folder.path() / name).string(),
                      "--access-file", access, "--publish", publish, "--subscribe",
                      "{urn:example:\"news\"}*"});
  };
  const auto made = add("shop", "{urn:example:shop}*");
  BOOST_CHECK_MESSAGE(made.code == 0, made.err);
  std::ofstream(access, std::ios::app) << "# the end";
  const auto second = add("desk", "{urn:example:desk}*");
  BOOST_CHECK_MESSAGE(second.code == 0, second.err);
  BOOST_CHECK(contains(contents(access), "# the end"));

  const auto parsed = parse_access_file(contents(access), "access.yaml");
  BOOST_REQUIRE_MESSAGE(parsed, parsed.error().message);
  std::vector<std::string> found;
  for (const auto& principal : parsed->principals()) {
    if (principal.proofs.empty()) continue;
    found.push_back(principal.name);
    auto token = contents(folder.path() / principal.name);
    token.pop_back();
    BOOST_CHECK_EQUAL(principal.proofs.front().proof.value, proof_of_token(token).value);
    BOOST_REQUIRE_EQUAL(principal.rights->granted().publish.size(), 1U);
    BOOST_CHECK_EQUAL(principal.rights->granted().publish[0].type.text(),
                      "{urn:example:" + principal.name + "}*");
    BOOST_CHECK_EQUAL(principal.rights->granted().subscribe.size(), 1U);
  }
  std::sort(found.begin(), found.end());
  BOOST_CHECK(found == (std::vector<std::string>{"desk", "shop"}));
}

BOOST_AUTO_TEST_CASE(an_access_file_that_cannot_take_a_principal_stays_as_it_is) {
  const TempFolder folder;
  const auto access = (folder.path() / "access.yaml").string();
  const auto token = (folder.path() / "shop.token").string();
  const std::string has_shop =
      "principals:\n  - {name: shop, proofs: [{token: \"sha256:" + std::string(64, 'a') + "\"}]}\n";
  struct Case {
    std::string text, pattern, says;
  };
  for (const auto& [text, pattern, says] :
       {Case{has_shop, "*", "has principal shop already"},
        Case{"principals: [{name: anonymous, list: true}]\n", "*", "no line `principals:`"},
        Case{"principals:\n  - {nam: desk}\n", "*", "access.yaml:2"},
        Case{"principals:\n  - {name: anonymous, list: true}\n", "{urn:example", "access.yaml"}}) {
    std::ofstream(access, std::ios::trunc) << text;
    const auto made = run_sense(
        {"keys", "token", "shop", "--file", token, "--access-file", access, "--publish", pattern});
    BOOST_CHECK_EQUAL(made.code, 1);
    BOOST_CHECK_MESSAGE(contains(made.err, says), made.err);
    BOOST_CHECK_EQUAL(contents(access), text);
    BOOST_CHECK(!std::filesystem::exists(token));
  }
  const auto nowhere = run_sense({"keys", "token", "shop", "--file", token, "--publish", "*"});
  BOOST_CHECK_EQUAL(nowhere.code, 2);
  BOOST_CHECK(!std::filesystem::exists(token));
}

BOOST_AUTO_TEST_SUITE_END()
