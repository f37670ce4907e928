// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/fake_sense_server.hpp"
#include "tests/cli/with_broker.hpp"

// Events that go out as SENSE/1 datagrams: publish --via, step --via.
using namespace sense;
using namespace sense::test;
using datagram::Kind;
using datagram::Message;
using Datagrams = std::vector<std::string>;

namespace {

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

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_sense_publish_tests)

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
    check_failure(publish(room + 300),
                  server.uri() + " takes at most " + limit + " (its max-message)");
    BOOST_CHECK_EQUAL(server.received(Kind::publish).size(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(publishing_by_datagram_fails_with_the_servers_reason) {
  const FakeSenseServer server([](const Message& request) -> Datagrams {
    if (request.kind == Kind::parameters) return {reply_to(request, {}, "max-message: 1200\n")};
    return {reply_to(request, {{"Reason", "the disk is full"}}, {}, Code::nomoreroom)};
  });
  check_failure(run_sense({"publish", "{urn:a}b", "//c", "--via", server.uri()}),
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

BOOST_AUTO_TEST_SUITE_END()
