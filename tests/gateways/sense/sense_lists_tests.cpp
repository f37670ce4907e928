// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

// Lists that take several datagrams, and single entries that are longer than one.
using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint client_a(boost::asio::ip::make_address("192.0.2.7"), 9000);
const Endpoint ddp = Endpoint::at_ddp(12, 34, 129);  // 586 octets

struct Listed {
  std::vector<std::string> lines;
  std::uint64_t omitted = 0;
};

// As a client asks, page after page.
Listed list_all(ServerFixture& fixture, Kind kind) {
  Listed listed;
  const auto cookie = fixture.cookie(ddp);
  for (unsigned page = 0; page < 100; ++page) {
    auto request = make_message(kind, "q" + std::to_string(page));
    request.add("Cookie", cookie);
    if (kind == Kind::sources) request.add("Limit", 5U);
    if (!listed.lines.empty()) {
      const auto& last = listed.lines.back();
      request.add("After", kind == Kind::sources ? last : last.substr(0, last.find(':')));
    }
    const auto reply = fixture.ask(ddp, request);
    BOOST_CHECK_LE(serialize(reply).size(), 586U);
    listed.omitted += reply.number("Omitted").value_or(0);
    for (const auto line : split(reply.data, '\n'))
      if (!line.empty()) listed.lines.emplace_back(line);
    if (reply.text("More") != "yes") return listed;
    BOOST_REQUIRE(!reply.data.empty());  // or a client could not go on
  }
  BOOST_FAIL("the list does not end");
  return listed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_lists_tests)

