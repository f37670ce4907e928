// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "core/storage/database.hpp"
#include "tests/cli/with_broker.hpp"

using namespace sense::test;
using nlohmann::json;

// What an owner does with subscriptions, against a broker.
BOOST_AUTO_TEST_SUITE(cli_subscriptions_tests)

namespace {

struct WithSubscriptions : WithBroker {
  explicit WithSubscriptions(const std::string& more = {}) : WithBroker(more) {}

  Outcome with_id(const char* command, std::vector<std::string> words = {}) const {
    std::vector<std::string> all{"subscriptions", command, id, "--json"};
    all.insert(all.end(), words.begin(), words.end());
    return sense(all);
  }
  json shown(const Outcome& outcome) const {
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return json::parse(outcome.out);
  }
  json get() const { return shown(with_id("get")); }

  std::string id = create();

 private:
  std::string create() const {
    const auto created = sense({"subscriptions", "create", "http://127.0.0.1:9/x", "--type",
                                "{urn:a}*", "--vouch", "--json"});
    BOOST_REQUIRE_MESSAGE(created.code == 0, created.err);
    return json::parse(created.out)["id"];
  }
};

const std::string two_subscriptions =
    "subscriptions:\n"
    "  - id: desk\n"
    "    callback: mailto:desk@example.net\n"
    "    types: ['{urn:a}*']\n"
    "    filter: severity < 3\n"
    "    labels: {room: '2', floor: 3}\n"
    "    delivery: {window: 4, retry-initial: 5s}\n"
    "  - {id: lab, callback: 'mailto:lab@example.net'}\n";

}  // namespace

BOOST_AUTO_TEST_CASE(one_subscription_is_edited_and_what_is_not_named_stays) {
  const WithSubscriptions with;
  const auto edited =
      with.shown(with.with_id("edit", {"--source", "//x/**", "--label", "team=ops", "--filter",
                                       "id = '1'", "--delivery", R"({"window": 4})"}));
  BOOST_CHECK_EQUAL(edited["types"][0], "{urn:a}*");
  BOOST_CHECK_EQUAL(edited["sources"][0], "//x/**");
  BOOST_CHECK_EQUAL(edited["state"], "active");
  const auto cleared =
      with.shown(with.with_id("edit", {"--clear", "filter", "--label", "team=", "--revision",
                                       std::to_string(edited["revision"].get<int>())}));
  BOOST_CHECK(!cleared.contains("filter"));
  BOOST_CHECK(!cleared.contains("labels"));
  BOOST_CHECK_EQUAL(cleared["delivery"]["window"], 4);
  const auto late = with.with_id("edit", {"--clear", "sources", "--revision", "1"});
  BOOST_CHECK_EQUAL(late.code, 1);
  BOOST_CHECK(contains(late.err, "changed meanwhile"));
  BOOST_CHECK_EQUAL(with.get()["sources"].size(), 1U);
  BOOST_CHECK_EQUAL(
      with.shown(with.with_id("edit", {"--callback", "http://127.0.0.1:9/y"}))["state"], "pending");
}

BOOST_AUTO_TEST_CASE(an_edit_that_says_nothing_or_nonsense_is_refused) {
  const WithSubscriptions with;
  BOOST_CHECK_EQUAL(with.with_id("edit").code, 2);
  BOOST_CHECK_EQUAL(with.with_id("edit", {"--delivery", "4"}).code, 2);
  BOOST_CHECK_EQUAL(with.with_id("edit", {"--label", "x"}).code, 2);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--clear", "owner"}, {"--filter", "x ="}, {"--callback", "no uri"}}) {
    const auto outcome = with.with_id("edit", words);
    BOOST_CHECK_EQUAL(outcome.code, 1);
    BOOST_CHECK_MESSAGE(contains(outcome.err, words[0] == "--clear" ? "owner" : words[0].substr(2)),
                        outcome.err);
  }
}

