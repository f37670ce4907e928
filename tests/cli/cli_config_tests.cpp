// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

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
  const TempFolder folder;
  // The demonstration's access file is made before it starts, beside its data.
  folder.write("access.yaml", "principals:\n");
  for (const auto* name : {"sense.yaml", "demo.yaml"}) {
    const auto outcome =
        run_sense({"config", "check", "--config", sense::testing::in_source("config/") + name,
                   "--data", (folder.path() / "data").string()});
    BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
    BOOST_CHECK(outcome.out.starts_with("ok: "));
  }
}

BOOST_AUTO_TEST_CASE(systemd_units_name_the_shipped_file_and_existing_commands) {
  const auto unit = contents(sense::testing::in_source("config/systemd/sense.service"));
  BOOST_CHECK(contains(unit, "ExecStart=/usr/bin/sense up --config /etc/sense/sense.yaml"));
  for (const auto* name : {"sense.service", "sense-broker.service", "sense-gateway@.service",
                           "sense-adapter@.service"}) {
    const auto text = contents(sense::testing::in_source("config/systemd/") + name);
    BOOST_CHECK_MESSAGE(contains(text, "\nRestart=always\n"), name);
    BOOST_CHECK_MESSAGE(contains(text, "\nRestartPreventExitStatus=2\n"), name);
    BOOST_CHECK_MESSAGE(!contains(text, "ExecReload"), name);  // there is nothing to reload
  }
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
  refuses("egress: {allow: [10.0.0.0/8:99999]}\n", 1, "10.0.0.0/8:99999");
  refuses("egress: {allow: ['[fd00::/8]:90-80']}\n", 1, "[fd00::/8]:90-80");
  refuses("bus: {service: 'udp://x'}\n", 1, "ipc://");
  refuses("bus: {service: 'tcp://127.0.0.1:5'}\n", 1, "allow-plaintext-tcp");
}

// What a program would refuse at its start, each alone and with its place.
BOOST_AUTO_TEST_CASE(what_no_program_starts_with_is_refused_with_its_place) {
  const auto http = [](const std::string& option) {
    return "gateways:\n  http:\n    " + option + "\n";
  };
  const auto email = [](const std::string& option) {
    return "gateways:\n  email:\n    " + option + "\n";
  };
  const auto datagrams = [](const std::string& option) {
    return "gateways:\n  sense:\n    " + option + "\n";
  };
  const auto snmp = [](const std::string& option) {
    return "adapters:\n  snmp:\n    " + option + "\n";
  };
  refuses(http("listen: ':8080'"), 3, "is not an IP address and a port");
  refuses(http("listen: 'localhost:8080'"), 3, "is not an IP address and a port");
  refuses(http("listen: '127.0.0.1:65536'"), 3, "is not an IP address and a port");
  refuses(http("origin: 'a b'"), 3, "no HTTP header may have");
  refuses(http("fetch-key: nowhere.key"), 3, "'fetch-key': ");
  refuses(http("ca-file: /nowhere/ca.pem"), 3,
          "'ca-file': the file /nowhere/ca.pem cannot be read");
  refuses(http("ca-file: /"), 3, "is it a folder?");
  refuses(email("smtp: 'relay.example:25'"), 3, "smtp");
  refuses(email("from: 'SENSE <a@example.org>'"), 3, "'from': ");
  refuses(email("from: \"a@example.org\\nBcc: b@example.org\""), 3, "'from': ");
  refuses(email("starttls: always"), 3, "not one of never, when-offered, required");
  refuses(email("confirm-url: 'http://hq.example/'"), 3, "confirm-url: ");
  refuses(email("maildir: /dev/null"), 3, "is no folder");
  refuses(email("maildir: ''"), 2, "smtp (a relay");
  refuses(datagrams("listen: ['127.0.0.1']"), 3, "listen: ");
  refuses(datagrams("listen: ['127.0.0.1:7367 key=maybe']"), 3, "listen: ");
  refuses(datagrams("listen: ['127.0.0.1:7367 key=required']"), 3, "`keys` names no file");
  refuses(datagrams("keys: nowhere.keys"), 3, "'keys': ");
  refuses(datagrams("fetch-url: 'http://hq.example:8080'"), 3, "go together");
  refuses(snmp("listen: 'udp:localhost:162'"), 3, "has no numeric address");
  refuses(snmp("listen: 'udp:127.0.0.1:70000'"), 3, "has no port from 0 to 65535");
  refuses(snmp("namespace: 'a b'"), 3, "'namespace'");
  refuses(snmp("source-prefix: ' '"), 3, "'source-prefix'");
  refuses("adapters:\n  lines:\n    source: 'a b'\n", 3, "source: it must be a URI");
  refuses("adapters:\n  lines:\n    type: ''\n", 3, "'type'");
}