BOOST_AUTO_TEST_CASE(sources_are_paged_without_loss) {
  ServerFixture fixture;
  for (int i = 0; i < 500; ++i) {
    char name[64];
    std::snprintf(name, sizeof(name), "//site.example/printer/floor%d/device-%04d", i % 7, i);
    fixture.subscriptions.known_sources.emplace_back(name);
  }
  std::sort(fixture.subscriptions.known_sources.begin(), fixture.subscriptions.known_sources.end());
  const auto cookie = fixture.cookie(client_a);
  std::vector<std::string> seen;
  for (int page = 0; page < 100; ++page) {
    auto request = make_message(Kind::sources, "q" + std::to_string(page));
    request.add("Cookie", cookie).add("Limit", 50U);
    if (!seen.empty()) request.add("After", seen.back());
    const auto reply = fixture.ask(client_a, request);
    BOOST_CHECK_LE(serialize(reply).size(), 1200U);
    std::string_view rest = reply.data;
    while (!rest.empty()) {
      seen.emplace_back(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(rest.find('\n') + 1);
    }
    if (reply.text("More") != "yes") break;
  }
  BOOST_TEST(seen == fixture.subscriptions.known_sources, boost::test_tools::per_element());
}

// AppleTalk's datagrams have 586 octets.
BOOST_AUTO_TEST_CASE(parameters_that_fit_into_no_datagram_are_paged_and_none_is_lost) {
  Extras extras;
  extras.parameters.clear();
  for (int i = 0; i < 60; ++i)
    extras.parameters.emplace_back("name-" + std::to_string(i), "of the " + std::to_string(i));
  ServerFixture fixture({}, {}, extras);
  for (const auto& [from, octets_max] : std::vector<std::pair<Endpoint, std::size_t>>{
           {client_a, 1200}, {Endpoint::at_ddp(12, 34, 129), 586}}) {
    const auto cookie = fixture.cookie(from);
    std::string all;
    std::string after;
    unsigned pages = 0;
    for (bool more = true; more && pages < 50; ++pages) {
      auto request = make_message(Kind::parameters, "q" + std::to_string(pages));
      request.add("Cookie", cookie);
      if (!after.empty()) request.add("After", after);
      const auto replies = fixture.tell(from, serialize(request));
      BOOST_CHECK_LE(replies.at(0).size(), octets_max);
      const auto reply = *parse(replies[0]);
      BOOST_REQUIRE(reply.data.ends_with('\n'));
      all += reply.data;
      const auto last = std::string_view(all).substr(all.rfind('\n', all.size() - 2) + 1);
      after = last.substr(0, last.find(':'));
      more = reply.text("More") == "yes";
    }
    BOOST_CHECK_GE(pages, 2U);
    BOOST_CHECK(all.starts_with("max-subscriptions: 10000\n"));
    BOOST_CHECK_EQUAL(std::count(all.begin(), all.end(), '\n'), 19 + 60);
    for (const auto& [name, value] : extras.parameters)
      BOOST_CHECK_MESSAGE(all.find("\n" + name + ": " + value + "\n") != std::string::npos, name);
  }
}

BOOST_AUTO_TEST_CASE(parameters_behind_one_that_there_is_not_are_refused) {
  ServerFixture fixture;
  auto request = make_message(Kind::parameters, "q");
  request.add("Cookie", fixture.cookie(client_a)).add("After", "no-such");
  BOOST_CHECK(fixture.ask(client_a, request).code == Code::badparam);
  request.tag = "r";
  request.properties.back().value = "service";  // the last one
  const auto reply = fixture.ask(client_a, request);
  BOOST_CHECK(reply.code == Code::noerror);
  BOOST_CHECK_EQUAL(reply.data, "");
  BOOST_CHECK(!reply.has("More"));
}

BOOST_AUTO_TEST_CASE(a_source_longer_than_a_datagram_hides_none_behind_it) {
  ServerFixture fixture;
  std::vector<std::string> short_ones;
  auto& known = fixture.subscriptions.known_sources;
  for (unsigned i = 100; i < 160; ++i) {
    auto name = "//hq.example/" + std::to_string(i);
    // Single ones, and more of them in a row than a page has.
    if (i % 10 == 3 || (i >= 120 && i < 140)) name += std::string(600, 'x');
    if (name.size() < 100) short_ones.push_back(name);
    known.push_back(std::move(name));
  }
  const auto listed = list_all(fixture, Kind::sources);
  BOOST_TEST(listed.lines == short_ones, boost::test_tools::per_element());
  BOOST_CHECK_GT(listed.omitted, 0U);
  ServerFixture only_long;
  only_long.subscriptions.known_sources = {known.back() + std::string(600, 'x')};
  const auto none = list_all(only_long, Kind::sources);
  BOOST_CHECK(none.lines.empty());
  BOOST_CHECK_EQUAL(none.omitted, 1U);
}

BOOST_AUTO_TEST_CASE(a_parameter_longer_than_a_datagram_hides_none_behind_it) {
  Extras extras;
  extras.parameters = {{"a-long", std::string(700, 'x')}, {"b-short", "1"}};
  ServerFixture fixture({}, {}, extras);
  const auto listed = list_all(fixture, Kind::parameters);
  BOOST_CHECK_EQUAL(listed.lines.back(), "b-short: 1");
  BOOST_CHECK_EQUAL(listed.omitted, 1U);
}

BOOST_AUTO_TEST_CASE(the_reason_of_an_end_or_gap_is_cut_to_what_a_datagram_holds) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(ddp);
  for (const auto kind : {Delivery::Kind::gap, Delivery::Kind::ended}) {
    for (const auto* piece : {"x", "\xc3\xa9", "\n"}) {
      auto delivery = fixture.event_delivery(subscription, 1);
      delivery->kind = kind;
      delivery->number_last = 1;
      for (unsigned i = 0; i < 1000; ++i) delivery->reason += piece;
      (void)fixture.deliver(delivery);
      BOOST_REQUIRE_EQUAL(fixture.sent.size(), 1U);
      BOOST_CHECK_LE(fixture.sent[0].octets.size(), 586U);
      const auto message = parse(fixture.sent[0].octets);
      BOOST_REQUIRE(message.has_value());
      BOOST_CHECK_GT(message->text("Reason").size(), 100U);
      BOOST_CHECK(delivery->reason.starts_with(message->text("Reason")));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