BOOST_AUTO_TEST_CASE(one_subscription_is_paused_resumed_renewed_and_tested) {
  const WithSubscriptions with;
  BOOST_CHECK_EQUAL(with.shown(with.with_id("pause"))["state"], "paused");
  BOOST_CHECK_EQUAL(with.shown(with.with_id("resume"))["state"], "active");
  BOOST_CHECK_EQUAL(with.shown(with.with_id("renew", {"--period", "2d"}))["period"], "2d");
  const auto tested = with.shown(with.with_id("test"));
  const auto events =
      with.sense({"subscribe", "--from", tested["sequence"].dump(), "--count", "1", "--type",
                  "{urn:sense:management}*", "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(events.code == 0, events.err);
  const auto event = json_lines(events.out).at(0);
  BOOST_CHECK_EQUAL(event["type"], "{urn:sense:management}subscription-test");
  BOOST_CHECK_EQUAL(event["subject"], with.id);
  for (const auto* command : {"get", "pause", "resume", "renew", "test"}) {
    const auto outcome = with.sense({"subscriptions", command, "s-none"});
    BOOST_CHECK_EQUAL(outcome.code, 1);
    BOOST_CHECK_MESSAGE(contains(outcome.err, "there is no subscription s-none"), outcome.err);
  }
}

BOOST_AUTO_TEST_CASE(what_a_newer_version_wrote_is_kept_not_served_and_said) {
  WithSubscriptions with("gateways:\n  sense: {listen: ['127.0.0.1:0']}\n");
  with.broker.signal(SIGTERM);
  BOOST_REQUIRE(with.broker.finish().code == 0);
  {
    auto database = sense::Database::open((with.folder.path() / "data/broker/broker.db").string(),
                                          sense::Database::Durability::normal);
    BOOST_REQUIRE(database.has_value());
    BOOST_REQUIRE(database
                      ->execute("UPDATE subscription SET value=replace(value,'{\"id\"',"
                                "'{\"hue\":\"red\",\"id\"')")
                      .has_value());
  }
  const Running broker({"broker", "--config", with.config});
  BOOST_REQUIRE(with.sense({"ping", "--timeout", "20s"}).code == 0);
  const auto listed = with.sense({"subscriptions", "list"});
  BOOST_CHECK_MESSAGE(listed.code == 0, listed.err);
  BOOST_CHECK_MESSAGE(contains(listed.out, with.id + " unreadable: "), listed.out + listed.err);
  BOOST_CHECK_MESSAGE(contains(listed.out, "hue"), listed.out);
  const auto lines = json_lines(with.sense({"subscriptions", "list", "--json"}).out);
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_CHECK_EQUAL(lines[0]["id"], with.id);
  BOOST_CHECK(contains(lines[0]["unreadable"], "hue"));
  const auto got = with.with_id("get");
  BOOST_CHECK_EQUAL(got.code, 1);
  BOOST_CHECK_MESSAGE(contains(got.err, "is kept and not served"), got.err);
  BOOST_CHECK(contains(json::parse(got.out)["unreadable"], "hue"));
  BOOST_CHECK_EQUAL(with.with_id("cancel").code, 1);
  Running gateway({"gateway", "sense", "--config", with.config});
  BOOST_CHECK(gateway.wait_for("a subscription cannot be read; it is kept and not served"));
  BOOST_CHECK_MESSAGE(contains(gateway.err(), with.id), gateway.err());
  BOOST_CHECK_EQUAL(json_lines(with.sense({"subscriptions", "list", "--json"}).out).size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_subscription_has_its_delivery_options_from_its_creation) {
  const WithBroker with;
  const auto create = [&](const std::string& delivery) {
    return with.sense({"subscriptions", "create", "http://127.0.0.1:9/x", "--delivery", delivery,
                       "--vouch", "--json"});
  };
  const auto created = create(R"({"hold": "15min", "digest": {"until": "18:00"}})");
  BOOST_REQUIRE_MESSAGE(created.code == 0, created.err);
  BOOST_CHECK_EQUAL(json::parse(created.out)["delivery"]["hold"], "15min");
  BOOST_CHECK_EQUAL(json::parse(created.out)["delivery"]["digest"]["until"], "18:00");
  for (const auto& [delivery, part] : std::vector<std::pair<std::string, std::string>>{
           {"15min", "--delivery is not a JSON object"},
           {R"({"hol": "15min"})", "hol"},
           {R"({"hold": "15min", "expiry": "5min"})", "hold"}}) {
    const auto refused = create(delivery);
    BOOST_CHECK_MESSAGE(refused.code == 2, delivery);
    BOOST_CHECK_MESSAGE(contains(refused.err, part), refused.err);
  }
}

BOOST_AUTO_TEST_CASE(an_import_creates_edits_and_leaves_alone) {
  const WithBroker with;
  const auto file = with.folder.write("two.yaml", two_subscriptions);
  const auto import = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"subscriptions", "import", file});
    return with.sense(more);
  };
  const auto dry = import({"--dry-run"});
  BOOST_CHECK_MESSAGE(dry.out == "would be created desk\nwould be created lab\n", dry.err);
  BOOST_CHECK(with.sense({"subscriptions", "list"}).out.empty());
  BOOST_CHECK_EQUAL(import({"--vouch"}).out, "created desk\ncreated lab\n");
  const auto again = import();
  BOOST_CHECK_EQUAL(again.out, "unchanged desk\nunchanged lab\n");
  BOOST_CHECK_MESSAGE(contains(again.err, "2 subscriptions, 2 unchanged"), again.err);
  const auto desk = json::parse(with.sense({"subscriptions", "get", "desk", "--json"}).out);
  BOOST_CHECK_EQUAL(desk["labels"]["floor"], "3");
  BOOST_CHECK_EQUAL(desk["delivery"]["window"], 4);
  BOOST_CHECK_EQUAL(desk["state"], "active");
  BOOST_CHECK_EQUAL(desk["period"], "7d");
  (void)with.folder.write("two.yaml",
                          "subscriptions:\n  - {id: desk, callback: 'mailto:other@example.net'}\n");
  const auto edited = json_lines(import({"--json"}).out);
  BOOST_REQUIRE(edited.size() == 1U);
  BOOST_CHECK_EQUAL(edited[0]["outcome"], "edited");
  BOOST_CHECK_EQUAL(edited[0]["changed"].size(), 5U);
  BOOST_CHECK(contains(with.sense({"subscriptions", "list"}).out,
                       "desk pending mailto:other@example.net types=all"));
}

