// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/cli/fake_sense_server.hpp"
#include "tests/cli/with_broker.hpp"

// The commands that speak SENSE/1: sources, parameters, ping, publish --via, step --via, listen.
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

// What a server needs to be published to.
struct Store {
  explicit Store(std::string max_message = "1200") : limit(std::move(max_message)) {}
  Datagrams operator()(const Message& request) {
    if (request.kind == Kind::parameters)
      return {reply_to(request, {}, "max-message: " + limit + "\nwindow: 32\n")};
    if (request.kind != Kind::publish) return {};
    return {reply_to(request, {{"Id", std::string(request.text("Id"))},
                               {"Sequence", std::to_string(++sequence)}})};
  }
  std::string limit;
  unsigned sequence = 40;
};

std::string event(const std::string& subscription, unsigned number) {
  return "SENSE/1 EVENT e" + std::to_string(number) + "\nSubscription: " + subscription +
         "\nNumber: " + std::to_string(number) + "\nId: i" + std::to_string(number) +
         "\nType: {urn:a}b\nSource: //c\nTime: 2026-11-21T09:15:00.250Z\nSequence: 7\n"
         "Attempt: 1\nEdition: STEP.SingleLine.CC\nContent-Type: text/plain\nLanguage: en\n"
         "Length: 15\n\n342 Printer jam";
}

std::string granted(const Message& request) {
  return reply_to(request, {{"Subscription", "s-1"}, {"Period", "600"}});
}

std::vector<std::string> numbers_of(const std::vector<Message>& acks) {
  std::vector<std::string> numbers;
  for (const auto& ack : acks) numbers.emplace_back(ack.text("Number"));
  return numbers;
}

void is_failure(const Outcome& outcome, const std::string& part) {
  BOOST_CHECK_MESSAGE(outcome.code == 1, outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, part), outcome.err);
  BOOST_CHECK(outcome.err.starts_with("sense: "));
  BOOST_CHECK_MESSAGE(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1, outcome.err);
}

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
  is_failure(run_sense({"sources", circle.uri()}), "does not list its sources in order");
  const FakeSenseServer nothing([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"More", "yes"}})};
  });
  is_failure(run_sense({"sources", nothing.uri()}), "named none");
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
    is_failure(run_sense({command, circle.uri()}), "more parameters, and named none");
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
    is_failure(ask(refusing.uri()), refusing.uri() + " refused: the broker is away");
    is_failure(ask(silent.uri()), "no answer from " + silent.uri() + " within 400ms");
    is_failure(ask(closed), "nothing listens at " + closed + " within 400ms");
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

BOOST_AUTO_TEST_CASE(event_published_by_datagram_has_all_that_was_said_of_it) {
  const FakeSenseServer server{Store()};
  const auto outcome = run_sense({"publish", "{urn:a}b", "//c", "--via", server.uri(), "--id", "e1",
                                  "--data", "x", "--severity", "3", "--subject", "s", "--language",
                                  "en", "--edition", "E", "--time", "2026-11-21T09:15:00Z"});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_EQUAL(outcome.out, "41 e1\n");
  BOOST_CHECK_MESSAGE(outcome.err.empty(), outcome.err);
  const auto published = server.received(Kind::publish);
  BOOST_REQUIRE(published.size() == 1U);
  const auto& message = published.front();
  BOOST_CHECK_EQUAL(message.text("Id"), "e1");
  BOOST_CHECK_EQUAL(message.text("Type"), "{urn:a}b");
  BOOST_CHECK_EQUAL(message.text("Source"), "//c");
  BOOST_CHECK_EQUAL(message.text("Severity"), "3");
  BOOST_CHECK_EQUAL(message.text("Subject"), "s");
  BOOST_CHECK_EQUAL(message.text("Language"), "en");
  BOOST_CHECK_EQUAL(message.text("Edition"), "E");
  BOOST_CHECK_EQUAL(message.text("Time"), "2026-11-21T09:15:00.000Z");
  BOOST_CHECK_EQUAL(message.text("Content-Type"), "text/plain; charset=utf-8");
  BOOST_CHECK_EQUAL(message.data, "x");
}

