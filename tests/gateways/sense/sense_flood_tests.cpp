// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "tests/gateways/sense/keyed_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// Floods of datagrams: a million of them leave no state, and the state of known clients is bounded
// and cannot be displaced by others.

namespace {

const Endpoint client_a(boost::asio::ip::make_address("10.1.2.3"), 9000);
constexpr std::size_t million = 1'000'000;

// Datagrams of every kind and quality, of which the flood is made.
std::vector<std::string> pool(ServerFixture& fixture, const std::string& subscription,
                              const std::string& cookie) {
  const std::vector<std::string> heads = {
      "SENSE/1 REGISTER r1\nPeriod: 600\n",
      "SENSE/1 REGISTER r1\nPeriod: 600\nDeliver-To: 8.8.8.8:9000\n",
      "SENSE/1 REGISTER r1\nPeriod: 600\nSubscription: " + subscription + "\n",
      "SENSE/1 REGISTER r1\n",
      "SENSE/1 CANCEL c1\nSubscription: " + subscription + "\n",
      "SENSE/1 CANCEL c1\n",
      "SENSE/1 SOURCES a\n",
      "SENSE/1 PARAMETERS a\n",
      "SENSE/1 PUBLISH p1\nType: {a}b\nSource: //x\n",
      "SENSE/1 PUBLISH p1\nType: {a}b\n",
      "SENSE/1 ACK a\nSubscription: " + subscription + "\nNumber: 1-1000\n",
      "SENSE/1 ACK a\nSubscription: " + subscription + "\n",
      "SENSE/1 ACK a\nSubscription: " + subscription + "\nChallenge: x\n",
      "SENSE/1 ACK a\nSubscription: " + subscription + "\nNumber: none\n",
      "SENSE/1 ACK a\n",
      "SENSE/1 EVENT e\nSubscription: " + subscription + "\n",
      "SENSE/1 VERIFY v\n",
      "SENSE/1 REPLY r 0 NOERROR\n",
      "SENSE/1 NONSENSE n\n",
      "SENSE/1 X a\n",
      "nothing at all\n"};
  std::vector<std::string> all;
  const auto wall = fixture.clock.now().wall;
  for (const auto& head : heads) {
    all.push_back(head + "\n");
    all.push_back(head);
    all.push_back(head + "Cookie: " + cookie + "\n\n");
    all.push_back(head + "Cookie: AAAAAAAAAAAAAAAAAAAA\n\n");
    all.push_back(head + "Length: 5\n\nabcd");
    all.push_back(head + "X: " + std::string(1'100, 'x') + "\n\n");
    all.push_back(head + "X: " + std::string(2'000, 'x') + "\n\n");
    all.push_back(head + "Key: hp4\nMac: x\n\n");
    all.push_back(sign(head + "\n", {"hp4", std::string(32, 'x')}, wall));
    all.push_back(sign(head + "\n", {"unknown", std::string(32, 'x')}, wall));
    all.push_back(sign(head + "\n", hp4, wall));
    all.push_back(sign(head + "\n", hp4, wall + std::chrono::hours{1}));
  }
  return all;
}

Endpoint spoofed(std::mt19937& random) {
  const auto port = static_cast<std::uint16_t>(1024 + random() % 60'000);
  if (random() % 16 == 0) return Endpoint::at_ipx(42, 0x0b000000U + random() % 0x10000000U, port);
  if (random() % 16 == 0)
    return Endpoint::at_ddp(static_cast<std::uint16_t>(random()),
                            static_cast<std::uint8_t>(random()), 129);
  if (random() % 4 != 0)
    return Endpoint(boost::asio::ip::address_v4(0x0b000000U + random() % 0x10000000U), port);
  boost::asio::ip::address_v6::bytes_type bytes{0x20, 0x01, 0x0d, 0xb8};
  for (std::size_t i = 4; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(random());
  return Endpoint(boost::asio::ip::address_v6(bytes), port);
}

// At most one of a datagram, for the records: the host takes only so many.
void remove_notes(Actions& actions) {
  const auto notes = std::erase_if(
      actions, [](const auto& action) { return std::holds_alternative<Refused>(action); });
  BOOST_REQUIRE_LE(notes, 1U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_flood_tests)

BOOST_AUTO_TEST_CASE(a_million_spoofed_datagrams_get_little_and_leave_nothing) {
  Extras extras;
  extras.keys = {hp4};
  extras.rates = true;
  ServerFixture fixture({}, {}, extras);
  const auto subscription = fixture.subscribe(client_a);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto datagrams = pool(fixture, subscription->id, fixture.cookie(client_a));
  const auto before = fixture.server->state();
  const auto requests = fixture.subscriptions.requests.size();
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < million; ++i) {
    if (i % 50 == 0) fixture.clock.advance(Duration{100});  // 500,000 a second
    const auto& octets = datagrams[random() % datagrams.size()];
    const auto from = spoofed(random);
    auto actions = fixture.server->on_datagram(octets, {from, ServerFixture::listener_of(from)},
                                               fixture.clock.now());
    in += octets.size();
    remove_notes(actions);
    if (actions.empty()) continue;
    // One reply per datagram, to its apparent sender, of at most three times its octets.
    BOOST_REQUIRE_EQUAL(actions.size(), 1U);
    const auto* sent = std::get_if<Send>(&actions[0]);
    BOOST_REQUIRE_MESSAGE(sent != nullptr, octets);
    BOOST_REQUIRE(sent->to.address == from);
    BOOST_REQUIRE_MESSAGE(sent->octets.size() <= 3 * octets.size(),
                          octets << " gave " << sent->octets);
    out += sent->octets.size();
    ++answered;
  }
  BOOST_TEST_MESSAGE(answered << " answers, " << in << " octets in, " << out << " out");
  BOOST_CHECK_GT(answered, 5'000U);
  BOOST_CHECK_LT(answered,
                 25'000U);  // two seconds' worth of unproved-rate, and what it may save up
  BOOST_CHECK(fixture.server->state() == before);
  BOOST_CHECK_EQUAL(fixture.subscriptions.requests.size(), requests);
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
  BOOST_CHECK(!fixture.attempt(attempt_id).has_value());
  // The client that was there before is served as if nothing had happened.
  fixture.ack(client_a, subscription->id, "1");
  BOOST_CHECK(fixture.attempt(attempt_id).has_value());
}

// The same without limits of rates: every single one is judged and bounded.
BOOST_AUTO_TEST_CASE(each_answer_is_bounded_also_without_limits_of_rates) {
  Extras extras;
  extras.keys = {hp4};
  ServerFixture fixture({}, {}, extras);
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto datagrams = pool(fixture, "s-none", fixture.cookie(client_a));
  const auto before = fixture.server->state();
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < million / 10; ++i) {
    const auto& octets = datagrams[random() % datagrams.size()];
    const auto from = spoofed(random);
    auto actions = fixture.server->on_datagram(octets, {from, 0}, fixture.clock.now());
    remove_notes(actions);
    BOOST_REQUIRE(actions.size() <= 1U);
    if (actions.empty()) continue;
    const auto& sent = std::get<Send>(actions[0]);
    BOOST_REQUIRE(sent.to.address == from);
    BOOST_REQUIRE(sent.octets.size() <= 3 * octets.size());
    ++answered;
  }
  BOOST_CHECK_GT(answered, million / 20);
  BOOST_CHECK(fixture.server->state() == before);
}

BOOST_AUTO_TEST_CASE(of_a_million_forged_acknowledgements_none_counts) {
  Extras extras;
  extras.keys = {hp4};
  ServerFixture fixture({}, {}, extras);
  KeyedClient client{fixture, Endpoint(boost::asio::ip::make_address("10.1.2.4"), 9000), hp4};
  const auto plain = fixture.subscribe(client_a);
  const auto keyed = client.subscribe();
  const auto first = fixture.deliver(fixture.event_delivery(plain, 1));
  const auto second = fixture.deliver(fixture.event_delivery(keyed, 1));
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto before = fixture.server->state();
  const auto ack = [](const std::string& id) {
    auto message = make_message(Kind::ack, "a");
    message.add("Subscription", id).add("Number", "1-100");
    return serialize(message);
  };
  for (std::size_t i = 0; i < million; ++i) {
    // The right id from elsewhere, a guessed id from the right address, or a forged Mac.
    const auto kind = random() % 16;
    auto octets = ack(kind == 0 ? "s-" + random_token(130) : kind < 9 ? plain->id : keyed->id);
    if (kind == 15)
      octets = sign(octets, {"hp4", std::to_string(random()) + std::string(32, 'x')},
                    fixture.clock.now().wall);
    const bool at_home = kind == 0 || kind == 15;
    const auto from = at_home ? (random() % 2 == 0 ? client_a : client.address) : spoofed(random);
    const auto actions = fixture.server->on_datagram(octets, {from, 0}, fixture.clock.now());
    BOOST_REQUIRE(actions.empty());
  }
  BOOST_CHECK(!fixture.attempt(first).has_value());
  BOOST_CHECK(!fixture.attempt(second).has_value());
  BOOST_CHECK_EQUAL(fixture.counters["sense.acks.counted"].load(), 0U);
  BOOST_CHECK(fixture.server->state() == before);
}

BOOST_AUTO_TEST_CASE(replies_are_bounded_and_those_of_quiet_hosts_stay) {
  ReplyCache replies;
  VirtualClock clock;
  const auto now = [&] { return clock.now().mono; };
  const Endpoint quiet(boost::asio::ip::make_address("192.0.2.7"), 9000);
  replies.begin(quiet, "mine", "c", "", now());
  replies.finish(quiet, "mine", "reply");
  // One host with all its ports, each with a cookie of its own.
  const auto loud = boost::asio::ip::make_address("198.51.100.1");
  for (std::uint16_t port = 1; port <= 200; ++port)
    for (int i = 0; i < 300; ++i) {
      const Endpoint from(loud, port);
      replies.begin(from, "t" + std::to_string(i), "c", "", now());
      replies.finish(from, "t" + std::to_string(i), "x");
    }
  BOOST_CHECK_EQUAL(replies.size(), ReplyCache::all_max);
  BOOST_REQUIRE(replies.find(quiet, "mine", now()) != nullptr);
  BOOST_CHECK_EQUAL(*replies.find(quiet, "mine", now())->octets, "reply");
  BOOST_CHECK(replies.find(Endpoint(loud, 200), "t299", now()) != nullptr);
  BOOST_CHECK(replies.find(Endpoint(loud, 1), "t299", now()) == nullptr);
  // Of one address the oldest goes first.
  for (std::size_t i = 0; i < ReplyCache::per_address_max; ++i)
    replies.begin(quiet, "more" + std::to_string(i), "c", "", now());
  BOOST_CHECK(replies.find(quiet, "mine", now()) == nullptr);
  BOOST_CHECK(replies.find(quiet, "more0", now()) != nullptr);
  clock.advance(std::chrono::minutes{6});
  replies.expire(now());
  BOOST_CHECK_EQUAL(replies.size(), 0U);
  BOOST_CHECK_EQUAL(replies.octets(), 0U);
}

BOOST_AUTO_TEST_CASE(replies_are_bounded_in_octets_too) {
  ReplyCache replies;
  VirtualClock clock;
  const std::size_t size = 65'000;
  for (std::uint32_t host = 0; host < 1'000; ++host) {
    const Endpoint from(boost::asio::ip::address_v4(0x0b000000U + host), 9000);
    replies.begin(from, "t", "c", "", clock.now().mono);
    replies.finish(from, "t", std::string(size, 'x'));
    BOOST_REQUIRE(replies.octets() <= ReplyCache::octets_max);
    BOOST_CHECK(replies.find(from, "t", clock.now().mono) != nullptr);
  }
  BOOST_CHECK_EQUAL(replies.size(), ReplyCache::octets_max / size);
  // A reply that comes when its place is gone, or twice, changes nothing.
  const Endpoint gone(boost::asio::ip::address_v4(0x0b000000U), 9000);
  const auto before = replies.octets();
  replies.finish(gone, "t", "late");
  const Endpoint last(boost::asio::ip::address_v4(0x0b000000U + 999), 9000);
  replies.finish(last, "t", "again");
  BOOST_CHECK_EQUAL(replies.octets(), before);
}

BOOST_AUTO_TEST_CASE(pending_requests_are_shared_among_hosts) {
  Limits limits;
  limits.max_pending = 100;
  ServerFixture fixture(limits);
  const auto loud = boost::asio::ip::make_address("198.51.100.1");
  std::vector<std::pair<Endpoint, std::string>> cookies;
  for (std::uint16_t port = 1; port <= 90; ++port)
    cookies.emplace_back(Endpoint(loud, port), fixture.cookie(Endpoint(loud, port)));
  const Endpoint quiet(boost::asio::ip::make_address("192.0.2.7"), 9000);
  cookies.emplace_back(quiet, fixture.cookie(quiet));
  std::size_t refused = 0;
  for (const auto& [from, cookie] : cookies) {
    auto request = make_message(Kind::publish, "p");
    request.add("Type", "{a}b").add("Source", "//x").add("Cookie", cookie);
    const auto replies = fixture.tell(from, serialize(request), false);
    if (from == quiet) BOOST_CHECK(replies.empty());
    refused += replies.size();
  }
  BOOST_CHECK_EQUAL(refused, 90U - 25U);
  BOOST_CHECK_EQUAL(fixture.server->state().pending, 26U);
  BOOST_CHECK_EQUAL(fixture.server->state().pending_hosts, 2U);
  fixture.settle();
  BOOST_CHECK_EQUAL(fixture.server->state().pending, 0U);
  BOOST_CHECK_EQUAL(fixture.server->state().pending_hosts, 0U);
}

BOOST_AUTO_TEST_CASE(one_requester_has_a_quarter_of_the_verifications) {
  Limits limits;
  limits.max_pending = 100;
  ServerFixture fixture(limits);
  const auto start = [&](int i, const std::string& owner) {
    Subscription subscription;
    subscription.id = "s-" + std::to_string(i);
    subscription.owner = owner;
    subscription.callback = "sense://8.8.8." + std::to_string(i % 250) + ":9000";
    Actions actions;
    const auto ref = fixture.subscriptions.put(subscription);
    const auto outcome = fixture.server->verify(*ref, "t", fixture.clock.now(), actions).outcome;
    fixture.perform(std::move(actions));
    return outcome == Verification::Outcome::asked;
  };
  unsigned asked = 0;
  for (int i = 0; i < 60; ++i)
    asked += start(i, "sense://192.0.2.7:" + std::to_string(9000 + i)) ? 1 : 0;
  BOOST_CHECK_EQUAL(asked, 25U);
  BOOST_CHECK(start(100, "sense://192.0.2.8:9000"));
  BOOST_CHECK(start(101, "key:hp4"));
  BOOST_CHECK(start(102, "anonymous"));
  BOOST_CHECK_EQUAL(fixture.server->state().verifications, 28U);
  BOOST_CHECK(fixture.server->next_timer().has_value());
  // Asked anew it is still one.
  BOOST_CHECK(start(100, "sense://192.0.2.8:9000"));
  BOOST_CHECK_EQUAL(fixture.server->state().verifications, 28U);
  fixture.pass(std::chrono::minutes{1});
  BOOST_CHECK_EQUAL(fixture.server->state().verifications, 0U);
  BOOST_CHECK(!fixture.server->next_timer().has_value());
}

// Time for a hundred thousand verifications grows with their number, not with its square: the
// timers and shares are looked up, not counted.
BOOST_AUTO_TEST_CASE(many_verifications_cost_no_more_each_than_few) {
  Limits limits;
  limits.max_pending = 100'000;
  ServerFixture fixture(limits);
  Actions actions;
  for (unsigned i = 0; i < 100'000; ++i) {
    Subscription subscription;
    subscription.id = "s-" + std::to_string(i);
    subscription.owner = "owner" + std::to_string(i);
    subscription.callback = "sense://8." + std::to_string(i / 65'536) + "." +
                            std::to_string(i / 256 % 256) + "." + std::to_string(i % 256) + ":9000";
    BOOST_REQUIRE(
        (fixture.server->verify(subscription, "t", fixture.clock.now(), actions).outcome ==
         Verification::Outcome::asked));
    BOOST_REQUIRE(fixture.server->next_timer().has_value());
  }
  BOOST_CHECK_EQUAL(actions.size(), 100'000U);
  fixture.clock.advance(std::chrono::minutes{1});
  for (int i = 0; i < 3; ++i) {
    (void)fixture.server->on_timer(fixture.clock.now());
    fixture.clock.advance(std::chrono::minutes{1});
  }
  BOOST_CHECK_EQUAL(fixture.server->state().verifications, 0U);
}

BOOST_AUTO_TEST_SUITE_END()
