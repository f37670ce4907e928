// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/process.hpp"
#include "tests/paths.hpp"

using namespace sense::test;

BOOST_AUTO_TEST_SUITE(cli_config_tests)

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Outcome check(const std::string& text) {
  const TempFolder folder;
  return run_sense({"config", "check", "--config", folder.write("sense.yaml", text)});
}

// Refused with exit code 2 and one sentence that has the place and the words.
void refuses(const std::string& text, int line, const std::string& words) {
  const auto outcome = check(text);
  BOOST_TEST_CONTEXT(text << "\n" << outcome.err) {
    BOOST_CHECK_EQUAL(outcome.code, 2);
    BOOST_CHECK(contains(outcome.err, "sense.yaml:" + std::to_string(line) + ":"));
    BOOST_CHECK(contains(outcome.err, words));
    BOOST_CHECK(outcome.out.empty());
    BOOST_CHECK_EQUAL(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(shipped_configuration_is_what_describe_prints) {
  const auto described = run_sense({"config", "describe"});
  BOOST_CHECK_MESSAGE(described.code == 0, described.err);
  BOOST_CHECK_MESSAGE(described.out == contents(sense::testing::in_source("config/sense.yaml")),
                      "run `sense config describe > config/sense.yaml`");
}

BOOST_AUTO_TEST_CASE(shipped_configurations_are_good) {
  for (const auto* name : {"sense.yaml", "demo.yaml"}) {
    const auto outcome =
        run_sense({"config", "check", "--config", sense::testing::in_source("config/") + name});
    BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
    BOOST_CHECK(outcome.out.starts_with("ok: "));
  }
}

BOOST_AUTO_TEST_CASE(systemd_units_name_the_shipped_file_and_existing_commands) {
  const auto unit = contents(sense::testing::in_source("config/systemd/sense.service"));
  BOOST_CHECK(contains(unit, "ExecStart=/usr/bin/sense up --config /etc/sense/sense.yaml"));
}

BOOST_AUTO_TEST_CASE(empty_file_means_all_defaults) {
  const auto outcome = check("");
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK(contains(outcome.out, "/var/lib/sense"));
}

BOOST_AUTO_TEST_CASE(former_name_of_a_key_is_read_with_a_warning_that_names_the_present_one) {
  const auto outcome = check("broker:\n  repeat-window: 12h\n");
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK(contains(outcome.out, "ok: "));
  BOOST_CHECK(contains(outcome.err,
                       "sense.yaml:2: the key 'repeat-window' is now called "
                       "'deduplication-window'"));
  refuses("broker:\n  repeat-window: 12h\n  deduplication-window: 12h\n", 2,
          "'repeat-window' is the former name of 'deduplication-window', which ");
}

BOOST_AUTO_TEST_CASE(unknown_key_is_told_the_nearest) {
  refuses("data: x\ngatways: {}\n", 2, "did you mean 'gateways'?");
  refuses("broker:\n  retention-sise: 1GiB\n", 2, "did you mean 'retention-size'?");
  refuses("log: {levl: info}\n", 1, "did you mean 'level'?");
  refuses("gateways:\n  http:\n    lissten: 127.0.0.1:1\n", 3, "did you mean 'listen'?");
  refuses("gateways:\n  http:\n    lease-mx: 1d\n", 3, "did you mean 'lease-max'?");
  refuses("adapters:\n  snmp:\n    comunities: []\n", 3, "did you mean 'communities'?");
}

BOOST_AUTO_TEST_CASE(value_out_of_range_or_of_the_wrong_kind_is_refused_with_the_range) {
  refuses("broker:\n  subscriptions-max: 0\n", 2, "from 1 to 10000000");
  refuses("broker:\n  retention-age: 1s\n", 2, "'retention-age'");
  refuses("broker:\n  retention-age: 7\n", 2, "not a duration");
  refuses("log: {level: loud}\n", 1, "debug, info, warn or error");
  refuses("log: {format: xml}\n", 1, "text or json");
  refuses("data: [a]\n", 1, "'data'");
  refuses("gateways: [http]\n", 1, "mapping of names");
  refuses("egress: {allow: [10.0.0.0/99]}\n", 1, "10.0.0.0/99");
  refuses("bus: {service: 'udp://x'}\n", 1, "ipc://");
  refuses("bus: {service: 'tcp://127.0.0.1:5'}\n", 1, "allow-plaintext-tcp");
}

BOOST_AUTO_TEST_CASE(broken_yaml_and_duplicate_keys_are_refused) {
  refuses("data: [x\nlog: {}\n", 2, "");
  refuses("data: x\ndata: y\n", 2, "data");
  refuses("gateways:\n  http: {}\n  http: {}\n", 3, "http");
}

BOOST_AUTO_TEST_CASE(names_that_could_escape_a_folder_are_refused) {
  refuses("gateways:\n  ../x: {}\n", 2, "cannot be a name");
  refuses("gateways:\n  x: {plugin: ../../evil}\n", 2, "'plugin' is a name");
}

BOOST_AUTO_TEST_CASE(missing_plugin_is_named_with_its_place) {
  refuses("gateways:\n  telepathy: {}\n", 2, "gateway-telepathy.so");
  refuses("adapters:\n  a: {plugin: telepathy}\n", 2, "adapter-telepathy.so");
  // A gateway is no adapter.
  refuses("adapters:\n  http: {}\n", 2, "adapter-http.so");
}

BOOST_AUTO_TEST_CASE(missing_file_is_told_what_to_do) {
  const auto outcome = run_sense({"config", "check", "--config", "/nowhere/sense.yaml"});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(contains(outcome.err, "/nowhere/sense.yaml"));
  BOOST_CHECK(contains(outcome.err, "--config"));
}

BOOST_AUTO_TEST_CASE(static_subscriptions_are_checked_where_they_stand) {
  const std::string head = "subscriptions:\n  - id: a\n    callback: mailto:a@example.net\n";
  refuses("subscriptions:\n  - callback: mailto:a@example.net\n", 2, "`id`");
  refuses("subscriptions:\n  - id: a\n", 2, "`callback`");
  refuses(head + "    types: ['{urn:a']\n", 4, "pattern");
  refuses(head + "    sources: ['//a/**/b']\n", 4, "'/**'");
  refuses(head + "    tipes: []\n", 4, "did you mean 'types'?");
  refuses(head + "    delivery: {window: 0}\n", 4, "window");
  refuses(head + "    labels: [x]\n", 4, "mapping");
  refuses(head + "  - id: a\n    callback: mailto:b@example.net\n", 4, "two subscriptions");
  refuses("subscriptions:\n  - id: a\n    callback: 'no uri'\n", 3, "callback");
  refuses("subscriptions: {}\n", 1, "list");
}

BOOST_AUTO_TEST_CASE(relative_paths_count_from_the_file_and_from_data) {
  const TempFolder folder;
  const auto file =
      folder.write("etc/sense.yaml",
                   "data: ../var\nplugins: ../plug\n"
                   "bus: {service: 'ipc://s', events: 'ipc://e', publish: 'ipc://p'}\n");
  const auto outcome = run_sense({"config", "check", "--json", "--config", file});
  BOOST_REQUIRE(outcome.code == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(json["data"], (folder.path() / "var").string());
  BOOST_CHECK_EQUAL(json["plugins"], (folder.path() / "plug").string());
  const auto ping = run_sense({"ping", "--config", file, "--timeout", "100ms"});
  BOOST_CHECK_MESSAGE(contains(ping.err, "ipc://" + (folder.path() / "var/s").string()), ping.err);
}

BOOST_AUTO_TEST_CASE(options_of_the_command_line_replace_those_of_the_file) {
  const TempFolder folder;
  const auto file = folder.write("sense.yaml", "data: a\nplugins: b\n");
  const auto outcome = run_sense(
      {"config", "check", "--json", "--config", file, "--data", "/tmp/x", "--plugins", "/tmp/y"});
  const auto json = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(json["data"], "/tmp/x");
  BOOST_CHECK_EQUAL(json["plugins"], "/tmp/y");
}

BOOST_AUTO_TEST_CASE(describe_without_plugins_says_where_it_looked) {
  const auto outcome = run_sense({"config", "describe", "--plugins", "/nowhere"});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(contains(outcome.err, "/nowhere"));
}

BOOST_AUTO_TEST_SUITE_END()