BOOST_AUTO_TEST_CASE(duplicate_by_datagram_is_said_to_be_one) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::parameters) return {reply_to(request, {}, "max-message: 1200\n")};
    return {reply_to(request, {{"Id", "e1"}, {"Sequence", "7"}, {"Duplicate", "yes"}})};
  });
  const auto words = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"publish", "{urn:a}b", "//c", "--id", "e1", "--via", server.uri()});
    return more;
  };
  const auto outcome = run_sense(words({}));
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_EQUAL(outcome.out, "7 e1 (it was there before)\n");
  const auto json = nlohmann::json::parse(run_sense(words({"--json"})).out);
  BOOST_CHECK_EQUAL(json, (nlohmann::json{{"sequence", 7}, {"id", "e1"}, {"duplicate", true}}));
}

BOOST_AUTO_TEST_CASE(event_too_big_for_a_datagram_names_the_servers_limit) {
  for (const auto* limit : {"1200", "5000"}) {
    const FakeSenseServer server{Store(limit)};
    const auto publish = [&](std::size_t size) {
      return run_sense(
          {"publish", "{urn:a}b", "//c", "--via", server.uri(), "--data", std::string(size, 'x')});
    };
    const auto room = std::stoul(limit) - 300;
    BOOST_CHECK_EQUAL(publish(room).code, 0);
    is_failure(publish(room + 300),
               server.uri() + " takes at most " + limit + " (its max-message)");
    BOOST_CHECK_EQUAL(server.received(Kind::publish).size(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(publishing_by_datagram_fails_with_the_servers_reason) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::parameters) return {reply_to(request, {}, "max-message: 1200\n")};
    return {reply_to(request, {{"Reason", "the disk is full"}}, {}, Code::nomoreroom)};
  });
  is_failure(run_sense({"publish", "{urn:a}b", "//c", "--via", server.uri()}),
             server.uri() + ": the disk is full");
}

BOOST_AUTO_TEST_CASE(publishing_by_datagram_to_a_closed_port_says_so_and_how_to_repeat) {
  const auto uri = "sense://127.0.0.1:" + std::to_string(closed_port());
  const auto outcome =
      run_sense({"publish", "{urn:a}b", "//c", "--via", uri, "--id", "e9", "--timeout", "500ms"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(contains(outcome.err, "nothing listens at " + uri));
  BOOST_CHECK_MESSAGE(contains(outcome.err, "no receipt from " + uri + " within 500ms"),
                      outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "--id e9"), outcome.err);
  BOOST_CHECK(outcome.out.empty());
}

BOOST_AUTO_TEST_CASE(publish_that_gets_no_answer_is_repeated_until_it_does) {
  unsigned seen = 0;
  const FakeSenseServer server([&, store = Store()](const Message& request) mutable -> Datagrams {
    if (request.kind == Kind::publish && ++seen == 1) return {};
    return store(request);
  });
  const auto outcome = run_sense({"publish", "{urn:a}b", "//c", "--via", server.uri()});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  const auto published = server.received(Kind::publish);
  BOOST_REQUIRE(published.size() == 2U);
  BOOST_CHECK_EQUAL(published[0].text("Id"), published[1].text("Id"));
  BOOST_CHECK_EQUAL(published[0].tag, published[1].tag);
}

BOOST_AUTO_TEST_CASE(steps_go_by_datagram_one_after_the_other) {
  const FakeSenseServer server{Store()};
  const auto outcome = run_sense({"step", "--source", "//hq/hp4", "--via", server.uri(), "--json"},
                                 "342 Printer jam\nCover open\r\n\n122 Cover closed\nWarming up");
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  std::vector<std::string> data;
  for (const auto& message : server.received(Kind::publish)) {
    BOOST_CHECK_EQUAL(message.text("Edition"), "STEP.SingleLine.CC");
    BOOST_CHECK_EQUAL(message.text("Content-Type"), "text/plain");
    BOOST_CHECK_EQUAL(message.text("Type"), "{urn:sense:step}status");
    BOOST_CHECK_EQUAL(message.text("Source"), "//hq/hp4");
    data.push_back(message.data);
  }
  const std::vector<std::string> expected{"342 Printer jam", "342 Cover open", "122 Cover closed",
                                          "122 Warming up"};
  BOOST_TEST(data == expected, boost::test_tools::per_element());
  const auto summary = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(summary["lines"], 4);
  BOOST_CHECK_EQUAL(summary["acknowledged"], 4);
  BOOST_CHECK_EQUAL(summary["unacknowledged"], 0);
}

BOOST_AUTO_TEST_CASE(step_waits_for_a_server_that_comes_later) {
  const auto port = closed_port();
  Running step({"step", "--source", "//c", "--via", "sense://127.0.0.1:" + std::to_string(port)},
               "111 Ready\n");
  BOOST_REQUIRE(step.wait_for("nothing listens"));
  const FakeSenseServer server(Store(), port);
  const auto outcome = step.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "answers again"), outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "1 line, 1 event acknowledged"), outcome.err);
}

