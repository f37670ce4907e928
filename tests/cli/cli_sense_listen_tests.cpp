// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/cli/fake_sense_server.hpp"
#include "tests/cli/with_broker.hpp"

// Events that come as SENSE/1 datagrams: listen.
using namespace sense;
using namespace sense::test;
using datagram::Kind;
using datagram::Message;
using Datagrams = std::vector<std::string>;

namespace {

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

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_sense_listen_tests)

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
