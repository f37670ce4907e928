// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "gateways/sense/model/peer_identity.hpp"
#include "tests/gateways/sense/keyed_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

Endpoint at(const std::string& address, std::uint16_t port = 9000) {
  return Endpoint(boost::asio::ip::make_address(address), port);
}

Extras with_rates() {
  Extras extras;
  extras.rates = true;
  return extras;
}

// How many of `tries`, evenly over `time`, are let through.
unsigned passed(RateSketch& sketch, VirtualClock& clock, const std::string& host, unsigned tries,
                Duration time, std::uint32_t rate, std::uint32_t burst) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i) {
    clock.advance(time / tries);
    count += sketch.take(host, rate, burst, clock.now().mono) ? 1 : 0;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_rate_tests)

BOOST_AUTO_TEST_CASE(bucket_gives_its_burst_at_once_and_its_rate_for_ever) {
  const auto secret = HashSecret::random();
  RateSketch sketch(secret);
  VirtualClock clock;
  unsigned burst = 0;
  while (sketch.take("a", 100, 50, clock.now().mono)) ++burst;
  BOOST_CHECK_EQUAL(burst, 50U);
  BOOST_CHECK_EQUAL(passed(sketch, clock, "a", 10'000, std::chrono::seconds{10}, 100, 50), 1'000U);
  clock.advance(std::chrono::hours{1});
  burst = 0;
  while (sketch.take("a", 100, 50, clock.now().mono)) ++burst;
  BOOST_CHECK_EQUAL(burst, 50U);
  // Slower than the rate, nothing is ever refused.
  BOOST_CHECK_GE(passed(sketch, clock, "b", 990, std::chrono::seconds{10}, 100, 1), 989U);
}

BOOST_AUTO_TEST_CASE(two_tables_do_not_give_twice_the_rate) {
  // One address out of step in its two buckets: the second of them belongs to a neighbour, too.
  VirtualClock clock;
  unsigned most = 0;
  for (int run = 0; run < 20; ++run) {
    const auto secret = HashSecret::random();
    RateSketch sketch(secret);
    // So many neighbours that nearly every bucket is half used.
    for (unsigned i = 0; i < 2 * RateSketch::width; ++i)
      (void)sketch.take("neighbour " + std::to_string(i), 10, 2, clock.now().mono);
    most = std::max(most, passed(sketch, clock, "a", 2'000, std::chrono::seconds{10}, 10, 2));
  }
  BOOST_CHECK_LE(most, 103U);
}

BOOST_AUTO_TEST_CASE(a_million_addresses_leave_room_for_one_more) {
  const auto secret = HashSecret::random();
  RateSketch sketch(secret);
  VirtualClock clock;
  std::uint64_t flood = 0;
  unsigned honest = 0;
  for (unsigned i = 0; i < 1'000'000; ++i) {
    // 200,000 datagrams a second, each from another address; an honest client now and then.
    if (i % 5 == 0) clock.advance(Duration{25});
    flood += sketch.take("spoofed " + std::to_string(i), 200, 400, clock.now().mono) ? 1 : 0;
    if (i % 10'000 == 0) honest += sketch.take("honest", 200, 400, clock.now().mono) ? 1 : 0;
  }
  BOOST_CHECK_EQUAL(honest, 100U);
  BOOST_CHECK_GT(flood, 900'000U);
}

BOOST_AUTO_TEST_CASE(a_thousand_loud_addresses_do_not_silence_the_others) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto secret = HashSecret::random();
  RateSketch sketch(secret);
  VirtualClock clock;
  unsigned refused = 0;
  for (unsigned i = 0; i < 400'000; ++i) {
    if (i % 4 == 0) clock.advance(Duration{10});
    (void)sketch.take("loud " + std::to_string(random() % 1'000), 10, 10, clock.now().mono);
    if (i % 200 == 0)
      refused += sketch.take("quiet " + std::to_string(i), 10, 10, clock.now().mono) ? 0 : 1;
  }
  // Both buckets of a quiet one would have to be those of loud ones: 1 in 268, at most.
  BOOST_CHECK_LE(refused, 40U);
}

BOOST_AUTO_TEST_CASE(host_has_one_share_whatever_its_ports) {
  BOOST_CHECK_EQUAL(host_identity(at("192.0.2.7", 1)), host_identity(at("192.0.2.7", 2)));
  BOOST_CHECK_NE(host_identity(at("192.0.2.7")), host_identity(at("192.0.2.8")));
  BOOST_CHECK_EQUAL(host_identity(at("2001:db8:0:1::1")),
                    host_identity(at("2001:db8:0:1:ffff::2", 7)));
  BOOST_CHECK_NE(host_identity(at("2001:db8:0:1::1")), host_identity(at("2001:db8:0:2::1")));
  BOOST_CHECK_NE(host_identity(at("127.0.0.1", 1)), host_identity(at("127.0.0.1", 2)));
  BOOST_CHECK_NE(host_identity(at("::1", 1)), host_identity(at("::1", 2)));
  // By its network and node, wherever it is; each kind for itself.
  BOOST_CHECK_EQUAL(host_identity(Endpoint::at_ipx(42, 7, 1)),
                    host_identity(Endpoint::at_ipx(42, 7, 2)));
  BOOST_CHECK_NE(host_identity(Endpoint::at_ipx(42, 7, 1)),
                 host_identity(Endpoint::at_ipx(43, 7, 1)));
  BOOST_CHECK_EQUAL(host_identity(Endpoint::at_ddp(12, 34, 129)),
                    host_identity(Endpoint::at_ddp(12, 34, 130)));
  BOOST_CHECK_NE(host_identity(Endpoint::at_ddp(12, 34, 129)),
                 host_identity(Endpoint::at_ddp(12, 35, 129)));
  BOOST_CHECK_NE(host_identity(at("192.0.2.7")), host_identity(Endpoint::at_path("/\xc0")));
  // A path is a program on this machine.
  const auto path = Endpoint::at_path("/run/a.sock");
  BOOST_CHECK_NE(host_identity(path), host_identity(Endpoint::at_path("/run/b.sock")));
  BOOST_CHECK(is_local_machine(path));
  BOOST_CHECK(is_local_machine(Endpoint::at_ipx(42, 0x7f000001, 1)));
  BOOST_CHECK(!is_local_machine(Endpoint::at_ipx(42, 0x1007f000001, 1)));
  BOOST_CHECK(!is_local_machine(Endpoint::at_ddp(12, 34, 129)));
  BOOST_CHECK(is_local_machine(at("127.9.9.9")));
  BOOST_CHECK(!is_local_machine(at("128.0.0.1")));
}

BOOST_AUTO_TEST_CASE(host_that_asks_too_often_is_refused_and_then_met_with_silence) {
  Limits limits;
  limits.rate = 20;
  limits.burst = 30;
  ServerFixture fixture(limits, {}, with_rates());
  const auto cookie = fixture.cookie(at("192.0.2.7"));
  unsigned served = 0;
  unsigned refused = 0;
  unsigned silent = 0;
  const auto ask = [&](const Endpoint& from, unsigned i) {
    auto request = make_message(Kind::sources, "q" + std::to_string(i));
    request.add("Cookie", from.port() == 9000 ? cookie : fixture.cookie(from));
    const auto replies = fixture.tell(from, serialize(request));
    if (replies.empty())
      ++silent;
    else
      ++(parse(replies[0])->code == Code::noerror ? served : refused);
  };
  for (unsigned i = 0; i < 100; ++i) ask(at("192.0.2.7"), i);
  BOOST_CHECK_EQUAL(served, 30U);
  BOOST_CHECK_EQUAL(refused, RateLimits::refusals_per_host);
  BOOST_CHECK_EQUAL(silent, 60U);
  BOOST_CHECK_EQUAL(fixture.counters["sense.requests.too-many"].load(), 70U);
  ask(at("192.0.2.7", 9001), 200);  // another port of the same host
  BOOST_CHECK_EQUAL(served, 30U);
  ask(at("192.0.2.8", 9002), 201);
  BOOST_CHECK_EQUAL(served, 31U);
  fixture.pass(std::chrono::seconds{1});
  for (unsigned i = 300; i < 330; ++i) ask(at("192.0.2.7"), i);
  BOOST_CHECK_EQUAL(served, 51U);
}

BOOST_AUTO_TEST_CASE(refused_request_is_not_carried_out_and_may_be_repeated) {
  Limits limits;
  limits.rate = 1;
  limits.burst = 1;
  ServerFixture fixture(limits, {}, with_rates());
  const auto from = at("192.0.2.7");
  auto first = make_message(Kind::publish, "p1");
  first.add("Type", "{a}b").add("Source", "//x").add("Cookie", fixture.cookie(from));
  auto second = first;
  second.tag = "p2";
  BOOST_CHECK(fixture.ask(from, first).code == Code::noerror);
  BOOST_CHECK(fixture.ask(from, second).code == Code::nomoreroom);
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 1U);
  fixture.pass(std::chrono::seconds{2});
  BOOST_CHECK(fixture.ask(from, second).code == Code::noerror);
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 2U);
}

BOOST_AUTO_TEST_CASE(acknowledgements_are_not_counted) {
  Limits limits;
  limits.rate = 1;
  limits.burst = 1;
  ServerFixture fixture(limits, {}, with_rates());
  const auto from = at("10.1.2.3");
  const auto subscription = fixture.subscribe(from);
  for (int i = 0; i < 50; ++i)
    (void)fixture.ask(from, make_message(Kind::parameters, "x" + std::to_string(i)));
  for (std::uint64_t number = 1; number <= 500; ++number) {
    const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, number));
    fixture.ack(from, subscription->id, std::to_string(number));
    BOOST_REQUIRE(fixture.attempt(attempt_id).has_value());
  }
}

BOOST_AUTO_TEST_CASE(this_machine_is_limited_only_where_its_listener_says_so) {
  Limits limits;
  limits.rate = 1;
  limits.burst = 1;
  auto extras = with_rates();
  for (const bool own : {false, true}) {
    if (own) {
      extras.policies.resize(1);
      extras.policies[0].rate = 5;
    }
    ServerFixture fixture(limits, {}, extras);
    const auto local = at("127.0.0.1");
    const auto cookie = fixture.cookie(local);
    unsigned served = 0;
    for (unsigned i = 0; i < 100; ++i) {
      auto request = make_message(Kind::sources, "q" + std::to_string(i));
      request.add("Cookie", cookie);
      const auto replies = fixture.tell(local, serialize(request));
      served += !replies.empty() && parse(replies[0])->code == Code::noerror ? 1 : 0;
    }
    BOOST_CHECK_EQUAL(served, (own ? 5U : 100U));
  }
}

BOOST_AUTO_TEST_CASE(every_kind_of_address_is_limited_and_paths_only_where_it_is_said) {
  Limits limits;
  limits.rate = 1;
  limits.burst = 3;
  for (const bool own : {false, true}) {
    auto extras = with_rates();
    extras.policies.resize(5);
    if (own)
      for (auto& policy : extras.policies) policy.rate = 5;
    ServerFixture fixture(limits, {}, extras);
    for (const auto& from :
         {at("192.0.2.7"), at("2001:db8::1"), Endpoint::at_path("/run/client.sock"),
          Endpoint::at_ipx(42, 0x08080808, 0x4001), Endpoint::at_ddp(12, 34, 129)}) {
      const auto cookie = fixture.cookie(from);
      unsigned served = 0;
      for (unsigned i = 0; i < 50; ++i) {
        auto request = make_message(Kind::sources, "q" + std::to_string(i));
        request.add("Cookie", cookie);
        const auto replies = fixture.tell(from, serialize(request));
        served += !replies.empty() && parse(replies[0])->code == Code::noerror ? 1 : 0;
      }
      const bool path = from.kind() == TransportKind::unix_path;
      BOOST_CHECK_MESSAGE(served == (own ? 5U : path ? 50U : 3U), to_uri(from));
    }
  }
}

BOOST_AUTO_TEST_CASE(unproved_addresses_together_are_answered_at_a_bounded_rate) {
  Limits limits;
  limits.unproved_rate = 100;
  ServerFixture fixture(limits, {}, with_rates());
  unsigned answered = 0;
  const auto flood = [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const Endpoint from(boost::asio::ip::address_v4(0x0a000000U + i * 257), 9000);
      answered += fixture.tell(from, "SENSE/1 SOURCES a\n\n").empty() ? 0 : 1;
    }
  };
  flood(1'000);
  BOOST_CHECK_EQUAL(answered, 100U);
  fixture.pass(std::chrono::seconds{10});
  flood(1'000);
  BOOST_CHECK_EQUAL(answered, 200U);
  BOOST_CHECK_EQUAL(fixture.counters["sense.answers.too-many"].load(), 1'800U);
}

// A client that returned a cookie within the last hour does not compete with the flood for a new
// one.
BOOST_AUTO_TEST_CASE(flood_does_not_keep_clients_from_new_cookies) {
  Limits limits;
  limits.unproved_rate = 100;
  ServerFixture fixture(limits, {}, with_rates());
  const auto client = at("192.0.2.7");
  auto request = make_message(Kind::sources, "q1");
  request.add("Cookie", fixture.cookie(client));
  fixture.pass(std::chrono::minutes{40});
  while (!fixture.tell(at("198.51.100.1"), "SENSE/1 SOURCES a\n\n").empty()) {
  }
  BOOST_CHECK(fixture.tell(at("198.51.100.2"), "SENSE/1 SOURCES a\n\n").empty());
  const auto reply = fixture.ask(client, request);  // its cookie is too old to be a proof
  BOOST_CHECK(reply.has("Cookie"));
  BOOST_CHECK_EQUAL(reply.data, "");
  // A cookie of another address, or of too long ago, is worthless.
  BOOST_CHECK(fixture.tell(at("192.0.2.7", 9001), serialize(request)).empty());
  fixture.pass(std::chrono::minutes{30});
  while (!fixture.tell(at("198.51.100.1"), "SENSE/1 SOURCES a\n\n").empty()) {
  }
  BOOST_CHECK(fixture.tell(client, serialize(request)).empty());
}

BOOST_AUTO_TEST_CASE(one_address_that_others_pretend_to_have_gets_a_bounded_number_of_answers) {
  ServerFixture fixture({}, {}, with_rates());
  const auto victim = at("192.0.2.7");
  unsigned answered = 0;
  for (unsigned i = 0; i < 10'000; ++i) {
    fixture.clock.advance(std::chrono::milliseconds{1});
    answered += fixture.tell(victim, "SENSE/1 SOURCES a\n\n").empty() ? 0 : 1;
  }
  BOOST_CHECK_GE(answered, 2'000U);
  BOOST_CHECK_LE(answered, 12 * RateLimits::unproved_per_host);
  // Its own requests are counted apart.
  auto request = make_message(Kind::sources, "q1");
  request.add("Cookie", fixture.cookie(at("192.0.2.8")));
  BOOST_CHECK(fixture.ask(at("192.0.2.8"), request).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(pretending_to_be_a_client_does_not_use_up_its_requests) {
  Limits limits;
  limits.rate = 10;
  limits.burst = 10;
  ServerFixture fixture(limits, {}, with_rates());
  const auto client = at("192.0.2.7");
  const auto cookie = fixture.cookie(client);
  for (unsigned i = 0; i < 1'000; ++i) (void)fixture.tell(client, "SENSE/1 SOURCES a\n\n");
  auto request = make_message(Kind::sources, "q1");
  request.add("Cookie", cookie);
  BOOST_CHECK(fixture.ask(client, request).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(rates_are_among_the_parameters) {
  Limits limits;
  limits.rate = 20;
  ServerFixture fixture(limits, {}, with_rates());
  auto request = make_message(Kind::parameters, "q");
  request.add("Cookie", fixture.cookie(at("192.0.2.7")));
  const auto data = fixture.ask(at("192.0.2.7"), request).data;
  for (const auto* line :
       {"rate: 20\n", "burst: 2000\n", "unproved-rate: 5000\n", "key-window: 60\n"})
    BOOST_CHECK_MESSAGE(data.find(line) != std::string::npos, line);
}

BOOST_AUTO_TEST_SUITE_END()