BOOST_AUTO_TEST_CASE(step_that_is_not_acknowledged_in_time_fails_and_counts) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::parameters) return {reply_to(request, {}, "max-message: 1200\n")};
    return {};
  });
  const auto outcome =
      run_sense({"step", "--source", "//c", "--via", server.uri(), "--timeout", "300ms", "--json"},
                "111 Ready\n112 Printing\n");
  BOOST_CHECK_EQUAL(outcome.code, 1);
  const auto summary = nlohmann::json::parse(outcome.out);
  BOOST_CHECK_EQUAL(summary["acknowledged"], 0);
  BOOST_CHECK_EQUAL(summary["unacknowledged"], 2);
}

BOOST_AUTO_TEST_CASE(step_passes_over_what_fits_into_no_datagram_and_fails_at_the_end) {
  const FakeSenseServer server{Store()};
  const auto outcome =
      run_sense({"step", "--source", "//" + std::string(700, 'c'), "--via", server.uri()},
                "111 " + std::string(500, 'x') + "\n112 Printing\n");
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "line 1 was refused"), outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "1200 (its max-message)"), outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "2 lines, 1 event acknowledged, 1 refused"),
                      outcome.err);
}

BOOST_AUTO_TEST_CASE(listener_acknowledges_a_burst_in_ranges) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind != Kind::register_) return {};
    return {granted(request), event("s-1", 1), event("s-1", 2), event("s-1", 4), event("s-1", 3)};
  });
  Running listener({"listen", server.uri(), "--ack-delay", "500ms", "--json"});
  datagram::NumberSet acknowledged;
  BOOST_REQUIRE(eventually([&] {
    for (const auto& numbers : numbers_of(server.received(Kind::ack))) {
      const auto ranges = datagram::parse_ranges(numbers);
      BOOST_REQUIRE(ranges.has_value());
      for (const auto& range : *ranges) acknowledged.add(range.first, range.last);
    }
    return datagram::format_ranges(acknowledged.ranges()) == "1-4";
  }));
  BOOST_CHECK_LT(server.received(Kind::ack).size(), 4U);
  listener.signal(SIGINT);
  const auto outcome = listener.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  const auto lines = json_lines(outcome.out);
  BOOST_REQUIRE(lines.size() == 4U);
  BOOST_CHECK_EQUAL(lines[0]["data"], "342 Printer jam");
  BOOST_CHECK_EQUAL(lines[0]["edition"], "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(lines[0]["datacontenttype"], "text/plain");
  BOOST_CHECK_EQUAL(lines[0]["language"], "en");
}

