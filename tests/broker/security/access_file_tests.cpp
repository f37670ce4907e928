// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_file.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

const std::string key_a = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const std::string key_b = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

std::string refusal(const std::string& text) {
  const auto access = parse_access_file(text, "allow.yaml");
  return access ? "accepted" : access.error().message;
}

std::string entry(const std::string& rest) {
  return "principals:\n  - name: shop\n    key: \"" + key_a + "\"\n" + rest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(access_file_tests)

BOOST_AUTO_TEST_CASE(what_the_file_grants_is_what_the_principal_has) {
  const auto access =
      parse_access_file(entry("    publish:\n"
                              "      - {type: \"{urn:shop}*\", source: //shop.example/**}\n"
                              "      - \"{urn:other}one\"\n"
                              "    subscribe: [\"{urn:shop}*\"]\n"
                              "    route: [ops]\n"
                              "    list: true\n"
                              "  - {name: local, manage: true}\n"),
                        "allow.yaml");
  BOOST_REQUIRE_MESSAGE(access, (access ? "" : access.error().message));
  const auto* shop = access->find(key_a);
  BOOST_REQUIRE(shop != nullptr);
  BOOST_CHECK_EQUAL(shop->name, "shop");
  const auto& granted = shop->rights->granted();
  BOOST_REQUIRE(granted.publish.size() == 2u);
  BOOST_CHECK_EQUAL(granted.publish[0].type.text(), "{urn:shop}*");
  BOOST_CHECK_EQUAL(granted.publish[0].source.text(), "//shop.example/**");
  BOOST_CHECK_EQUAL(granted.publish[1].source.text(), "**");
  BOOST_CHECK_EQUAL(granted.subscribe.size(), 1u);
  BOOST_TEST(granted.route == std::vector<std::string>{"ops"}, boost::test_tools::per_element());
  BOOST_CHECK(granted.list);
  BOOST_CHECK(!granted.manage);
  BOOST_CHECK(access->find("local")->rights->may_manage());
  BOOST_CHECK(!access->find("local")->rights->may_publish_all());
}

BOOST_AUTO_TEST_CASE(a_principal_without_rights_has_none) {
  const auto access = parse_access_file(entry(""), "allow.yaml");
  BOOST_REQUIRE(access);
  BOOST_CHECK(access->find(key_a)->rights->granted() == Rights::Granted{});
}

BOOST_AUTO_TEST_CASE(an_empty_file_accepts_no_key) {
  for (const auto* text : {"", "principals:\n", "principals: []\n", "# none\n"}) {
    const auto access = parse_access_file(text, "allow.yaml");
    BOOST_REQUIRE_MESSAGE(access, text);
    BOOST_CHECK_EQUAL(access->principals().size(), 2u);  // local and plaintext
  }
}

BOOST_AUTO_TEST_CASE(each_mistake_is_named_with_its_line_and_key) {
  const std::vector<std::array<std::string, 3>> table = {
      // text, place, what the sentence says
      {"- a\n", "allow.yaml:1:", "principals"},
      {"principal: []\n", "allow.yaml:1:1", "did you mean 'principals'?"},
      {"principals: shop\n", "allow.yaml:1:", "list"},
      {"principals:\n  - shop\n", "allow.yaml:2:", "mapping"},
      {"principals:\n  - {key: \"" + key_a + "\"}\n", "allow.yaml:2:", "'name'"},
      {"principals:\n  - {name: shop}\n", "allow.yaml:2:", "'key'"},
      {"principals:\n  - {name: shop, key: short}\n", "allow.yaml:2:", "40 characters"},
      {"principals:\n  - {name: shop, key: \"" + std::string(40, '~') + "\"}\n",
       "allow.yaml:2:", "40 characters"},
      {"principals:\n  - {name: \"a b\", key: \"" + key_a + "\"}\n", "allow.yaml:2:", "name"},
      {"principals:\n  - {name: broker, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "own"},
      {"principals:\n  - {name: config, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "own"},
      {"principals:\n  - {name: local, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
      {"principals:\n  - {name: plaintext, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
      {entry("    pubish: []\n"), "allow.yaml:4:5", "did you mean 'publish'?"},
      {entry("    publish: \"*\"\n"), "allow.yaml:4:", "list"},
      {entry("    publish: [\"{urn\"]\n"), "allow.yaml:4:15", "'publish'"},
      {entry("    publish: [{tipe: \"*\"}]\n"), "allow.yaml:4:", "did you mean 'type'?"},
      {entry("    publish: [{}]\n"), "allow.yaml:4:", "empty rule"},
      {entry("    subscribe: [{source: \"a b\"}]\n"), "allow.yaml:4:", "'source'"},
      {entry("    subscribe: [[]]\n"), "allow.yaml:4:", "'subscribe'"},
      {entry("    route: [\"\"]\n"), "allow.yaml:4:", "empty name"},
      {entry("    route: [{}]\n"), "allow.yaml:4:", "'route'"},
      {entry("    list: yes\n"), "allow.yaml:4:", "true or false"},
      {entry("    manage: [true]\n"), "allow.yaml:4:", "true or false"},
      {entry("    list: true\n    list: false\n"), "allow.yaml:5:", "line 4"},
      {entry("  - {name: shop, key: \"" + key_b + "\"}\n"), "allow.yaml:4:", "already"},
      {entry("  - {name: other, key: \"" + key_a + "\"}\n"), "allow.yaml:4:", "another principal"},
      {"principals: &a []\n", "allow.yaml:1:", "anchors"},
      {"principals: *a\n", "allow.yaml:1:", ""},
      {"principals: [\n", "allow.yaml:", ""},
  };
  for (const auto& [text, place, what] : table) {
    const auto said = refusal(text);
    BOOST_CHECK_MESSAGE(said.starts_with(place), said << "\n" << text);
    BOOST_CHECK_MESSAGE(said.find(what) != std::string::npos, said << "\n" << text);
  }
}

BOOST_AUTO_TEST_CASE(too_much_is_refused) {
  std::string many = "principals:\n";
  for (int i = 0; i < 10'001; ++i) many += "- {name: a}\n";
  BOOST_CHECK_NE(refusal(many).find("10000"), std::string::npos);
  std::string rules = "    publish: [";
  for (int i = 0; i < 1'001; ++i) rules += "a,";
  BOOST_CHECK_NE(refusal(entry(rules + "b]\n")).find("1000"), std::string::npos);
  BOOST_CHECK_NE(refusal(std::string(1024 * 1024 + 1, '#')).find("1MiB"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_others_may_write_is_refused) {
  TemporaryFolder folder;
  const auto path = folder / "allow.yaml";
  std::ofstream(path) << entry("");
  ::chmod(path.c_str(), 0644);
  BOOST_CHECK(read_access_file(path).has_value());
  for (const auto mode : {0664, 0646, 0666}) {
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    const auto access = read_access_file(path);
    BOOST_REQUIRE(!access);
    BOOST_CHECK_NE(access.error().message.find("chmod"), std::string::npos);
  }
  BOOST_CHECK(!read_access_file(folder / "none"));
}

BOOST_AUTO_TEST_CASE(the_entry_for_a_new_principal_can_be_read_back) {
  const auto access = parse_access_file("principals:\n" + access_entry("shop", key_b) + "\n", "a");
  BOOST_REQUIRE_MESSAGE(access, (access ? "" : access.error().message));
  BOOST_CHECK_EQUAL(access->find(key_b)->name, "shop");
  BOOST_CHECK(!access->find(key_b)->rights->may_publish_all());
}

BOOST_AUTO_TEST_SUITE_END()
