// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/gateways/sense/server_fixture.hpp"
#include "tests/paths.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const Endpoint sender(boost::asio::ip::make_address("192.0.2.66"), 6666);

// The fuzz target's seed corpus.
std::vector<std::string> corpus() {
  std::vector<std::string> seeds;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::in_source("tests/fuzz/corpus/sense_message"))) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    seeds.push_back(text.str());
  }
  std::sort(seeds.begin(), seeds.end());
  BOOST_REQUIRE(seeds.size() >= 10U);
  return seeds;
}

std::string mutate(std::string text, const std::vector<std::string>& seeds, std::mt19937& random) {
  static const std::vector<std::string> pieces = {"\n",
                                                  "\r\n",
                                                  "\n\n",
                                                  ": ",
                                                  "Length: ",
                                                  "Number: ",
                                                  "-",
                                                  ",",
                                                  "%0A",
                                                  "%25",
                                                  "\xff",
                                                  "\xc3",
                                                  "18446744073709551615",
                                                  "Subscription: s-1\n",
                                                  "Cookie: x\n",
                                                  "Truncated: yes\n",
                                                  "Mac: x\n",
                                                  "SENSE/1 ",
                                                  "REPLY",
                                                  std::string(1, '\0'),
                                                  std::string(300, 'A')};
  for (auto changes = 1 + random() % 4; changes > 0; --changes) {
    const auto at = text.empty() ? 0 : random() % text.size();
    switch (random() % 6) {
      case 0: text.insert(at, pieces[random() % pieces.size()]); break;
      case 1: text.erase(at, 1 + random() % 8); break;
      case 2: text.resize(at); break;
      case 3:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 4: text.insert(at, text.substr(0, random() % 40)); break;
      default: text = text.substr(0, at) + seeds[random() % seeds.size()].substr(0, 200); break;
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_malformed_tests)

BOOST_AUTO_TEST_CASE(malformed_message_is_answered_when_its_start_line_could_be_read) {
  ServerFixture fixture;
  for (const auto* octets : {"SENSE/1 REGISTER t1\nPeriod 5\n\n", "SENSE/1 NONSENSE t1\n\n",
                             "SENSE/1 ACK t1\n\n", "SENSE/1 ACK t1\nSubscription: x\nNumber: y\n\n",
                             "SENSE/1 PUBLISH t1\nType: {a}b\nSource: //x\nLength: 5\n\nabc",
                             "SENSE/1 VERIFY t1\nSubscription: x\nChallenge: y\n\n"}) {
    const auto replies = fixture.tell(sender, octets);
    BOOST_REQUIRE_MESSAGE(replies.size() == 1U, octets);
    const auto reply = parse(replies[0]);
    BOOST_CHECK_MESSAGE((reply->code == Code::protoerror), octets);
    BOOST_CHECK_EQUAL(reply->tag, "t1");
  }
  BOOST_CHECK_EQUAL(fixture.counters["sense.datagrams.malformed"].load(), 5U);
}

BOOST_AUTO_TEST_CASE(unreadable_message_is_dropped_and_counted) {
  ServerFixture fixture;
  for (const auto* octets :
       {"", "x", "\n\n", "SENSE/1", "SENSE/2 REGISTER t\n\n", "GET / HTTP/1.1\n"})
    BOOST_CHECK_MESSAGE(fixture.tell(sender, octets).empty(), octets);
  BOOST_CHECK_EQUAL(fixture.counters["sense.datagrams.malformed"].load(), 6U);
  BOOST_CHECK_EQUAL(fixture.counters["sense.datagrams.unanswered"].load(), 6U);
}

// Whatever arrives from an address that proved nothing: at most one datagram back for each, of at
// most three times the octets, nothing to other addresses, and no state.
BOOST_AUTO_TEST_CASE(unproved_address_gets_at_most_three_times_its_octets) {
  ServerFixture fixture;
  const auto seeds = corpus();
  std::vector<std::string> shortest = {"SENSE/1 SOURCES a\n\n", "SENSE/1 PARAMETERS a\n\n",
                                       "SENSE/1 X a\n", "SENSE/1 CANCEL a\nSubscription: \n\n"};
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  std::size_t answered = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto octets = i < 4 ? shortest[static_cast<std::size_t>(i)]
                              : mutate(seeds[random() % seeds.size()], seeds, random);
    fixture.tell(sender, octets);
    BOOST_REQUIRE_MESSAGE(fixture.sent.size() <= 1U, octets);
    if (i < 4) BOOST_CHECK_MESSAGE(fixture.sent.size() == 1U, octets);
    for (const auto& sent : fixture.sent) {
      BOOST_REQUIRE(sent.to.address == sender);
      BOOST_REQUIRE_MESSAGE(sent.octets.size() <= 3 * octets.size(),
                            octets << " gave " << sent.octets);
      BOOST_REQUIRE(parse(sent.octets).has_value());
      ++answered;
    }
  }
  BOOST_CHECK_GT(answered, 1000U);
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
  BOOST_CHECK(!fixture.server->next_timer().has_value());
}

// The same with a valid cookie put in: more is reached, and still nothing breaks.
BOOST_AUTO_TEST_CASE(mutated_messages_of_a_proved_address_break_nothing) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  ServerFixture fixture;
  const auto seeds = corpus();
  const auto cookie = fixture.cookie(sender);
  const auto subscription = fixture.subscribe(sender);
  for (int i = 0; i < 20'000; ++i) {
    auto octets = mutate(seeds[random() % seeds.size()], seeds, random);
    if (const auto end = octets.find('\n'); end != std::string::npos)
      octets.insert(end + 1, "Cookie: " + cookie + "\n");
    if (i % 50 == 0)
      (void)fixture.deliver(
          fixture.event_delivery(subscription, static_cast<std::uint64_t>(i) + 1));
    for (const auto& reply : fixture.tell(sender, octets)) {
      BOOST_REQUIRE(reply.size() <= 1200U);
      BOOST_REQUIRE_MESSAGE(parse(reply).has_value(), reply);
    }
    if (i % 100 == 0) fixture.clock.advance(std::chrono::milliseconds{10});
  }
}

BOOST_AUTO_TEST_CASE(whatever_is_read_is_written_and_read_again_alike) {
  const auto seeds = corpus();
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  std::size_t read = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto octets = i < static_cast<int>(seeds.size())
                            ? seeds[static_cast<std::size_t>(i)]
                            : mutate(seeds[random() % seeds.size()], seeds, random);
    const auto message = parse(octets);
    if (!message) continue;
    ++read;
    const auto again = parse(serialize(*message));
    BOOST_REQUIRE_MESSAGE(again.has_value(), octets);
    BOOST_REQUIRE_MESSAGE((*again == *message), octets);
  }
  BOOST_CHECK_GT(read, 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
