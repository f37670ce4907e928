// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/cli/fake_sense_server.hpp"
#include "tests/cli/with_broker.hpp"

// The commands that ask a SENSE/1 server: sources, parameters, ping.
using namespace sense;
using namespace sense::test;
using datagram::Kind;
using datagram::Message;
using Datagrams = std::vector<std::string>;

namespace {

// A list of sources, two on a page.
Datagrams page_of(const std::vector<std::string>& sources, const Message& request) {
  const auto limit = std::min<std::uint64_t>(request.number("Limit").value_or(2), 2);
  std::string data;
  std::uint64_t count = 0;
  for (const auto& source : sources) {
    if (request.has("After") && source <= request.text("After")) continue;
    if (count++ == limit) return {reply_to(request, {{"More", "yes"}}, data)};
    data += source + "\n";
  }
  return {reply_to(request, {}, data)};
}

const std::vector<std::string> five{"//a", "//b/1", "//b/2", "//c/\xc3\xa9", "//d"};

Datagrams answer_five(const Message& request) { return page_of(five, request); }

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_sense_tests)

BOOST_AUTO_TEST_CASE(all_sources_are_listed_page_after_page) {
  const FakeSenseServer server(answer_five);
  const auto outcome = run_sense({"sources", server.uri()});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_EQUAL(outcome.out, "//a\n//b/1\n//b/2\n//c/\xc3\xa9\n//d\n");
  BOOST_CHECK_MESSAGE(outcome.err.empty(), outcome.err);
  BOOST_CHECK_EQUAL(server.received(Kind::sources).size(), 3U);
}

BOOST_AUTO_TEST_CASE(sources_can_be_limited_begun_later_and_read_by_programs) {
  const FakeSenseServer server(answer_five);
  BOOST_CHECK_EQUAL(run_sense({"sources", server.uri(), "--limit", "3"}).out,
                    "//a\n//b/1\n//b/2\n");
  BOOST_CHECK_EQUAL(run_sense({"sources", server.uri(), "--after", "//b/2"}).out,
                    "//c/\xc3\xa9\n//d\n");
  const auto lines = json_lines(run_sense({"sources", server.uri(), "-n", "1", "--json"}).out);
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_CHECK_EQUAL(lines[0], (nlohmann::json{{"source", "//a"}}));
}

BOOST_AUTO_TEST_CASE(no_sources_at_all_is_an_empty_list) {
  const FakeSenseServer server([](const Message& request) { return page_of({}, request); });
  const auto outcome = run_sense({"sources", server.uri()});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK(outcome.out.empty());
}

BOOST_AUTO_TEST_CASE(server_that_lists_in_a_circle_or_nothing_is_left) {
  const FakeSenseServer circle([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"More", "yes"}}, "//a\n//b\n")};
  });
  check_failure(run_sense({"sources", circle.uri()}), "does not list its sources in order");
  const FakeSenseServer nothing([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"More", "yes"}})};
  });
  check_failure(run_sense({"sources", nothing.uri()}), "named none");
}

BOOST_AUTO_TEST_CASE(parameters_are_printed_as_they_are) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    return {reply_to(request, {}, "max-message: 1200\nnote: two%0Alines: one\nno such line\n")};
  });
  const auto outcome = run_sense({"parameters", server.uri()});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_EQUAL(outcome.out, "max-message: 1200\nnote: two\\x0alines: one\n");
  const auto json = nlohmann::json::parse(run_sense({"parameters", server.uri(), "--json"}).out);
  BOOST_CHECK_EQUAL(json, (nlohmann::json{{"max-message", "1200"}, {"note", "two\nlines: one"}}));
}

BOOST_AUTO_TEST_CASE(parameters_are_asked_for_page_after_page) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.text("After") == "rate") return {reply_to(request, {}, "window: 32\n")};
    return {reply_to(request, {{"More", "yes"}}, "max-message: 1200\nrate: 5\n")};
  });
  const auto outcome = run_sense({"parameters", server.uri()});
  BOOST_CHECK_EQUAL(outcome.out, "max-message: 1200\nrate: 5\nwindow: 32\n");
  BOOST_CHECK(contains(run_sense({"ping", server.uri()}).out, "  window: 32\n"));
  const FakeSenseServer circle([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"More", "yes"}}, "rate: 5\n")};
  });
  for (const auto* command : {"parameters", "ping"})
    check_failure(run_sense({command, circle.uri()}), "more parameters, and named none");
}

BOOST_AUTO_TEST_CASE(refusal_silence_and_absence_are_told_apart) {
  const FakeSenseServer refusing([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"Reason", "the broker is away"}}, {}, Code::timeout)};
  });
  const FakeSenseServer silent([](const Message&) { return Datagrams(); });
  const auto closed = "sense://127.0.0.1:" + std::to_string(closed_port());
  for (const auto* command : {"sources", "parameters", "ping"}) {
    const auto ask = [&](const std::string& uri) {
      return run_sense({command, uri, "--timeout", "400ms"});
    };
    check_failure(ask(refusing.uri()), refusing.uri() + " refused: the broker is away");
    check_failure(ask(silent.uri()), "no answer from " + silent.uri() + " within 400ms");
    check_failure(ask(closed), "nothing listens at " + closed + " within 400ms");
  }
}

BOOST_AUTO_TEST_CASE(interrupted_question_is_a_failure) {
  const FakeSenseServer silent([](const Message&) { return Datagrams(); });
  for (const auto* command : {"sources", "parameters", "ping"}) {
    Running asking({command, silent.uri(), "--timeout", "30s"});
    const auto before = silent.received().size();
    BOOST_REQUIRE(eventually([&] { return silent.received().size() > before; }));
    asking.signal(SIGINT);
    BOOST_CHECK_EQUAL(asking.finish().code, 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
