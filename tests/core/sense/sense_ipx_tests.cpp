// SPDX-License-Identifier: Apache-2.0
#include "core/sense/transport/frames.hpp"
#include "tests/core/sense/two_ends.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

// Network 0000002a, 127.0.0.1, socket 4001, to the same network, 127.0.0.2, socket 4002. 35 octets
// in all; the last five are "hello".
const std::string example = octets_of(
    "ffff 0023 00 04"
    "0000002a 00007f000002 4002"
    "0000002a 00007f000001 4001"
    "68656c6c6f");

const auto first = Endpoint::at_ipx(42, 0x7f000001, 0x4001);
const auto second = Endpoint::at_ipx(42, 0x7f000002, 0x4002);

struct Network {
  Network() { options.ipx_port = free_udp_port(); }
  // A plain UDP socket at another address, with the network's port or another.
  ip::udp::socket socket(std::uint32_t address, bool same_port = true) {
    return {io, {ip::address_v4(address), same_port ? options.ipx_port : std::uint16_t{0}}};
  }
  void send(ip::udp::socket& socket, const std::string& packet) const {
    socket.send_to(asio::buffer(packet), {ip::address_v4(0x7f000002), options.ipx_port});
  }
  asio::io_context io;
  TransportOptions options;
};

std::string replaced(std::string packet, std::size_t at, std::string_view hexadecimal) {
  const auto octets = octets_of(hexadecimal);
  return packet.replace(at, octets.size(), octets);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_ipx_tests)

BOOST_AUTO_TEST_CASE(header_is_written_octet_for_octet) {
  std::string header(ipx_header_size, 'x');
  write_ipx_header(header.data(), second, first, 5);
  BOOST_CHECK_EQUAL(hex(header + "hello"), hex(example));
  write_ipx_header(header.data(), Endpoint::at_ipx(0x01020304, 0x05060708090aU, 0x0b0c),
                   Endpoint::at_ipx(0xf1f2f3f4, 0xf5f6f7f8f9faU, 0xfbfc), 0x0201 - 30);
  BOOST_CHECK_EQUAL(hex(header),
                    "ffff02010004"
                    "0102030405060708090a0b0c"
                    "f1f2f3f4f5f6f7f8f9fafbfc");
}

BOOST_AUTO_TEST_CASE(header_is_read_octet_for_octet) {
  const auto packet = read_ipx(example, false);
  BOOST_REQUIRE(packet.has_value());
  BOOST_CHECK(packet->to == second);
  BOOST_CHECK(packet->from == first);
  BOOST_CHECK_EQUAL(packet->octets, "hello");
  // Ethernet fills short packets up; the length tells.
  BOOST_CHECK_EQUAL(read_ipx(example + "\0\0\0", false)->octets, "hello");
  BOOST_CHECK(read_ipx(replaced(example, 2, "001e"), false)->octets.empty());
  BOOST_CHECK_EQUAL(read_ipx(example.substr(0, 33), true)->octets, "hel");
}

BOOST_AUTO_TEST_CASE(packet_that_is_none_is_not_read) {
  for (std::size_t size = 0; size < example.size(); ++size)
    BOOST_CHECK_MESSAGE(!read_ipx(example.substr(0, size), false).has_value(), size);
  for (const auto* length : {"0000", "001d", "0024", "ffff"})
    BOOST_CHECK_MESSAGE(!read_ipx(replaced(example, 2, length), false).has_value(), length);
  // RFC 1234: every other checksum is reserved.
  BOOST_CHECK(!read_ipx(replaced(example, 0, "fffe"), false).has_value());
  BOOST_CHECK(!read_ipx(replaced(example, 0, "0000"), false).has_value());
  BOOST_CHECK(!read_ipx(example.substr(0, 29), true).has_value());
}