BOOST_AUTO_TEST_CASE(an_export_can_be_imported_elsewhere_and_pasted_into_a_configuration) {
  const WithBroker with;
  const auto file = with.folder.write("two.yaml", two_subscriptions);
  BOOST_REQUIRE(with.sense({"subscriptions", "import", file}).code == 0);
  const auto exported = with.sense({"subscriptions", "export"});
  BOOST_REQUIRE(exported.code == 0);
  BOOST_CHECK_EQUAL(with.sense({"subscriptions", "import", "-"}, exported.out).out,
                    "unchanged desk\nunchanged lab\n");
  BOOST_CHECK_EQUAL(with.sense({"subscriptions", "export", "--owner", "no-one"}).out,
                    "subscriptions:\n");
  const WithBroker other(exported.out);
  BOOST_CHECK_EQUAL(other.sense({"subscriptions", "export"}).out, exported.out);
}

BOOST_AUTO_TEST_CASE(an_import_refuses_what_is_the_configuration_files_and_goes_on) {
  const WithBroker with("subscriptions:\n  - {id: desk, callback: 'mailto:ops@example.net'}\n");
  const auto outcome = with.sense({"subscriptions", "import", "-"}, two_subscriptions);
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.out, "refused desk: it is the configuration file's"),
                      outcome.out);
  BOOST_CHECK(contains(outcome.out, "\ncreated lab\n"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_wrong_changes_nothing_and_says_where) {
  const WithBroker with;
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {two_subscriptions + "  - {id: third}\n", ":9:"},
           {two_subscriptions + "  - {id: desk, callback: 'mailto:a@b.c'}\n", "two subscriptions"},
           {"subscriptions:\n  - {id: a, callback: 'mailto:a@b.c', delivery: {windo: 1}}\n",
            "windo"},
           {"subscriptions: []\nbroker: {}\n", "broker"},
           {"[]", "subscriptions"},
           {"{", ":1:"}}) {
    const auto outcome = with.sense({"subscriptions", "import", "-"}, text);
    BOOST_CHECK_MESSAGE(outcome.code == 2, text);
    BOOST_CHECK_MESSAGE(contains(outcome.err, part), outcome.err);
  }
  BOOST_CHECK_EQUAL(with.sense({"subscriptions", "import", "/nowhere/x.yaml"}).code, 2);
  BOOST_CHECK(with.sense({"subscriptions", "list"}).out.empty());
}

BOOST_AUTO_TEST_SUITE_END()
