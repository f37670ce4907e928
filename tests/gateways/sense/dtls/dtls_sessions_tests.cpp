// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "tests/gateways/sense/dtls/dtls_pair.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

BOOST_AUTO_TEST_SUITE(dtls_sessions_tests)

BOOST_AUTO_TEST_CASE(client_with_a_shared_key_is_known_by_its_name) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  BOOST_CHECK_EQUAL(client.connection->suite(), "ECDHE-PSK-CHACHA20-POLY1305");
  client.say("SENSE/1 PARAMETERS p\n\n");
  client.say("second");
  BOOST_REQUIRE_EQUAL(world.received.size(), 2U);
  BOOST_CHECK_EQUAL(world.received[0].octets, "SENSE/1 PARAMETERS p\n\n");
  BOOST_CHECK_EQUAL(world.received[0].session->key, "hp4");
  BOOST_CHECK(world.received[1].from == client.address);
  BOOST_CHECK(client.hears("hp4", "reply"));
  BOOST_REQUIRE_EQUAL(client.received.size(), 1U);
  BOOST_CHECK_EQUAL(client.received[0], "reply");
  BOOST_CHECK_EQUAL(world.server.sessions(), 1U);
  BOOST_CHECK_EQUAL(world.count("opened"), 1U);
}

BOOST_AUTO_TEST_CASE(wrong_secret_and_unknown_name_open_nothing_and_look_the_same) {
  DtlsWorld world;
  std::vector<std::pair<std::size_t, std::size_t>> seen;
  std::uint16_t port = 9000;
  for (const auto& key : {SharedKey{"hp4", press_key.secret}, SharedKey{"hp5", hp4_key.secret}}) {
    DtlsPeer client(world, dtls_peer(port++), key);
    BOOST_CHECK(!client.connect());
    client.wait(15);
    BOOST_CHECK(!client.is_open());
    seen.emplace_back(client.octets_out, client.octets_in);
  }
  BOOST_CHECK(seen[0] == seen[1]);
  BOOST_CHECK_EQUAL(world.server.sessions(), 0U);
  BOOST_CHECK_EQUAL(world.count("opened"), 0U);
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
  BOOST_CHECK(world.received.empty());
}

BOOST_AUTO_TEST_CASE(address_without_cookie_takes_no_memory_and_gets_less_than_it_sent) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  client.connection->start();
  const auto hello = client.connection->take_outgoing();
  BOOST_REQUIRE_EQUAL(hello.size(), 1U);
  for (std::uint16_t port = 1; port < 200; ++port) {
    const auto answers = world.tell(dtls_peer(port), hello[0]);
    BOOST_REQUIRE_EQUAL(answers.size(), 1U);
    BOOST_CHECK_LE(answers[0].size(), 3 * hello[0].size());
    BOOST_CHECK_LE(answers[0].size(), hello[0].size());
  }
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
  BOOST_CHECK(!world.server.next_timer());
}

BOOST_AUTO_TEST_CASE(cookie_counts_for_its_address_alone_and_not_for_long) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  client.connection->start();
  client.hear(world.tell(client.address, client.connection->take_outgoing().at(0)));
  const auto with_cookie = client.connection->take_outgoing().at(0);
  for (const auto& other : {dtls_peer(9001), dtls_peer(9000, "192.0.2.8")}) {
    const auto answers = world.tell(other, with_cookie);
    BOOST_REQUIRE_EQUAL(answers.size(), 1U);
    BOOST_CHECK_LE(answers[0].size(), with_cookie.size());
  }
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
  world.advance(std::chrono::minutes{11});
  BOOST_CHECK_EQUAL(world.tell(client.address, with_cookie).size(), 1U);
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
}

BOOST_AUTO_TEST_CASE(lost_datagrams_of_a_handshake_are_sent_again) {
  // Each datagram of the handshake is lost once, in turn, in either direction.
  for (int lost = 0; lost < 6; ++lost) {
    DtlsWorld world;
    DtlsPeer client(world, dtls_peer(9000));
    int counted = 0;
    client.loses = [&](bool) { return counted++ == lost; };
    client.connect();
    client.wait(9);
    BOOST_CHECK_MESSAGE(client.is_open(), "lost: " << lost);
    client.say("hello");
    BOOST_REQUIRE_EQUAL(world.received.size(), 1U);
  }
}

