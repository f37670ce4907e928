// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/steady_timer.hpp>

#include "tests/core/sense/two_ends.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

bool has_ipv6() {
  asio::io_context io;
  boost::system::error_code problem;
  ip::udp::socket socket(io);
  socket.open(ip::udp::v6(), problem);
  if (!problem) socket.bind({ip::address_v6::loopback(), 0}, problem);
  return !problem;
}

// Two ends of each kind that this machine has.
struct Pairs {
  struct Pair {
    Endpoint server;
    Endpoint client;
    TransportOptions options;
  };
  Pairs() : cable(io) {
    add({any_v4, any_v4, {}});
    const Endpoint any_v6(ip::address_v6::loopback(), 0);
    if (has_ipv6()) add({any_v6, any_v6, {}});
    add({Endpoint::at_path(folder / "server"), Endpoint::at_path(folder / "client"), {}});
    TransportOptions ipx;
    ipx.ipx_port = free_udp_port();
    add({Endpoint::at_ipx(42, 0x7f000001, 0), Endpoint::at_ipx(42, 0x7f000002, 0), ipx});
    add({Endpoint::at_ddp(12, 34, 0), Endpoint::at_ddp(12, 35, 0), cable.options()});
  }
  void add(Pair pair) { all.push_back(std::move(pair)); }

  asio::io_context io;
  Folder folder;
  Cable cable;
  std::vector<Pair> all;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_transport_tests)