BOOST_AUTO_TEST_CASE(listener_acknowledges_each_at_once_when_told_to) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind != Kind::register_) return {};
    return {granted(request), event("s-1", 1), event("s-1", 2)};
  });
  const Running listener({"listen", server.uri(), "--ack-delay", "0s"});
  BOOST_REQUIRE(eventually([&] { return server.received(Kind::ack).size() == 2; }));
  BOOST_TEST(numbers_of(server.received(Kind::ack)) == (std::vector<std::string>{"1", "2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(listener_that_ends_acknowledges_what_it_printed_and_cancels) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::register_) return {granted(request), event("s-1", 1)};
    if (request.kind == Kind::cancel) return {reply_to(request, {})};
    return {};
  });
  const auto outcome = run_sense(
      {"listen", server.uri(), "--ack-delay", "500ms", "--count", "1", "--timeout", "20s"});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.out, " {urn:a}b //c #1 i1\n"), outcome.out);
  std::vector<Kind> kinds;
  for (const auto& message : server.received()) kinds.push_back(message.kind);
  BOOST_CHECK((kinds == std::vector<Kind>{Kind::register_, Kind::ack, Kind::cancel}));
}

BOOST_AUTO_TEST_CASE(listener_asks_for_the_form_that_was_wanted) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::register_) return {granted(request), event("s-1", 1)};
    return {};
  });
  const auto outcome =
      run_sense({"listen", server.uri(), "--edition", "STEP.SingleLine.CC", "--language", "en",
                 "--filter", "severity < 4", "--count", "1", "--timeout", "20s"});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  const auto asked = server.received(Kind::register_).at(0);
  BOOST_CHECK_EQUAL(asked.text("Edition"), "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(asked.text("Language"), "en");
  BOOST_CHECK_EQUAL(asked.text("Filter"), "severity < 4");
}

BOOST_AUTO_TEST_CASE(listener_that_is_refused_for_good_fails_instead_of_waiting) {
  const FakeSenseServer refusing([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"Reason", "Filter: no such function"}}, {}, Code::badparam)};
  });
  const auto refused = run_sense({"listen", refusing.uri()});
  BOOST_CHECK_EQUAL(refused.code, 1);
  BOOST_CHECK_MESSAGE(contains(refused.err, "not subscribed: Filter: no such function"),
                      refused.err);
  const FakeSenseServer revoking([](const Message& request) -> Datagrams {
    if (request.kind != Kind::register_) return {};
    return {granted(request), "SENSE/1 ENDED x1\nSubscription: s-1\nReason: revoked\n\n"};
  });
  const auto revoked = run_sense({"listen", revoking.uri()});
  BOOST_CHECK_EQUAL(revoked.code, 1);
  BOOST_CHECK_MESSAGE(contains(revoked.err, "the subscription ended: revoked"), revoked.err);
}

BOOST_AUTO_TEST_CASE(listener_that_is_refused_for_the_moment_asks_again) {
  const FakeSenseServer busy([](const Message& request) -> Datagrams {
    return {reply_to(request, {{"Reason", "max-subscriptions"}}, {}, Code::nomoreroom)};
  });
  Running listener({"listen", busy.uri()});
  BOOST_CHECK(listener.wait_for("not subscribed: max-subscriptions; asking again"));
  listener.signal(SIGTERM);
  BOOST_CHECK_EQUAL(listener.finish().code, 0);
}

BOOST_AUTO_TEST_CASE(event_without_its_data_is_said_to_be) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind != Kind::register_) return {};
    auto big = event("s-1", 1);
    big.replace(big.find("Length: 15"), 10, "Length: 5000\nTruncated: yes");
    big.resize(big.find("\n\n") + 2);
    return {granted(request), big};
  });
  const auto outcome =
      run_sense({"listen", server.uri(), "--count", "1", "--timeout", "20s", "--json"});
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "came without its data, 5000 octets"), outcome.err);
  BOOST_CHECK_EQUAL(json_lines(outcome.out).at(0)["truncated"], 5000);
}

BOOST_AUTO_TEST_SUITE_END()