BOOST_AUTO_TEST_CASE(server_repeats_its_own_flight_and_gives_up_at_the_deadline) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  client.connection->start();
  client.hear(world.tell(client.address, client.connection->take_outgoing().at(0)));
  const auto with_cookie = client.connection->take_outgoing().at(0);
  const auto flight = world.tell(client.address, with_cookie);
  BOOST_REQUIRE(!flight.empty());
  std::size_t repeats = 0;
  for (int second = 0; second < 9; ++second) {
    world.advance(std::chrono::seconds{1});
    DtlsOutput out;
    world.server.on_timer(world.now(), out);
    repeats += out.send.size();
  }
  BOOST_CHECK_GE(repeats, 2 * flight.size());
  BOOST_CHECK_EQUAL(world.server.places(), 1U);
  world.advance(std::chrono::seconds{2});
  DtlsOutput out;
  world.server.on_timer(world.now(), out);
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
  BOOST_CHECK_EQUAL(world.count("expired"), 1U);
  BOOST_CHECK(!world.server.next_timer());
}

BOOST_AUTO_TEST_CASE(truncated_and_altered_records_change_nothing) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  BOOST_REQUIRE(client.connection->send("an event"));
  const auto record = client.connection->take_outgoing().at(0);
  for (std::size_t size = 0; size < record.size(); ++size)
    (void)world.tell(client.address, record.substr(0, size));
  for (std::size_t at = 0; at < record.size(); ++at) {
    auto altered = record;
    altered[at] = static_cast<char>(altered[at] ^ 0x40);
    (void)world.tell(client.address, altered);
  }
  BOOST_CHECK(world.received.empty());
  (void)world.tell(client.address, record);
  BOOST_REQUIRE_EQUAL(world.received.size(), 1U);
  (void)world.tell(client.address, record);  // replayed
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
  BOOST_CHECK_EQUAL(world.server.sessions(), 1U);
}

// OpenSSL 3.0 ends a connection for a record that is too short to be authenticated.
BOOST_AUTO_TEST_CASE(record_without_room_for_its_authentication_changes_nothing) {
  using namespace std::string_literals;
  for (const auto& suite : {"ECDHE-PSK-CHACHA20-POLY1305"s, "PSK-AES128-GCM-SHA256"s,
                            "PSK-AES256-GCM-SHA384"s, "PSK-AES128-CCM"s}) {
    DtlsWorld world;
    DtlsPeer client(world, dtls_peer(9000), hp4_key, {}, suite);
    BOOST_REQUIRE(client.connect());
    BOOST_CHECK_EQUAL(client.connection->suite(), suite);
    for (const char content : {'\x14', '\x15', '\x16', '\x17'})
      for (char size = 0; size < 40; ++size) {
        auto record = content + "\xfe\xfd\0\1\0\0\0\1\0\0\0"s + size;
        record.append(static_cast<std::size_t>(size), 'x');
        (void)world.tell(client.address, record);
        client.connection->receive(record);
        BOOST_REQUIRE(client.is_open());
      }
    client.say("still here");
    BOOST_CHECK_EQUAL(world.received.size(), 1U);
  }
}

// OpenSSL 3.0 looks for a record inside of one whose header it does not like.
BOOST_AUTO_TEST_CASE(record_inside_of_a_bad_one_changes_nothing) {
  using namespace std::string_literals;
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  const auto too_short = "\x17\xfe\xfd\0\1\0\0\0\0\0\x63\0\7xxxxxxx"s;
  for (const auto& header :
       {"\x17\xfe\xff\0\1\0\0\0\0\0\x62\0\x14"s, "\x17\xfe\xff\0\0\0\0\0\0\0\x62\0\x14"s,
        "\x17\xfe\x00\0\1\0\0\0\0\0\x62\0\x14"s, "\x17\x03\x03\0\1\0\0\0\0\0\x62\0\x14"s,
        "\x17\xfe\xfd\0\1\0\0\0\0\0\x62\xff\xff"s, "\x19\xfe\xfd\0\1\0\0\0\0\0\x62\0\x14"s,
        "\x17\xfe\xfd\0\7\0\0\0\0\0\x62\0\0"s, "\x17\xfe\xfd\0\1\0\0\0\0\0\x62\0\1"s}) {
    (void)world.tell(client.address, header + too_short);
    client.connection->receive(header + too_short);
    BOOST_REQUIRE(client.is_open());
  }
  client.say("still here");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
}

