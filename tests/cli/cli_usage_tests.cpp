// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/cli/process.hpp"

using namespace sense::test;

BOOST_AUTO_TEST_SUITE(cli_usage_tests)

namespace {

using Words = std::vector<std::string>;

// What the help of a command names below "Subcommands:", and so on below those.
void add_commands_below(const Words& command, std::vector<Words>& found) {
  auto words = command;
  words.emplace_back("--help");
  const auto help = run_sense(words).out;
  const std::string heading = "Subcommands:\n";
  const auto at = help.find(heading);
  if (at == std::string::npos) return;
  std::istringstream lines(help.substr(at + heading.size()));
  for (std::string line; std::getline(lines, line) && line.starts_with("  ");) {
    if (line[2] == ' ') continue;  // the rest of a description
    auto below = command;
    below.push_back(line.substr(2, line.find(' ', 2) - 2));
    found.push_back(below);
    add_commands_below(below, found);
  }
}

const std::vector<Words>& all_commands() {
  static const auto found = [] {
    std::vector<Words> commands;
    add_commands_below({}, commands);
    return commands;
  }();
  return found;
}

// One line, and so one sentence, that begins with the program's name.
void is_one_sentence(const std::string& err) {
  BOOST_CHECK(err.starts_with("sense: "));
  BOOST_CHECK_MESSAGE(std::count(err.begin(), err.end(), '\n') == 1, err);
}

}  // namespace

BOOST_AUTO_TEST_CASE(help_names_every_command_and_the_exit_codes) {
  const auto help = run_sense({"--help"});
  BOOST_CHECK_EQUAL(help.code, 0);
  const auto& commands = all_commands();
  BOOST_CHECK_GE(commands.size(), 45U);
  for (const Words& command : {Words{"up"}, Words{"subscriptions", "edit"}, Words{"keys", "token"},
                               Words{"deadletters", "redrive"}, Words{"bench", "engine"}})
    BOOST_CHECK_MESSAGE(std::find(commands.begin(), commands.end(), command) != commands.end(),
                        command.back());
  BOOST_CHECK(contains(help.out, "Exit codes:"));
  BOOST_CHECK(contains(help.out, "SENSE_CONFIG"));
}

BOOST_AUTO_TEST_CASE(help_of_every_command_has_an_example_and_the_exit_codes) {
  for (auto command : all_commands()) {
    command.emplace_back("--help");
    const auto help = run_sense(command);
    BOOST_TEST_CONTEXT(command[0] << " " << command[command.size() - 2]) {
      BOOST_CHECK_EQUAL(help.code, 0);
      BOOST_CHECK(contains(help.out, "Example"));
      BOOST_CHECK(contains(help.out, "2 bad usage or bad configuration"));
      BOOST_CHECK_MESSAGE(help.err.empty(), help.err);
    }
  }
}

BOOST_AUTO_TEST_CASE(version_is_shown) {
  const auto version = run_sense({"--version"});
  BOOST_CHECK_EQUAL(version.code, 0);
  BOOST_CHECK(version.out.starts_with("sense "));
}

BOOST_AUTO_TEST_CASE(no_command_shows_the_help_and_is_bad_usage) {
  const auto outcome = run_sense({});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(contains(outcome.err, "subscriptions"));
}

BOOST_AUTO_TEST_CASE(unknown_command_is_told_the_nearest) {
  const auto outcome = run_sense({"publsh", "a", "b"});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  is_one_sentence(outcome.err);
  BOOST_CHECK(contains(outcome.err, "did you mean 'publish'?"));
}

BOOST_AUTO_TEST_CASE(unknown_option_and_missing_argument_are_bad_usage) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"up", "--pidz", "x"},
                                                                 {"publish", "{urn:a}b"},
                                                                 {"gateway"},
                                                                 {"step"},
                                                                 {"sources"},
                                                                 {"config", "chek"}}) {
    const auto outcome = run_sense(words);
    BOOST_CHECK_EQUAL(outcome.code, 2);
    is_one_sentence(outcome.err);
    BOOST_CHECK_MESSAGE(contains(outcome.err, "sense " + words.front()), outcome.err);
  }
}

BOOST_AUTO_TEST_CASE(values_that_cannot_be_read_are_bad_usage) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"ping", "--timeout", "10"},
           {"subscribe", "--type", "{urn:a"},
           {"subscribe", "--source", "a b"},
           {"subscribe", "--count", "-1"},
           {"publish", "{urn:a}b", "//c", "--severity", "8"},
           {"publish", "{urn:a b", "//c"},
           {"publish", "{urn:a}b", "has space"},
           {"publish", "{urn:a}b", "//c", "--time", "yesterday"},
           {"publish", "{urn:a}b", "//c", "--data-file", "/nowhere/at/all"},
           {"listen", "gopher://x"},
           {"listen", "sense://127.0.0.1:1", "--timeout", "1s"},
           {"listen", "sense://127.0.0.1:1", "--bind", "nonsense"},
           {"listen", "http://not-an-address:0/"},
           {"listen", "maildir:"},
           {"ping", "sense://"},
           {"listen", "sense://127.0.0.1:1", "--ack-delay", "1s"},
           {"listen", "http://127.0.0.1:0/in", "--edition", "x"},
           {"parameters", "http://127.0.0.1"},
           {"sources", "sense://127.0.0.1:1", "--limit", "0"},
           {"publish", "{urn:a}b", "//c", "--via", "127.0.0.1:7367"},
           {"step", "--source", "has space"},
           {"step", "--source", "//c", "--type", "{urn:a b"},
           {"step", "--source", "//c", "--via", "mailto:a@b.c"},
           {"step", "--source", "//c", "--in-flight", "0"}}) {
    const auto outcome = run_sense(words);
    BOOST_TEST_CONTEXT(words.front() << " " << words.back()) {
      BOOST_CHECK_EQUAL(outcome.code, 2);
      is_one_sentence(outcome.err);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_was_typed_cannot_forge_a_line) {
  const auto outcome = run_sense({"bad\ncommand\x1b[31m"});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  is_one_sentence(outcome.err);
  BOOST_CHECK(!contains(outcome.err, "\x1b"));
}

BOOST_AUTO_TEST_CASE(absent_broker_is_waited_for_aloud_and_then_a_failure) {
  const TempFolder folder;
  const auto config = broker_config(folder);
  const auto outcome =
      run_sense({"publish", "{urn:a}b", "//c", "--config", config, "--timeout", "1500ms"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(contains(outcome.err, "waiting for the broker at ipc://"));
  BOOST_CHECK(contains(outcome.err, "within 1500ms"));
  BOOST_CHECK(outcome.out.empty());
}

BOOST_AUTO_TEST_CASE(silent_sense_gateway_is_a_failure) {
  const auto outcome = run_sense({"ping", "sense://127.0.0.1:9", "--timeout", "300ms"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  is_one_sentence(outcome.err);
  BOOST_CHECK(contains(outcome.err, "sense://127.0.0.1:9"));
}

BOOST_AUTO_TEST_SUITE_END()
