// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/listener.hpp"

#include <boost/test/unit_test.hpp>

using boost::asio::ip::udp;
using sense::snmp::listen_text;
using sense::snmp::Listener;
using sense::snmp::parse_listen;

BOOST_AUTO_TEST_SUITE(listener_tests)

BOOST_AUTO_TEST_CASE(addresses_are_read_in_every_form) {
  BOOST_CHECK_EQUAL(listen_text(*parse_listen("udp:127.0.0.1:162")), "udp:127.0.0.1:162");
  BOOST_CHECK_EQUAL(listen_text(*parse_listen("0.0.0.0:1162")), "udp:0.0.0.0:1162");
  BOOST_CHECK_EQUAL(listen_text(*parse_listen("udp6:[::1]:162")), "udp6:[::1]:162");
  BOOST_CHECK_EQUAL(listen_text(*parse_listen("[::]:0")), "udp6:[::]:0");
}

BOOST_AUTO_TEST_CASE(other_addresses_are_refused_with_an_example) {
  for (const auto* text : {"", "162", "udp:162", "localhost:162", "udp:localhost:162",
                           "tcp:127.0.0.1:162", "udp:127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:1x", "udp:[::1]:162", "udp6:127.0.0.1:162", "udp6:::1:162",
                           "::1:162", "unix:/tmp/a", "127.0.0.1,1:162", "udp:127.0.0.1:162\n"}) {
    const auto address = parse_listen(text);
    BOOST_REQUIRE_MESSAGE(!address.has_value(), text);
    BOOST_CHECK_NE(address.error().message.find("udp:127.0.0.1:162"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_port_is_given_and_shown) {
  boost::asio::io_context reactor;
  const auto listener = Listener::open(reactor, *parse_listen("127.0.0.1:0"), 65536);
  BOOST_REQUIRE_MESSAGE(listener.has_value(), listener.error().message);
  BOOST_CHECK_NE((*listener)->address().port(), 0);
  BOOST_CHECK_GE((*listener)->receive_buffer(), 65536);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_an_error_that_names_it) {
  boost::asio::io_context reactor;
  const auto first = Listener::open(reactor, *parse_listen("127.0.0.1:0"), 65536);
  BOOST_REQUIRE(first.has_value());
  const auto second = Listener::open(reactor, (*first)->address(), 65536);
  BOOST_REQUIRE(!second.has_value());
  BOOST_CHECK_NE(second.error().message.find(listen_text((*first)->address())), std::string::npos);
  BOOST_CHECK_NE(second.error().message.find("in use"), std::string::npos);
}

// A device takes a response only from the address that it sent the inform to, and the listener may
// be bound to all of them.
BOOST_AUTO_TEST_CASE(an_answer_comes_from_the_address_that_was_sent_to) {
  boost::asio::io_context reactor;
  const auto opened = Listener::open(reactor, *parse_listen("0.0.0.0:0"), 65536);
  BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
  auto& listener = **opened;
  std::size_t read = 0;
  listener.start({[&](sense::snmp::Octets octets, const Listener::Peer& peer) {
                    BOOST_CHECK_EQUAL(std::string(octets.begin(), octets.end()), "hello");
                    BOOST_CHECK(listener.answer(peer, "answer"));
                    ++read;
                  },
                  [](std::uint64_t) {}});
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const udp::endpoint other(boost::asio::ip::make_address("127.0.0.77"), listener.address().port());
  socket.send_to(boost::asio::buffer(std::string("hello")), other);
  while (read == 0) reactor.run_one();
  std::string reply(100, '\0');
  udp::endpoint from;
  reply.resize(socket.receive_from(boost::asio::buffer(reply), from));
  BOOST_CHECK_EQUAL(reply, "answer");
  BOOST_CHECK_EQUAL(from, other);
}

BOOST_AUTO_TEST_CASE(datagrams_that_overrun_the_buffer_are_counted) {
  boost::asio::io_context reactor;
  const auto opened = Listener::open(reactor, *parse_listen("127.0.0.1:0"), 65536);
  BOOST_REQUIRE(opened.has_value());
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;
  (*opened)->start(
      {[&](auto, const auto&) { ++received; }, [&](std::uint64_t count) { dropped += count; }});
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const std::string large(30'000, 'x');
  for (int i = 0; i < 50; ++i) socket.send_to(boost::asio::buffer(large), (*opened)->address());
  while (received + dropped < 50) reactor.run_one();
  BOOST_CHECK_GT(dropped, 0U);
  BOOST_CHECK_EQUAL(received + dropped, 50U);
}

BOOST_AUTO_TEST_CASE(after_stop_nothing_is_handled) {
  boost::asio::io_context reactor;
  const auto opened = Listener::open(reactor, *parse_listen("127.0.0.1:0"), 65536);
  BOOST_REQUIRE(opened.has_value());
  std::size_t read = 0;
  (*opened)->start({[&](auto, const auto&) {
                      ++read;
                      (*opened)->stop();
                    },
                    [](std::uint64_t) {}});
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  for (int i = 0; i < 3; ++i)
    socket.send_to(boost::asio::buffer(std::string("x")), (*opened)->address());
  reactor.run();  // ends, since nothing is waited for any more
  BOOST_CHECK_EQUAL(read, 1U);
}

BOOST_AUTO_TEST_SUITE_END()
