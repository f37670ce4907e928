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

BOOST_AUTO_TEST_CASE(management_events_are_for_principals_that_have_a_name) {
  const std::string rights = "subscribe: [\"{urn:sense:management}*\"]";
  BOOST_CHECK_EQUAL(refusal(entry("    " + rights + "\n")), "accepted");
  const auto anonymous = refusal("principals:\n  - {name: anonymous, " + rights + "}\n");
  BOOST_CHECK_NE(anonymous.find("share one name"), std::string::npos);
  BOOST_CHECK_NE(refusal(entry("    subscribe: [\"{urn:sense:gateway}*\"]\n")).find("manage"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_audit_trail_is_granted_by_a_right_of_its_own) {
  BOOST_CHECK_NE(refusal(entry("    subscribe: [\"{urn:sense:audit}*\"]\n")).find("audit: true"),
                 std::string::npos);
  const auto access = parse_access_file(entry("    audit: true\n"), "allow.yaml");
  BOOST_REQUIRE(access);
  const auto& auditor = *access->find(key_a)->rights;
  const std::string type = "{urn:sense:audit}refused";
  BOOST_CHECK(auditor.may_read(type, "/sense/broker"));
  BOOST_CHECK(auditor.may_follow(type + " "));
  BOOST_CHECK(!auditor.may_read("{urn:a}one", "/sense/broker"));
  const auto boss = parse_access_file(entry("    subscribe: [\"*\", \"{urn:sense:management}*\", "
                                            "\"{urn:sense:gateway}*\"]\n    manage: true\n"),
                                      "allow.yaml");
  BOOST_REQUIRE(boss);
  const auto& rights = *boss->find(key_a)->rights;
  BOOST_CHECK(!rights.may_read(type, "/sense/broker"));
  BOOST_CHECK(!rights.may_follow("{urn:sense:audit}"));
  BOOST_CHECK(!rights.may_follow("{urn:sense:"));
  BOOST_CHECK(rights.may_subscribe("{"));  // where there is none of it
  BOOST_CHECK(!rights.may_read_all());
}

BOOST_AUTO_TEST_CASE(a_principal_without_rights_has_none) {
  const auto access = parse_access_file(entry(""), "allow.yaml");
  BOOST_REQUIRE(access);
  BOOST_CHECK(access->find(key_a)->rights->granted() == Rights::Granted{});
}

BOOST_AUTO_TEST_CASE(principal_proves_itself_with_any_of_its_proofs_until_its_time_is_over) {
  const std::string hash(64, 'a');
  const auto text = "principals:\n  - name: shop\n    key: \"" + key_a +
                    "\"\n    proofs:\n"
                    "      - {curve: \"" +
                    key_b +
                    "\", not-after: 2027-01-31}\n"
                    "      - {token: \"sha256:" +
                    hash +
                    "\", not-after: 2027-01-31T12:00:00Z}\n"
                    "      - {certificate: \"AA:" +
                    std::string(62, 'A') +
                    "\"}\n"
                    "      - {sense-key: hp4}\n"
                    "      - {sense-key: hp5}\n"
                    "      - {mail: Orders@Shop.example}\n"
                    "      - {snmp-user: shop trap}\n"
                    "      - {user: \"1002\"}\n"
                    "      - {user: root}\n";
  const auto noon = *parse_rfc3339("2027-01-31T12:00:00Z");
  const auto access = parse_access_file(text, "allow.yaml", noon);
  BOOST_REQUIRE_MESSAGE(access, (access ? "" : access.error().message));
  const auto of_shop = [](const AccessList& list, const Proof& proof) {
    const auto* found = list.proven(proof);
    return found != nullptr && found->name == "shop";
  };
  const Proof token{Proof::Kind::token, "sha256:" + hash};
  const std::vector<Proof> all = {{Proof::Kind::curve, key_a},
                                  {Proof::Kind::curve, key_b},
                                  token,
                                  {Proof::Kind::certificate, "sha256:" + hash},
                                  {Proof::Kind::sense_key, "hp4"},
                                  {Proof::Kind::sense_key, "hp5"},
                                  {Proof::Kind::mail, "orders@shop.example"},
                                  {Proof::Kind::snmp_user, "shop trap"},
                                  {Proof::Kind::user, "1002"},
                                  {Proof::Kind::user, "0"}};
  for (const auto& proof : all) BOOST_CHECK_MESSAGE(of_shop(*access, proof), to_text(proof));
  BOOST_CHECK(!of_shop(*access, {Proof::Kind::sense_key, hash}));
  BOOST_CHECK_EQUAL(access->find(key_b)->name, "shop");
  BOOST_CHECK_EQUAL(access->find("user/0")->name, "shop");

  BOOST_CHECK(access->next_end() == noon);
  const auto later = access->at(noon + Duration{1});
  BOOST_CHECK(!of_shop(later, token));
  BOOST_CHECK(!(later == *access));
  BOOST_CHECK(of_shop(later, all[1]));
  BOOST_CHECK(later.next_end() == *parse_rfc3339("2027-01-31T23:59:59.999999Z"));
  const auto last = later.at(*later.next_end() + Duration{1});
  BOOST_CHECK(last.find(key_b) == nullptr);
  BOOST_CHECK_EQUAL(last.find(key_a)->name, "shop");
  BOOST_CHECK(!last.next_end());
  BOOST_CHECK(subscriptions_change(later, last));
}

BOOST_AUTO_TEST_CASE(members_of_a_group_have_its_rights_and_its_name_stands_for_them) {
  const auto access = parse_access_file(
      entry("    publish: [\"{urn:a}*\"]\n"
            "  - {name: desk, key: \"" +
            key_b +
            "\", route: [ops], speak-for: [ops]}\n"
            "groups:\n  - {name: ops, members: [shop], publish: [\"{urn:b}*\"], list: true}\n"
            "  - {name: none}\n"),
      "allow.yaml");
  BOOST_REQUIRE_MESSAGE(access, (access ? "" : access.error().message));
  const auto& shop = *access->find(key_a)->rights;
  BOOST_CHECK(shop.may_publish(*QName::parse("{urn:a}x"), "//a", {}));
  BOOST_CHECK(shop.may_publish(*QName::parse("{urn:b}x"), "//a", {}));
  BOOST_CHECK(shop.may_list());
  const auto& desk = *access->find(key_b)->rights;
  BOOST_CHECK(!desk.may_list());
  BOOST_CHECK(desk.may_speak_for("shop"));
  BOOST_CHECK(!desk.may_speak_for("desk"));
  BOOST_CHECK((desk.granted().route == std::vector<std::string>{"ops", "shop"}));
  BOOST_REQUIRE(access->groups_of("shop") != nullptr);
  BOOST_CHECK(*access->groups_of("shop") == std::vector<std::string>{"ops"});
  BOOST_CHECK(access->groups_of("desk") == nullptr);
  BOOST_CHECK(access->groups_of("ops") == nullptr);
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
      {"principals:\n  - {name: shop, proofs: []}\n", "allow.yaml:2:", "'proofs'"},
      {"principals:\n  - {name: shop, key: short}\n", "allow.yaml:2:", "40 characters"},
      {"principals:\n  - {name: shop, key: \"" + std::string(40, '~') + "\"}\n",
       "allow.yaml:2:", "40 characters"},
      {"principals:\n  - {name: \"a b\", key: \"" + key_a + "\"}\n", "allow.yaml:2:", "name"},
      {"principals:\n  - {name: broker, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "own"},
      {"principals:\n  - {name: config, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "own"},
      {"principals:\n  - {name: local, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
      {"principals:\n  - {name: external, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
      {"principals:\n  - {name: plaintext, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
      {"principals:\n  - {name: anonymous, key: \"" + key_a + "\"}\n", "allow.yaml:2:", "no key"},
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
      {entry("    proofs: {token: a}\n"), "allow.yaml:4:", "list"},
      {entry("    proofs: [token]\n"), "allow.yaml:4:", "mapping"},
      {entry("    proofs: [{token: abc}]\n"), "allow.yaml:4:", "sense keys token"},
      {entry("    proofs: [{tokn: abc}]\n"), "allow.yaml:4:", "did you mean 'token'?"},
      {entry("    proofs: [{}]\n"), "allow.yaml:4:", "one kind"},
      {entry("    proofs: [{not-after: 2027-01-01}]\n"), "allow.yaml:4:", "one kind"},
      {entry("    proofs: [{mail: a@b, snmp-user: c}]\n"), "allow.yaml:4:", "one kind"},
      {entry("    proofs: [{mail: a@b, not-after: 2027}]\n"), "allow.yaml:4:", "date"},
      {entry("    proofs: [{mail: a@b, not-after: 2027-02-30}]\n"), "allow.yaml:4:", "date"},
      {entry("    proofs: [{mail: \"a@b, c@d\"}]\n"), "allow.yaml:4:", "mail address"},
      {entry("    proofs: [{user: no-such-user-here}]\n"), "allow.yaml:4:", "no user"},
      {entry("    proofs: [{curve: \"" + key_a + "\"}]\n"), "allow.yaml:2:", "twice its own"},
      {"principals:\n  - {name: local, proofs: []}\n", "allow.yaml:2:", "no key"},
      {entry("groups:\n  - {name: shop}\n"), "allow.yaml:5:", "already"},
      {entry("groups:\n  - {name: local}\n"), "allow.yaml:5:", "already"},
      {entry("groups:\n  - {name: a, members: [b]}\n"), "allow.yaml:5:", "no principal 'b'"},
      {entry("groups:\n  - {name: a, key: b}\n"), "allow.yaml:5:", "unknown key"},
      {entry("groups:\n  - {name: a, subscribe: [\"{urn:sense:gateway}*\"]}\n"),
       "allow.yaml:5:", "manage"},
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
  std::string proofs = "    proofs: [";
  for (int i = 0; i < 16; ++i) proofs += "{sense-key: k" + std::to_string(i) + "}, ";
  BOOST_CHECK_EQUAL(refusal(entry(proofs + "]\n")), "accepted");
  BOOST_CHECK_NE(refusal(entry(proofs + "{sense-key: more}]\n")).find("at most 16"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_others_may_write_is_refused) {
  TemporaryFolder folder;
  const auto path = folder / "allow.yaml";
  std::ofstream(path) << entry("");
  ::chmod(path.c_str(), 0644);
  BOOST_CHECK(read_access_file(path, wall_time_min).has_value());
  for (const auto mode : {0664, 0646, 0666}) {
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    const auto access = read_access_file(path, wall_time_min);
    BOOST_REQUIRE(!access);
    BOOST_CHECK_NE(access.error().message.find("chmod"), std::string::npos);
  }
  BOOST_CHECK(!read_access_file(folder / "none", wall_time_min));
}

BOOST_AUTO_TEST_CASE(the_entry_for_a_new_principal_can_be_read_back) {
  const auto access = parse_access_file("principals:\n" + access_entry("shop", key_b) + "\n", "a");
  BOOST_REQUIRE_MESSAGE(access, (access ? "" : access.error().message));
  BOOST_CHECK_EQUAL(access->find(key_b)->name, "shop");
  BOOST_CHECK(!access->find(key_b)->rights->may_publish_all());
}

BOOST_AUTO_TEST_SUITE_END()
