// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/keyed_client.hpp"

// The Time of keyed messages, their replay, and steps of the wall clock.
using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

std::uint64_t count(ServerFixture& fixture, const char* name) {
  return fixture.counters[name].load();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_replay_tests)

BOOST_AUTO_TEST_CASE(time_may_be_a_window_away_and_no_more) {
  Keyed k;
  for (const auto& [ahead, good] :
       std::vector<std::pair<Duration, bool>>{{std::chrono::seconds{60}, true},
                                              {-std::chrono::seconds{60}, true},
                                              {std::chrono::milliseconds{60'001}, false},
                                              {-std::chrono::milliseconds{60'001}, false},
                                              {std::chrono::hours{24 * 3650}, false}}) {
    const auto reply = k.client.ask(k.client.request(Kind::register_), ahead);
    BOOST_CHECK(reply.code == (good ? Code::noerror : Code::noaccess));
    if (good) continue;
    // Signed, so that the client can set its clock by it.
    const auto server_time = to_rfc3339(k.fixture.clock.now().wall);
    BOOST_CHECK_EQUAL(reply.text("Time"), server_time);
    BOOST_CHECK_NE(reply.text("Reason").find(server_time), std::string::npos);
    BOOST_CHECK(!reply.has("Cookie"));
  }
  BOOST_CHECK_EQUAL(k.fixture.subscriptions.requests.size(), 2U);
}

BOOST_AUTO_TEST_CASE(window_is_a_parameter) {
  Limits limits;
  limits.key_window = std::chrono::seconds{5};
  ServerFixture fixture(limits, {}, with_keys());
  KeyedClient client{fixture, home, hp4};
  BOOST_CHECK(
      (client.ask(client.request(Kind::sources), std::chrono::seconds{6}).code == Code::noaccess));
  BOOST_CHECK(
      (client.ask(client.request(Kind::sources), std::chrono::seconds{5}).code == Code::noerror));
  BOOST_CHECK_NE(client.ask(client.request(Kind::parameters)).data.find("key-window: 5\n"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(replayed_message_is_never_carried_out_again) {
  Keyed k;
  auto publish = k.client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x");
  const auto octets = k.client.octets(publish);
  BOOST_CHECK(k.client.tell(octets)->code == Code::noerror);
  // From elsewhere it is worth a cookie for that place, which the Mac then does not cover.
  const auto replayed = k.fixture.tell(abroad, octets);
  BOOST_REQUIRE_EQUAL(replayed.size(), 1U);
  BOOST_CHECK(parse(replayed[0])->has("Cookie"));
  // From the same address, once its reply has been pushed out.
  for (std::size_t i = 0; i <= ReplyCache::per_address_max; ++i)
    BOOST_CHECK(k.client.ask(k.client.request(Kind::sources)).code == Code::noerror);
  const auto refused = k.client.tell(octets);
  BOOST_CHECK(refused->code == Code::noaccess);
  BOOST_CHECK_EQUAL(refused->text("Reason"), "this message came before; sign it anew");
  BOOST_CHECK_EQUAL(count(k.fixture, "sense.keys.refused"), 1U);
  BOOST_CHECK_EQUAL(k.fixture.publisher.calls, 1U);
  // After the window it is too old, after a restart its cookie is worth nothing.
  k.fixture.pass(std::chrono::seconds{61});
  BOOST_CHECK(k.client.tell(octets)->code == Code::noaccess);
  k.fixture.restart();
  BOOST_CHECK(k.client.tell(octets)->code == Code::noaccess);
  BOOST_CHECK_EQUAL(k.fixture.publisher.calls, 1U);
}

BOOST_AUTO_TEST_CASE(wall_clock_that_jumps_back_makes_no_replay_good) {
  Keyed k;
  auto publish = k.client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x");
  const auto octets = k.client.octets(publish);
  (void)k.client.tell(octets);
  for (std::size_t i = 0; i <= ReplyCache::per_address_max; ++i)
    (void)k.client.ask(k.client.request(Kind::sources));
  k.fixture.pass(std::chrono::minutes{4});
  (void)k.client.ask(k.client.request(Kind::sources));
  k.fixture.clock.jump_wall(-std::chrono::minutes{4});
  BOOST_CHECK(k.client.tell(octets)->code == Code::noaccess);
  BOOST_CHECK_EQUAL(k.fixture.publisher.calls, 1U);
}

BOOST_AUTO_TEST_CASE(memory_of_replays_is_bounded_and_what_left_it_is_refused) {
  VirtualClock clock;
  Keys keys({hp4, press}, std::chrono::seconds{60});
  const auto verdict = [&](const SharedKey& key, unsigned number) {
    const auto octets =
        sign(serialize(make_message(Kind::sources, std::to_string(number))), key, clock.now().wall);
    return keys.check(*parse(octets), octets, clock.now().wall);
  };
  const auto other = verdict(press, 0);
  BOOST_CHECK(keys.admit(other, clock.now()).has_value());
  std::vector<Keys::Verdict> all;
  for (unsigned i = 0; i < Keys::seen_per_key_max + 500; ++i) {
    clock.advance(std::chrono::milliseconds{1});
    all.push_back(verdict(hp4, i));
    BOOST_CHECK_EQUAL(all.back().key, "hp4");
    BOOST_CHECK(!all.back().refusal.has_value());
    BOOST_REQUIRE(keys.admit(all.back(), clock.now()).has_value());
  }
  BOOST_CHECK_EQUAL(keys.seen(), Keys::seen_per_key_max + 1);
  for (const auto& one : all) BOOST_REQUIRE(!keys.admit(one, clock.now()).has_value());
  BOOST_CHECK(!keys.admit(other, clock.now()).has_value());
  // Two messages of the same instant are two.
  BOOST_CHECK(keys.admit(verdict(hp4, 90'001), clock.now()).has_value());
  BOOST_CHECK(keys.admit(verdict(hp4, 90'002), clock.now()).has_value());
  // Nothing is kept for longer than a cookie lives.
  clock.advance(std::chrono::minutes{11});
  BOOST_CHECK(keys.admit(verdict(hp4, 90'003), clock.now()).has_value());
  BOOST_CHECK_EQUAL(keys.seen(), 2U);
}

BOOST_AUTO_TEST_CASE(device_with_a_clock_ahead_does_not_shut_out_another_with_the_same_key) {
  VirtualClock clock;
  Keys keys({hp4}, std::chrono::seconds{60});
  const auto verdict = [&](unsigned number, Duration ahead) {
    const auto octets = sign(serialize(make_message(Kind::sources, std::to_string(number))), hp4,
                             clock.now().wall + ahead);
    return keys.check(*parse(octets), octets, clock.now().wall);
  };
  std::vector<Keys::Verdict> carried_out;
  unsigned refused = 0;
  for (unsigned i = 0; i < 3 * Keys::seen_per_key_max; ++i) {
    clock.advance(std::chrono::milliseconds{1});
    const auto early = verdict(i, std::chrono::seconds{50});
    if (keys.admit(early, clock.now()))
      carried_out.push_back(early);
    else
      ++refused;
    if (i % 100 != 0) continue;
    const auto honest = verdict(1'000'000 + i, Duration{0});
    BOOST_REQUIRE(keys.admit(honest, clock.now()).has_value());
    carried_out.push_back(honest);
  }
  BOOST_CHECK_GT(refused, 0U);
  BOOST_CHECK_GT(carried_out.size(), Keys::seen_per_key_max);
  BOOST_CHECK_LE(keys.seen(), Keys::seen_per_key_max);
  for (const auto& one : carried_out) BOOST_REQUIRE(!keys.admit(one, clock.now()).has_value());
  // In time its messages are not ahead any more.
  clock.advance(std::chrono::seconds{55});
  BOOST_CHECK(keys.admit(verdict(2'000'000, std::chrono::seconds{50}), clock.now()).has_value());
}

BOOST_AUTO_TEST_CASE(many_keys_share_the_memory) {
  std::vector<SharedKey> many;
  for (unsigned i = 0; i < shared_keys_max; ++i)
    many.push_back({"k" + std::to_string(i), hp4.secret});
  Keys keys(many, std::chrono::seconds{60});
  VirtualClock clock;
  for (unsigned i = 0; i < 1'000; ++i) {
    clock.advance(std::chrono::milliseconds{1});
    const auto octets =
        sign(serialize(make_message(Kind::sources, "t")), many[3], clock.now().wall);
    (void)keys.admit(keys.check(*parse(octets), octets, clock.now().wall), clock.now());
  }
  BOOST_CHECK_EQUAL(keys.seen(), Keys::seen_max / shared_keys_max);
}

BOOST_AUTO_TEST_CASE(keys_that_stay_remember_what_they_have_seen) {
  Keyed k;
  auto publish = k.client.request(Kind::publish);
  publish.add("Type", "{a}b").add("Source", "//x");
  const auto octets = k.client.octets(publish);
  (void)k.client.tell(octets);
  for (std::size_t i = 0; i <= ReplyCache::per_address_max; ++i)
    (void)k.client.ask(k.client.request(Kind::sources));
  k.fixture.server->set_keys({hp4});
  BOOST_CHECK(k.client.tell(octets)->code == Code::noaccess);
  BOOST_CHECK_EQUAL(k.fixture.publisher.calls, 1U);
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_ahead_shuts_a_busy_key_out_no_longer_than_a_cookie_lives) {
  VirtualClock clock;
  Keys keys({hp4}, std::chrono::seconds{60});
  unsigned number = 0;
  const auto verdict = [&] {
    clock.advance(std::chrono::milliseconds{1});
    const auto message = make_message(Kind::sources, std::to_string(++number));
    const auto octets = sign(serialize(message), hp4, clock.now().wall);
    return keys.check(*parse(octets), octets, clock.now().wall);
  };
  clock.jump_wall(std::chrono::hours{24});
  auto first = verdict();
  BOOST_REQUIRE(keys.admit(first, clock.now()).has_value());
  for (std::size_t i = 0; i < Keys::seen_per_key_max + 10; ++i)
    BOOST_REQUIRE(keys.admit(verdict(), clock.now()).has_value());
  clock.jump_wall(-std::chrono::hours{24});
  clock.advance(std::chrono::minutes{9});
  BOOST_CHECK(!keys.admit(first, clock.now()).has_value());
  clock.advance(std::chrono::minutes{2});
  for (unsigned i = 0; i < 3; ++i) BOOST_CHECK(keys.admit(verdict(), clock.now()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