BOOST_AUTO_TEST_CASE(datagram_travels_in_udp_from_and_to_the_port_of_the_network) {
  Network network;
  auto peer = network.socket(0x7f000002);
  End end(network.io, first, network.options);
  BOOST_CHECK(end.local() == first);
  end.send(second, "hello");
  until(network.io, [&] { return peer.available() > 0; });
  std::string packet(2048, '\0');
  ip::udp::endpoint from;
  packet.resize(peer.receive_from(asio::buffer(packet), from));
  BOOST_CHECK_EQUAL(hex(packet), hex(example));
  BOOST_CHECK(from == ip::udp::endpoint(ip::address_v4(0x7f000001), network.options.ipx_port));
}

BOOST_AUTO_TEST_CASE(only_what_is_for_us_and_says_truly_where_it_is_from_is_handed_on) {
  Network network;
  End end(network.io, second, network.options);
  auto peer = network.socket(0x7f000001);
  auto elsewhere = network.socket(0x7f000001, false);
  network.send(peer, example.substr(0, 20));
  network.send(peer, replaced(example, 0, "0000"));
  network.send(peer, "");
  network.send(peer, replaced(example, 6, "0000002b"));       // another network
  network.send(peer, replaced(example, 10, "00007f000003"));  // another node
  network.send(peer, replaced(example, 10, "ffffffffffff"));  // broadcast
  network.send(peer, replaced(example, 16, "4003"));          // another socket
  network.send(peer, replaced(example, 18, "0000002b"));      // another network
  network.send(peer, replaced(example, 22, "00007f000003"));  // node of another address
  network.send(peer, replaced(example, 22, "00017f000001"));  // no node of RFC 1234
  network.send(peer, replaced(example, 28, "0000"));          // no socket
  network.send(elsewhere, example);                           // not the network's port
  network.send(peer, replaced(replaced(example, 6, "00000000"), 18, "00000000"));  // "this network"
  network.send(peer, example);
  BOOST_CHECK(end.next().from == first);
  const auto received = end.next();
  BOOST_CHECK_EQUAL(received.octets, "hello");
  BOOST_CHECK(received.from == first);
  BOOST_CHECK_EQUAL(end.received.size(), 2U);
  BOOST_CHECK_EQUAL(end.count("misframed"), 3U);
  BOOST_CHECK_EQUAL(end.count("foreign"), 4U);
  BOOST_CHECK_EQUAL(end.count("unanswerable"), 5U);
}

BOOST_AUTO_TEST_CASE(node_that_is_no_ip_address_is_neither_bound_nor_sent_to) {
  Network network;
  Counters counters;
  for (const auto node : {std::uint64_t{0}, std::uint64_t{0x1'7f00'0001}, Endpoint::node_max}) {
    const auto own = Endpoint::at_ipx(42, node, 0);
    const auto opened = open_transport(network.io, own, network.options, counters);
    BOOST_REQUIRE(!opened.has_value());
    BOOST_CHECK_NE(opened.error().message.find(to_uri(own)), std::string::npos);
  }
  End end(network.io, first, network.options);
  end.send(Endpoint::at_ipx(42, Endpoint::node_max, 0x4002), "x");
  end.send(Endpoint::at_ipx(42, 0, 0x4002), "x");
  end.send(Endpoint::at_ipx(43, 0x7f000002, 0x4002), "x");
  end.send(Endpoint::at_ipx(42, 0xffffffff, 0x4002), "x");  // the kernel will not
  BOOST_CHECK_EQUAL(end.count("send-failed"), 4U);
  BOOST_CHECK_EQUAL(end.count("sent"), 0U);
}

BOOST_AUTO_TEST_CASE(socket_of_ones_own_is_a_dynamic_one) {
  Network network;
  for (unsigned i = 0; i < 50; ++i) {
    End end(network.io, first.with_port(0), network.options);
    BOOST_CHECK_GE(end.local().port(), 0x4000);
    BOOST_CHECK_LT(end.local().port(), 0x8000);
  }
}

BOOST_AUTO_TEST_SUITE_END()