BOOST_AUTO_TEST_CASE(every_mistake_is_reported_not_only_the_first) {
  const auto outcome = check(
      "log: {level: loud}\n"
      "broker: {retention-age: 1s, retention-sise: 1GiB}\n"
      "egress: {allow: [10.0.0.0/99, 10.0.0.0/8, nonsense]}\n"
      "gateways:\n"
      "  http: {listen: ':8080'}\n"
      "  email: {smtp: 'relay.example:25', from: 'SENSE <a@example.org>', starttls: always}\n"
      "  sense: {listen: ['127.0.0.1', '127.0.0.1:7367', 'x']}\n"
      "adapters: {snmp: {listen: 'udp:localhost:162'}}\n"
      "subscriptions:\n"
      "  - {id: a, callback: 'no uri'}\n"
      "  - {id: b, callback: 'mailto:b@example.net', types: ['{urn:a', '{urn:b'], tipes: []}\n");
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(outcome.out.empty());
  const std::vector<std::pair<int, int>> mistakes_by_line{{1, 1}, {2, 2}, {3, 2},  {5, 1}, {6, 3},
                                                          {7, 2}, {8, 1}, {10, 1}, {11, 3}};
  for (const auto& [line, count] : mistakes_by_line) {
    const auto place = "sense.yaml:" + std::to_string(line) + ":";
    int found = 0;
    for (auto at = outcome.err.find(place); at != std::string::npos;
         at = outcome.err.find(place, at + 1))
      ++found;
    BOOST_CHECK_MESSAGE(found == count, place << " " << found << "\n" << outcome.err);
  }
  BOOST_CHECK_EQUAL(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 16);
}

BOOST_AUTO_TEST_CASE(two_listeners_of_one_address_are_refused) {
  const std::string http = "gateways:\n  a: {plugin: http, listen: '127.0.0.1:8080'}\n  b: ";
  refuses(http + "{plugin: http, listen: '127.0.0.1:8080'}\n", 3, "is taken by the listener of");
  refuses(http + "{plugin: http, listen: '0.0.0.0:8080'}\n", 3, ":2");
  refuses(
      "gateways:\n  sense: {listen: ['127.0.0.1:1162']}\n"
      "adapters: {snmp: {listen: 'udp:127.0.0.1:1162'}}\n",
      3, "is taken by the listener of");
  refuses("gateways:\n  sense: {listen: ['/run/a.sock', '/run/a.sock']}\n", 2, "is taken");
  refuses(http + "{plugin: http, listen: '127.0.0.1:0', admin-listen: '127.0.0.1:8080'}\n", 3,
          "'admin-listen': tcp 127");
  refuses(
      "broker: {admin-listen: '127.0.0.1:9464'}\n"
      "adapters: {snmp: {admin-listen: '127.0.0.1:9464'}}\n",
      2, "is taken by the listener of");
  refuses("broker: {admin-listen: 'localhost:9464'}\n", 1, "is not an IP address and a port");
  for (const auto* good :
       {"{plugin: http, listen: '127.0.0.1:8081'}\n", "{plugin: http, listen: '[::1]:8080'}\n",
        "{plugin: sense, listen: ['127.0.0.1:8080']}\n"}) {  // UDP
    const auto outcome = check(http + good);
    BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  }
  const auto any = check(
      "gateways:\n  a: {plugin: http, listen: '127.0.0.1:0'}\n"
      "  b: {plugin: http, listen: '127.0.0.1:0'}\n");
  BOOST_CHECK_MESSAGE(any.code == 0, any.err);
}