BOOST_AUTO_TEST_CASE(alert_in_the_clear_does_not_end_a_session) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  for (const char level : {'\1', '\2'})
    for (const char what : {'\0', '\50'}) {
      using namespace std::string_literals;
      const auto alert = "\x15\xfe\xfd\0\0\0\0\0\0\0\x63\0\2"s + level + what;
      (void)world.tell(client.address, alert);
    }
  client.say("still here");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
}

BOOST_AUTO_TEST_CASE(forged_or_repeated_hello_does_not_end_a_session) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  client.connection->start();
  const auto first = client.connection->take_outgoing().at(0);
  client.hear(world.tell(client.address, first));
  const auto with_cookie = client.connection->take_outgoing().at(0);
  client.hear(world.tell(client.address, with_cookie));
  client.exchange();
  BOOST_REQUIRE(client.is_open());
  (void)world.tell(client.address, first);
  (void)world.tell(client.address, with_cookie);
  auto stale = with_cookie;
  stale[40] = static_cast<char>(stale[40] ^ 1);  // another client random, with a valid cookie
  BOOST_CHECK(!world.tell(client.address, stale).empty());
  BOOST_CHECK_EQUAL(world.server.places(), 2U);
  client.say("still here");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
}

BOOST_AUTO_TEST_CASE(client_that_starts_again_at_its_address_replaces_its_session) {
  DtlsWorld world;
  DtlsPeer before(world, dtls_peer(9000));
  BOOST_REQUIRE(before.connect());
  DtlsPeer after(world, dtls_peer(9000), press_key);
  BOOST_REQUIRE(after.connect());
  BOOST_CHECK_EQUAL(world.server.sessions(), 1U);
  BOOST_CHECK_EQUAL(world.server.places(), 1U);
  after.say("hello");
  BOOST_REQUIRE_EQUAL(world.received.size(), 1U);
  BOOST_CHECK_EQUAL(world.received[0].session->key, "press");
}

BOOST_AUTO_TEST_CASE(datagram_for_one_key_never_leaves_in_the_session_of_another) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000), press_key);
  BOOST_REQUIRE(client.connect());
  BOOST_CHECK(!client.hears("hp4", "for hp4 alone"));
  BOOST_CHECK(!client.hears("", "for a client without key"));
  BOOST_CHECK(client.received.empty());
  BOOST_CHECK_EQUAL(world.count("unsent"), 2U);
  BOOST_CHECK(client.hears("press", "for press"));
}

BOOST_AUTO_TEST_CASE(places_are_bounded_in_all_and_for_a_host) {
  DtlsWorld world;
  world.limits.dtls_sessions = 6;
  world.limits.dtls_sessions_per_host = 4;
  std::vector<std::unique_ptr<DtlsPeer>> peers;
  const auto connects = [&](const Endpoint& from) {
    peers.push_back(std::make_unique<DtlsPeer>(world, from));
    return peers.back()->connect();
  };
  for (std::uint16_t port = 1; port <= 4; ++port) BOOST_CHECK(connects(dtls_peer(port)));
  BOOST_CHECK(!connects(dtls_peer(5)));
  BOOST_CHECK_EQUAL(world.count("refused"), 1U);
  BOOST_CHECK(connects(dtls_peer(1, "192.0.2.8")));
  BOOST_CHECK(connects(dtls_peer(1, "192.0.2.9")));
  BOOST_CHECK(!connects(dtls_peer(1, "192.0.2.10")));
  BOOST_CHECK_EQUAL(world.count("refused"), 2U);
  peers[0]->say("served as before");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
  peers[0]->connection->close();
  peers[0]->exchange();
  BOOST_CHECK_EQUAL(world.server.sessions(), 5U);
  BOOST_CHECK_EQUAL(world.count("closed"), 1U);
  BOOST_CHECK(connects(dtls_peer(5)));
}

