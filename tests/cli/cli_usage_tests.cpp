// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

using namespace sense::test;

BOOST_AUTO_TEST_SUITE(cli_usage_tests)

namespace {

const std::vector<std::vector<std::string>> commands{{"up"},
                                                     {"broker"},
                                                     {"gateway"},
                                                     {"adapter"},
                                                     {"publish"},
                                                     {"step"},
                                                     {"subscribe"},
                                                     {"subscriptions"},
                                                     {"subscriptions", "list"},
                                                     {"listen"},
                                                     {"ping"},
                                                     {"parameters"},
                                                     {"sources"},
                                                     {"subscriptions", "create"},
                                                     {"subscriptions", "cancel"},
                                                     {"subscriptions", "get"},
                                                     {"subscriptions", "edit"},
                                                     {"subscriptions", "pause"},
                                                     {"subscriptions", "resume"},
                                                     {"subscriptions", "renew"},
                                                     {"subscriptions", "test"},
                                                     {"subscriptions", "export"},
                                                     {"subscriptions", "import"},
                                                     {"config"},
                                                     {"config", "check"},
                                                     {"config", "describe"},
                                                     {"filter"},
                                                     {"filter", "check"},
                                                     {"filter", "match"},
                                                     {"filter", "test"},
                                                     {"journal"},
                                                     {"journal", "check"},
                                                     {"journal", "stats"},
                                                     {"journal", "dump"},
                                                     {"journal", "export"},
                                                     {"journal", "import"},
                                                     {"bench"},
                                                     {"bench", "bus"},
                                                     {"bench", "engine"}};

// One line, and so one sentence, that begins with the program's name.
void is_one_sentence(const std::string& err) {
  BOOST_CHECK(err.starts_with("sense: "));
  BOOST_CHECK_MESSAGE(std::count(err.begin(), err.end(), '\n') == 1, err);
}

}  // namespace

BOOST_AUTO_TEST_CASE(help_names_every_command_and_the_exit_codes) {
  const auto help = run_sense({"--help"});
  BOOST_CHECK_EQUAL(help.code, 0);
  for (const auto& command : commands)
    BOOST_CHECK_MESSAGE(contains(help.out, "\n  " + command.front() + " "), command.front());
  BOOST_CHECK(contains(help.out, "Exit codes:"));
  BOOST_CHECK(contains(help.out, "SENSE_CONFIG"));
}

BOOST_AUTO_TEST_CASE(help_of_every_command_has_an_example_and_the_exit_codes) {
  for (auto command : commands) {
    command.emplace_back("--help");
    const auto help = run_sense(command);
    BOOST_TEST_CONTEXT(command.front()) {
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