BOOST_AUTO_TEST_CASE(files_of_broker_and_bus_are_read_and_endpoints_have_ports) {
  refuses("broker: {key-file: nowhere.key}\n", 1, "'key-file': ");
  refuses("broker: {access-file: nowhere.yaml}\n", 1, "does not exist: make one with");
  refuses("bus: {key-file: nowhere.key}\n", 1, "'key-file': ");
  refuses("bus:\n  broker-key: nowhere.key\n", 2, "'broker-key': ");
  const std::string plain = "bus:\n  allow-plaintext-tcp: true\n  service: ";
  refuses(plain + "'tcp://127.0.0.1'\n", 3, "needs a port");
  refuses(plain + "'tcp://127.0.0.1:99999'\n", 3, "needs a port");
  refuses(plain + "'tcp://127.0.0.1:7001x'\n", 3, "needs a port");
}

BOOST_AUTO_TEST_CASE(data_folder_that_is_none_is_refused) {
  refuses("data: /dev/null\n", 1, "'data': /dev/null is no folder");
  refuses("data: /dev/null/sense\n", 1, "'data': /dev/null is no folder");
}

BOOST_AUTO_TEST_CASE(files_are_looked_for_from_data_wherever_the_check_runs) {
  const TempFolder folder;
  folder.write("data/ca.pem", "a certificate");
  const auto config =
      folder.write("sense.yaml", "data: data\ngateways: {http: {ca-file: ca.pem}}\n");
  const auto from = [&](const std::string& place) {
    return run_sense({"config", "check", "--config", config}, "",
                     [place] { BOOST_REQUIRE(::chdir(place.c_str()) == 0); });
  };
  for (const auto& place : {std::string("/"), folder.path().string()})
    BOOST_CHECK_MESSAGE(from(place).code == 0, from(place).err);
  std::filesystem::remove(folder.path() / "data/ca.pem");
  BOOST_CHECK(contains(from("/").err, (folder.path() / "data/ca.pem").string()));
}

BOOST_AUTO_TEST_CASE(folder_that_is_gone_matters_to_relative_paths_only) {
  const TempFolder folder;
  const auto config = folder.write("sense.yaml", "data: data\n");
  const auto gone = (folder.path() / "gone").string();
  const auto in_gone = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"config", "check"});
    return run_sense(words, "", [gone] {
      std::filesystem::create_directory(gone);
      std::filesystem::current_path(gone);
      std::filesystem::remove(gone);
    });
  };
  const auto absolute = in_gone({"--config", config});
  BOOST_CHECK_MESSAGE(absolute.code == 0, absolute.err);
  const auto relative = in_gone({"--config", config, "--data", "here"});
  BOOST_CHECK_EQUAL(relative.code, 2);
  BOOST_CHECK_MESSAGE(contains(relative.err, "the current folder cannot be used"), relative.err);
}

BOOST_AUTO_TEST_CASE(text_that_editors_of_other_systems_write_is_read_or_refused_with_its_place) {
  const auto bom = check(
      "\xEF\xBB\xBF"
      "data: /tmp/x\r\nlog: {level: warn}\r\n");
  BOOST_CHECK_MESSAGE(bom.code == 0, bom.err);
  refuses("log:\n\tlevel: warn\n", 2, "");
  refuses("a: &x 1\nb: *x\n", 1, "anchors");
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