BOOST_AUTO_TEST_CASE(datagrams_go_both_ways_over_every_kind) {
  Pairs pairs;
  for (const auto& pair : pairs.all) {
    BOOST_TEST_CONTEXT(to_uri(pair.server)) {
      End server(pairs.io, pair.server, pair.options);
      End client(pairs.io, pair.client, pair.options);
      BOOST_CHECK(server.local().kind() == pair.server.kind());
      BOOST_CHECK_NE((server.local().port() != 0),
                     (server.local().kind() == TransportKind::unix_path));
      for (const std::string octets : {"one", "", "three\0 with\xff octets"}) {
        client.send(server.local(), octets);
        const auto asked = server.next();
        BOOST_CHECK_EQUAL(asked.octets, octets);
        BOOST_CHECK_MESSAGE((asked.from == client.local()), to_uri(asked.from));
        BOOST_CHECK(!asked.cut);
        server.send(asked.from, octets + "!");
        const auto answered = client.next();
        BOOST_CHECK_EQUAL(answered.octets, octets + "!");
        BOOST_CHECK_MESSAGE((answered.from == server.local()), to_uri(answered.from));
      }
      BOOST_CHECK_EQUAL(server.count("sent"), 3U);
      BOOST_CHECK_EQUAL(server.count("send-failed"), 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(with_a_peer_nothing_is_sent_to_other_addresses) {
  Pairs pairs;
  for (const auto& pair : pairs.all) {
    BOOST_TEST_CONTEXT(to_uri(pair.server)) {
      End server(pairs.io, pair.server, pair.options);
      auto options = pair.options;
      options.peer = server.local();
      End client(pairs.io, pair.client, options);
      client.send(server.local(), "asked");
      BOOST_CHECK_EQUAL(server.next().octets, "asked");
      server.send(client.local(), "answered");
      BOOST_CHECK_EQUAL(client.next().octets, "answered");
      BOOST_CHECK_EQUAL(client.refused, 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_long_to_arrive_is_cut_and_says_so) {
  Pairs pairs;
  for (const auto& pair : pairs.all) {
    BOOST_TEST_CONTEXT(to_uri(pair.server)) {
      auto options = pair.options;
      options.octets_max = 100;
      End server(pairs.io, pair.server, options);
      End client(pairs.io, pair.client, pair.options);
      const auto longest = std::min<std::size_t>(client.transport->sendable_max(), 9'000);
      for (const auto size : {std::size_t{99}, std::size_t{100}, std::size_t{101}, longest}) {
        client.send(server.local(), std::string(size, 'x'));
        const auto received = server.next();
        BOOST_CHECK_EQUAL(received.octets.size(), std::min<std::size_t>(size, 100));
        BOOST_CHECK_EQUAL(received.cut, (size > 100));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_counted_and_keeps_nothing_back) {
  Pairs pairs;
  for (const auto& pair : pairs.all) {
    BOOST_TEST_CONTEXT(to_uri(pair.server)) {
      End server(pairs.io, pair.server, pair.options);
      End client(pairs.io, pair.client, pair.options);
      const auto longest = client.transport->sendable_max();
      client.transport->send(server.local(), std::string(longest + 1, 'x'));
      client.transport->send(Endpoint(), "x");
      for (const auto& other : pairs.all)
        if (other.server.kind() != pair.server.kind()) client.transport->send(other.server, "x");
      client.transport->send(server.local(), std::string(longest, 'x'));
      client.transport->send(server.local(), "good");
      client.transport->flush();
      BOOST_CHECK_EQUAL(client.count("send-failed"), 1 + pairs.all.size());
      if (pair.server.kind() != TransportKind::unix_path || longest < 60'000)
        BOOST_CHECK_EQUAL(server.next().octets.size(), longest);
      else
        BOOST_CHECK_GT(server.next().octets.size(), 0U);
      until(pairs.io, [&] { return server.received.back().octets == "good"; });
    }
  }
}

BOOST_AUTO_TEST_CASE(burst_of_five_thousand_arrives_or_is_counted) {
  asio::io_context io;
  TransportOptions options;
  options.octets_max = 1'200;
  End server(io, any_v4, options);
  End client(io, any_v4);
  for (unsigned i = 0; i < 5'000; ++i)
    client.transport->send(server.local(), std::to_string(i) + std::string(300, ' '));
  client.transport->flush();
  BOOST_CHECK_EQUAL(client.count("sent") + client.count("send-failed"), 5'000U);
  // The kernel tells of a drop with the next datagram that it does take.
  until(io, [&] {
    const auto known = server.received.size() + server.count("kernel-drops");
    if (known < 5'000) client.send(server.local(), "-1");
    return known >= 5'000;
  });
  int before = -1;
  for (const auto& datagram : server.received) {
    const auto number = std::stoi(datagram.octets);
    if (number < 0) continue;
    BOOST_CHECK_GT(number, before);
    before = number;
  }
  BOOST_CHECK_GT(server.batch_longest, 100U);
  BOOST_TEST_MESSAGE("arrived " << server.received.size() << ", dropped "
                                << server.count("kernel-drops") << ", batches of up to "
                                << server.batch_longest);
}

BOOST_AUTO_TEST_CASE(drops_of_a_small_buffer_are_counted) {
  asio::io_context io;
  TransportOptions small;
  small.receive_buffer = 8 * 1024;
  End server(io, any_v4, small);
  End client(io, any_v4);
  for (unsigned i = 0; i < 2'000; ++i) client.transport->send(server.local(), "x");
  client.transport->flush();
  BOOST_REQUIRE(client.count("sent") == 2'000U);
  unsigned more = 0;
  until(io, [&] {
    if (server.count("kernel-drops") == 0) client.send(server.local(), "more"), ++more;
    return server.count("kernel-drops") > 0;
  });
  BOOST_CHECK_LE(server.received.size() + server.count("kernel-drops"), 2'000U + more);
  BOOST_CHECK_GE(server.received.size() + server.count("kernel-drops"), 2'000U);
}

BOOST_AUTO_TEST_CASE(closed_while_receiving_it_hands_on_nothing_more) {
  asio::io_context io;
  End server(io, any_v4);
  End client(io, any_v4);
  server.on_batch = [&] { server.transport->close(); };
  for (unsigned i = 0; i < 3'000; ++i) client.transport->send(server.local(), "x");
  client.transport->flush();
  until(io, [&] { return !server.received.empty(); });
  const auto known = server.received.size();
  BOOST_CHECK_LT(known, 3'000U);
  client.send(server.local(), "y");
  for (unsigned i = 0; i < 20; ++i) io.restart(), io.run_for(std::chrono::milliseconds{1});
  BOOST_CHECK_EQUAL(server.received.size(), known);
  server.send(client.local(), "z");  // does nothing
  server.transport->close();
  BOOST_CHECK_EQUAL(server.count("sent") + server.count("send-failed"), 0U);
}

BOOST_AUTO_TEST_CASE(destroyed_before_its_reactor_runs_it_leaves_no_handler_behind) {
  asio::io_context io;
  {
    End server(io, any_v4);
    End client(io, any_v4);
    client.send(server.local(), "x");
  }
  io.run();  // what waited was called off; nothing is left to wait for
}

BOOST_AUTO_TEST_CASE(absent_receiver_does_not_delay_datagrams_to_the_others) {
  asio::io_context io;
  End server(io, any_v4);
  auto gone = std::make_unique<End>(io, any_v4);
  const auto absent = gone->local();
  gone.reset();
  End client(io, any_v4);
  for (unsigned i = 0; i < 300; ++i) {
    client.transport->send(absent, "lost");
    client.transport->send(server.local(), std::to_string(i));
  }
  client.transport->flush();
  until(io, [&] { return server.received.size() == 300; });
  server.send(client.local(), "still there");
  BOOST_CHECK_EQUAL(client.next().octets, "still there");
}

BOOST_AUTO_TEST_CASE(refusal_of_the_peer_is_told_and_costs_no_later_datagram) {
  asio::io_context io;
  auto gone = std::make_unique<End>(io, any_v4);
  const auto there = gone->local();
  gone.reset();
  TransportOptions options;
  options.peer = there;
  End client(io, any_v4, options);
  client.send(there, "lost");
  until(io, [&] { return client.refused == 1; });
  client.send(there, "lost");  // its refusal waits in the socket
  End server(io, there);
  for (unsigned i = 0; i < 10; ++i) client.transport->send(there, std::to_string(i));
  client.transport->flush();
  until(io, [&] { return server.received.size() == 10; });
  BOOST_CHECK_EQUAL(client.refused, 2U);
  BOOST_CHECK_EQUAL(client.count("send-failed"), 0U);
}

BOOST_AUTO_TEST_CASE(other_senders_do_not_reach_a_client_with_a_peer) {
  asio::io_context io;
  End server(io, any_v4);
  End other_sender(io, any_v4);
  TransportOptions options;
  options.peer = server.local();
  End client(io, any_v4, options);
  other_sender.send(client.local(), "forged");
  server.send(client.local(), "true");
  BOOST_CHECK_EQUAL(client.next().octets, "true");
  BOOST_CHECK_EQUAL(client.received.size(), 1U);
}

BOOST_AUTO_TEST_CASE(flood_leaves_timers_their_turn) {
  asio::io_context io;
  End server(io, any_v4);
  // Each datagram is followed by two more: the socket never runs dry.
  server.on_batch = [&] {
    for (unsigned i = 0; i < 200; ++i) server.transport->send(server.local(), "again");
    server.transport->flush();
    if (server.received.size() > 1'000'000) server.transport->close();
  };
  bool fired = false;
  asio::steady_timer timer(io, std::chrono::milliseconds{5});
  timer.async_wait([&](const boost::system::error_code&) {
    fired = true;
    server.on_batch = nullptr;
  });
  server.send(server.local(), "begin");
  until(io, [&] { return fired || server.received.size() > 1'000'000; });
  BOOST_CHECK(fired);
}

BOOST_AUTO_TEST_CASE(address_in_use_is_refused_with_a_sentence_that_names_it) {
  asio::io_context io;
  End server(io, any_v4);
  Counters counters;
  const auto second = open_transport(io, server.local(), {}, counters);
  BOOST_REQUIRE(!second.has_value());
  BOOST_CHECK_NE(second.error().message.find(to_uri(server.local())), std::string::npos);
  BOOST_CHECK(second.error().code == Code::addrnotavail);
  BOOST_CHECK(!open_transport(io, Endpoint(), {}, counters).has_value());
  BOOST_CHECK(
      !open_transport(io, Endpoint(ip::make_address("192.0.2.7"), 0), {}, counters).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