BOOST_AUTO_TEST_CASE(failed_handshakes_keep_their_places_until_the_deadline) {
  DtlsWorld world;
  world.limits.dtls_sessions_per_host = 3;
  // Each hello has a random of its own, and takes the place of the one before.
  for (int i = 0; i < 10; ++i) {
    DtlsPeer client(world, dtls_peer(9000), SharedKey{"hp4", press_key.secret});
    (void)client.connect();
  }
  BOOST_CHECK_EQUAL(world.server.places(), 3U);
  BOOST_CHECK_GE(world.count("refused"), 6U);
  world.advance(std::chrono::seconds{11});
  DtlsOutput out;
  world.server.on_timer(world.now(), out);
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_CHECK(client.connect());
}

BOOST_AUTO_TEST_CASE(idle_session_ends_and_says_so) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  world.advance(std::chrono::minutes{40});
  client.say("busy");
  DtlsOutput early;
  world.advance(std::chrono::minutes{40});
  world.server.on_timer(world.now(), early);
  BOOST_CHECK_EQUAL(world.server.sessions(), 1U);
  // What the server sends proves nothing about the client.
  BOOST_CHECK(client.hears("hp4", "event"));
  world.advance(std::chrono::minutes{21});
  DtlsOutput out;
  world.server.on_timer(world.now(), out);
  BOOST_CHECK_EQUAL(world.server.sessions(), 0U);
  BOOST_CHECK_EQUAL(world.count("idle"), 1U);
  client.hear(world.take(client.address, out));
  BOOST_CHECK(client.connection->state() == DtlsConnection::State::closed);
  BOOST_CHECK_EQUAL(client.connection->problem(), "");
  BOOST_CHECK(!world.server.next_timer());
}

BOOST_AUTO_TEST_CASE(sessions_of_a_removed_or_changed_key_end) {
  DtlsWorld world;
  DtlsPeer hp4(world, dtls_peer(9000));
  DtlsPeer press(world, dtls_peer(9001), press_key);
  BOOST_REQUIRE(hp4.connect() && press.connect());
  DtlsOutput out;
  world.server.set_keys({{"hp4", press_key.secret}, press_key}, out);
  hp4.hear(world.take(hp4.address, out));
  BOOST_CHECK(!hp4.is_open());
  BOOST_CHECK_EQUAL(world.server.sessions(), 1U);
  press.say("still here");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
  DtlsPeer again(world, dtls_peer(9002), SharedKey{"hp4", press_key.secret});
  BOOST_CHECK(again.connect());
}

BOOST_AUTO_TEST_CASE(end_of_the_server_ends_all_sessions) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  DtlsOutput out;
  world.server.close(out);
  client.hear(world.take(client.address, out));
  BOOST_CHECK(client.connection->state() == DtlsConnection::State::closed);
  BOOST_CHECK_EQUAL(world.server.places(), 0U);
}

BOOST_AUTO_TEST_CASE(any_octets_are_survived) {
  DtlsWorld world;
  DtlsPeer client(world, dtls_peer(9000));
  BOOST_REQUIRE(client.connect());
  std::minstd_rand random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string octets(random() % (round % 100 == 0 ? 18'000 : 90), '\0');
    for (auto& octet : octets) octet = static_cast<char>(random());
    if (octets.size() > 13) {
      octets[0] = static_cast<char>(20 + random() % 4);
      octets[1] = '\xfe';
      octets[2] = static_cast<char>(random() % 4 == 0 ? 0xff : 0xfd);
      octets[3] = 0;
      octets[4] = static_cast<char>(random() % 2);
      octets[11] = static_cast<char>((octets.size() - 13) >> 8U);
      octets[12] = static_cast<char>(octets.size() - 13);
    }
    const auto from = dtls_peer(static_cast<std::uint16_t>(9000 + random() % 3));
    std::size_t answered = 0;
    for (const auto& answer : world.tell(from, octets)) answered += answer.size();
    if (from != client.address) BOOST_REQUIRE_LE(answered, 3 * octets.size());
  }
  client.say("still here");
  BOOST_CHECK_EQUAL(world.received.size(), 1U);
  BOOST_CHECK_EQUAL(world.server.places(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
