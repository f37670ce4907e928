// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/process.hpp"

using namespace sense::test;
using Json = nlohmann::json;

namespace {

// What `sense filter test` says to these lines.
std::vector<Json> answers_to(const std::string& lines) {
  const auto outcome = run_sense({"filter", "test"}, lines);
  BOOST_CHECK_EQUAL(outcome.code, 0);
  BOOST_CHECK_EQUAL(outcome.err, "");
  std::vector<Json> answers;
  std::istringstream in(outcome.out);
  for (std::string line; std::getline(in, line);) answers.push_back(Json::parse(line));
  return answers;
}

constexpr auto event = R"({"specversion":"1.0","id":"1","type":"com.example.jam",)"
                       R"("source":"//hq/4","severity":3,"time":"2018-04-26T14:48:09+02:00"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_filter_tests)

BOOST_AUTO_TEST_CASE(each_case_is_answered_on_its_own_line) {
  const auto with_event = [](const char* expression) {
    return Json{{"expression", expression}, {"event", Json::parse(event)}}.dump() + "\n";
  };
  const auto answers =
      answers_to(with_event("severity + 1") + with_event("type LIKE 'com.%'") +
                 with_event("source") + with_event("time") + with_event("absent * 5") +
                 with_event("1 / 0") + with_event("BOOL('x')") + with_event("nothing()") +
                 with_event("LEFT('abc', -2)") + with_event("a == b"));
  const std::vector<Json> wanted = {{{"result", 4}, {"error", nullptr}},
                                    {{"result", true}, {"error", nullptr}},
                                    {{"result", "//hq/4"}, {"error", nullptr}},
                                    {{"result", "2018-04-26T14:48:09+02:00"}, {"error", nullptr}},
                                    {{"result", 0}, {"error", "missingAttribute"}},
                                    {{"result", 0}, {"error", "math"}},
                                    {{"result", false}, {"error", "cast"}},
                                    {{"result", false}, {"error", "missingFunction"}},
                                    {{"result", "abc"}, {"error", "functionEvaluation"}},
                                    {{"result", nullptr}, {"error", "parse"}, {"at", 4}}};
  BOOST_REQUIRE(answers.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    BOOST_CHECK_MESSAGE(answers[i] == wanted[i], answers[i].dump()
                                                     << " is not " << wanted[i].dump());
}

BOOST_AUTO_TEST_CASE(a_line_that_cannot_be_read_is_told_and_the_next_is_answered) {
  const auto deep = std::string(1000, '[') + std::string(1000, ']');
  const auto answers = answers_to("nonsense\n\n[]\n{\"expression\": 5.5}\n" + deep + "\n" +
                                  R"({"expression": "true", "event": 5})" + "\n" +
                                  R"({"expression": "true", "event": {"id": "1"}})" + "\n" +
                                  R"({"expression": "true", "event": null})" + "\n" +
                                  R"({"expression": "x", "eventOverrides": {"x": "y"}})" + "\n" +
                                  R"({"expression": true})" + "\n" + R"({"expression": -10})");
  BOOST_REQUIRE(answers.size() == 11u);
  for (std::size_t i = 0; i < 7; ++i) {
    BOOST_CHECK(answers[i]["result"].is_null());
    BOOST_CHECK_EQUAL(answers[i]["error"], "generic");
    BOOST_CHECK(!answers[i]["message"].get<std::string>().empty());
  }
  BOOST_CHECK_EQUAL(answers[7]["result"], true);
  BOOST_CHECK_EQUAL(answers[8]["result"], "y");
  BOOST_CHECK_EQUAL(answers[9]["result"], true);
  BOOST_CHECK_EQUAL(answers[10]["result"], -10);
}

BOOST_AUTO_TEST_CASE(a_mistake_is_pointed_at) {
  const auto good = run_sense({"filter", "check", "type = 'x' AND severity < 4"});
  BOOST_CHECK_EQUAL(good.code, 0);
  BOOST_CHECK_EQUAL(good.out, "good\n");
  const auto bad = run_sense({"filter", "check", "'Größe' = AND x"});
  BOOST_CHECK_EQUAL(bad.code, 1);
  BOOST_CHECK_EQUAL(bad.out, "");
  BOOST_CHECK(contains(bad.err, "column 11"));
  BOOST_CHECK(contains(bad.err, "\n  'Größe' = AND x\n            ^\n"));
  const auto unknown = run_sense({"filter", "check", "lenght(id) > 3"});
  BOOST_CHECK_EQUAL(unknown.code, 1);
  BOOST_CHECK(contains(unknown.err, "LENGTH"));
  const auto json = run_sense({"filter", "check", "1 +", "--json"});
  BOOST_CHECK_EQUAL(json.code, 1);
  BOOST_CHECK_EQUAL(Json::parse(json.out)["at"], 4);
  const auto hostile = run_sense({"filter", "check", "\x1b[2J = 1"});
  BOOST_CHECK_EQUAL(hostile.code, 1);
  BOOST_CHECK(!contains(hostile.err, "\x1b"));
}

BOOST_AUTO_TEST_CASE(an_event_passes_or_it_is_said_why_not) {
  const TempFolder folder;
  const auto file = folder.write("event.json", event);
  const auto passes = run_sense({"filter", "match", "severity = 3", "--event", file});
  BOOST_CHECK_EQUAL(passes.code, 0);
  BOOST_CHECK_EQUAL(passes.out, "matches\n");
  const auto other = run_sense({"filter", "match", "severity = 4"}, event);
  BOOST_CHECK_EQUAL(other.code, 1);
  BOOST_CHECK_EQUAL(other.out, "does not match\n");
  const auto absent = run_sense({"filter", "match", "severity = 3 AND subject = 'x'"}, event);
  BOOST_CHECK_EQUAL(absent.code, 1);
  BOOST_CHECK(contains(absent.out, "column 18"));
  BOOST_CHECK(contains(absent.out, "missingAttribute"));
  const auto number = run_sense({"filter", "match", "severity", "--json"}, event);
  BOOST_CHECK(Json::parse(number.out) ==
              (Json{{"matches", false}, {"result", 3}, {"error", nullptr}}));
  const auto nowhere = run_sense({"filter", "match", "true", "--event", file + "x"});
  BOOST_CHECK_EQUAL(nowhere.code, 1);
  BOOST_CHECK(contains(nowhere.err, "cannot be read"));
  const auto a_folder = run_sense({"filter", "match", "true", "--event", folder.path().string()});
  BOOST_CHECK_EQUAL(a_folder.code, 1);
  BOOST_CHECK(contains(a_folder.err, "it is a folder; name a file"));
}

BOOST_AUTO_TEST_SUITE_END()
