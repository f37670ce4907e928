// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <boost/asio/post.hpp>
#include <thread>

#include "core/sense/transport/frames.hpp"
#include "tests/core/sense/two_ends.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

const auto here = Endpoint::at_ddp(12, 34, 129);
const auto there = Endpoint::at_ddp(12, 35, 200);

// A sender's number, then from node 35 to node 34: LLAP type 1 and the short header, or type 2 and
// the long one. "hello" from socket 200 to socket 129.
const std::string sender = octets_of("0a0b0c0d");
const std::string short_link = sender + octets_of("22 23 01");
const std::string short_header = octets_of("000a 81 c8 53");
const std::string long_link = sender + octets_of("22 23 02");
const std::string long_header = octets_of("0012 0000 000c 000c 22 23 81 c8 53");

std::optional<Frame> read(const std::string& packet) {
  const auto frame = read_link_frame(packet);
  if (!frame) return std::nullopt;
  return read_ddp(*frame, 12);
}

// The checksum of Inside AppleTalk, written another way than the product's.
std::string with_checksum(std::string datagram) {
  unsigned sum = 0;
  for (std::size_t i = 4; i < datagram.size(); ++i) {
    sum = (sum + static_cast<unsigned char>(datagram[i])) % 65'536;
    sum = sum * 2 % 65'536 + sum / 32'768;
  }
  if (sum == 0) sum = 0xffff;
  datagram[2] = static_cast<char>(sum / 256);
  datagram[3] = static_cast<char>(sum % 256);
  return datagram;
}

std::string replaced(std::string packet, std::size_t at, std::string_view hexadecimal) {
  const auto octets = octets_of(hexadecimal);
  return packet.replace(at, octets.size(), octets);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_ddp_tests)

BOOST_AUTO_TEST_CASE(headers_are_written_octet_for_octet) {
  std::string octets(ltoudp_header_size + ddp_header_size, 'x');
  write_link_header(octets.data(), {0x0a0b0c0d, 34, 35, link_short_ddp, {}});
  write_ddp_header(octets.data() + ltoudp_header_size, here, there, 5);
  BOOST_CHECK_EQUAL(hex(octets), hex(short_link + short_header));
  write_ddp_header(octets.data() + ltoudp_header_size, here, there, 586);
  BOOST_CHECK_EQUAL(hex(octets.substr(7)), "024f81c853");
}

BOOST_AUTO_TEST_CASE(both_headers_are_read_octet_for_octet) {
  for (const auto& packet : {short_link + short_header + "hello", long_link + long_header + "hello",
                             long_link + with_checksum(long_header + "hello"),
                             // Three routers passed; network 0 is this one.
                             long_link + replaced(long_header, 0, "0c12") + "hello",
                             long_link + replaced(long_header, 4, "0000 0000") + "hello"}) {
    const auto frame = read(packet);
    BOOST_REQUIRE_MESSAGE(frame.has_value(), hex(packet));
    BOOST_CHECK(frame->to == here);
    BOOST_CHECK(frame->from == there);
    BOOST_CHECK_EQUAL(frame->octets, "hello");
  }
  const auto from_afar = read(long_link + replaced(long_header, 6, "0102") + "hello");
  BOOST_CHECK(from_afar->from == Endpoint::at_ddp(258, 35, 200));
  const auto link = read_link_frame(short_link);
  BOOST_CHECK_EQUAL(link->sender, 0x0a0b0c0dU);
  BOOST_CHECK(link->octets.empty());
}

BOOST_AUTO_TEST_CASE(frame_that_is_none_is_not_read) {
  for (const auto& whole : {short_link + short_header + "hello", long_link + long_header + "hello"})
    for (std::size_t size = 0; size < whole.size(); ++size)
      BOOST_CHECK_MESSAGE(!read(whole.substr(0, size)).has_value(), size);
  BOOST_CHECK(!read(short_link + short_header + "hello!").has_value());
  BOOST_CHECK(!read(short_link + replaced(short_header, 0, "0004") + "hello").has_value());
  BOOST_CHECK(!read(short_link + replaced(short_header, 4, "02") + "hello").has_value());
  BOOST_CHECK(!read(replaced(short_link, 6, "03") + short_header + "hello").has_value());
  BOOST_CHECK(!read(long_link + replaced(long_header, 2, "0001") + "hello").has_value());
  BOOST_CHECK(!read(long_link + with_checksum(long_header + "hello").replace(13, 1, "j")));
  BOOST_CHECK(
      !read(short_link + replaced(short_header, 0, "0250") + std::string(587, 'x')).has_value());
  BOOST_CHECK(
      read(short_link + replaced(short_header, 0, "024f") + std::string(586, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(datagram_travels_as_a_short_frame_to_the_group) {
  asio::io_context io;
  Cable cable(io);
  End end(io, there, cable.options());
  cable.forget_all();
  end.send(here, "hello");
  BOOST_CHECK_EQUAL(hex(cable.next(io)), hex((short_link + short_header + "hello").substr(4)));
  BOOST_CHECK_EQUAL(end.transport->sendable_max(), 586U);
  // Nothing here knows of routers.
  end.send(Endpoint::at_ddp(13, 34, 129), "x");
  end.send(Endpoint::at_ddp(12, 255, 129), "x");
  end.send(Endpoint::at_ddp(12, 0, 129), "x");
  BOOST_CHECK_EQUAL(end.count("send-failed"), 3U);
}

BOOST_AUTO_TEST_CASE(only_what_is_for_us_is_handed_on) {
  asio::io_context io;
  Cable cable(io);
  End end(io, here, cable.options());
  cable.put("short");
  cable.put(short_link + replaced(short_header, 0, "000b") + "hello");
  cable.put(replaced(short_link, 4, "21") + short_header + "hello");  // another node
  cable.put(replaced(short_link, 4, "ff") + short_header + "hello");  // broadcast
  cable.put(short_link + replaced(short_header, 2, "82") + "hello");  // another socket
  cable.put(long_link + replaced(long_header, 8, "21") + "hello");    // another node
  cable.put(long_link + replaced(long_header, 4, "000d") + "hello");  // another network
  cable.put(long_link + replaced(long_header, 6, "000d") + "hello");  // from afar
  cable.put(replaced(short_link, 5, "00") + short_header + "hello");  // from node 0
  cable.put(replaced(short_link, 5, "ff") + short_header + "hello");  // from the broadcast node
  cable.put(short_link + replaced(short_header, 3, "00") + "hello");  // from no socket
  cable.put(replaced(short_link, 6, "84"));                           // LLAP control
  cable.put(short_link + short_header + "hello");
  cable.put(long_link + with_checksum(long_header + "hello"));
  for (unsigned i = 0; i < 2; ++i) {
    const auto received = end.next();
    BOOST_CHECK_EQUAL(received.octets, "hello");
    BOOST_CHECK(received.from == there);
  }
  BOOST_CHECK_EQUAL(end.received.size(), 2U);
  BOOST_CHECK_EQUAL(end.count("misframed"), 2U);
  BOOST_CHECK_EQUAL(end.count("foreign"), 5U);
  BOOST_CHECK_EQUAL(end.count("unanswerable"), 4U);
}

BOOST_AUTO_TEST_CASE(enquiry_about_our_node_is_answered_that_it_is_taken) {
  asio::io_context io;
  Cable cable(io);
  End end(io, here, cable.options());
  cable.forget_all();  // its own enquiries
  const auto enquiry = sender + octets_of("22 22 81");
  cable.put(enquiry);
  BOOST_CHECK_EQUAL(hex(cable.next(io)), hex(enquiry.substr(4)));
  BOOST_CHECK_EQUAL(hex(cable.next(io)), "222282");
  cable.put(sender + octets_of("21 21 81"));  // another's node: not ours to say
  cable.put(enquiry);
  BOOST_CHECK_EQUAL(hex(cable.next(io)), "212181");
  BOOST_CHECK_EQUAL(hex(cable.next(io)), "222281");
  BOOST_CHECK_EQUAL(hex(cable.next(io)), "222282");
}

BOOST_AUTO_TEST_CASE(node_is_asked_for_before_it_is_taken) {
  asio::io_context io;
  Cable cable(io);
  End end(io, here, cable.options());
  for (unsigned i = 0; i < 8; ++i) BOOST_CHECK_EQUAL(hex(cable.next(io)), "222281");
  BOOST_CHECK_EQUAL(cable.socket.available(), 0U);
}

BOOST_AUTO_TEST_CASE(node_that_another_has_is_refused_and_any_node_is_a_free_one) {
  asio::io_context io;
  Cable cable(io);
  End end(io, here, cable.options());
  std::thread others([&] { io.run(); });
  asio::io_context mine;
  Counters counters;
  const auto opened = open_transport(mine, here.with_port(200), cable.options(), counters);
  BOOST_CHECK(!opened.has_value());
  if (!opened) {
    BOOST_CHECK_NE(opened.error().message.find("another node has that number"), std::string::npos);
    BOOST_CHECK_NE(opened.error().message.find("12.34.ddp"), std::string::npos);
  }
  {
    const End any(mine, Endpoint::at_ddp(12, 0, 0), cable.options());
    BOOST_CHECK_EQUAL(any.local().network(), 12U);
    BOOST_CHECK(any.local().node() >= 1 && any.local().node() <= 127);
    BOOST_CHECK_NE(any.local().node(), 34U);
    BOOST_CHECK(any.local().port() >= 128 && any.local().port() <= 254);
  }
  asio::post(io, [&] { end.transport->close(); });
  others.join();
}

BOOST_AUTO_TEST_CASE(when_every_node_is_taken_it_says_so) {
  asio::io_context io;
  Cable cable(io);
  std::atomic<bool> done = false;
  // An enquiry about our node is answered: it is taken.
  std::thread all([&] {
    std::string frame(2048, '\0');
    while (!done) {
      const auto size = cable.socket.receive(asio::buffer(frame));
      if (size < 7 || frame[6] != '\x81') continue;
      cable.put(sender + std::string{frame[4], frame[5]} + '\x82');
    }
  });
  asio::io_context mine;
  Counters counters;
  const auto opened = open_transport(mine, Endpoint::at_ddp(12, 0, 0), cable.options(), counters);
  BOOST_CHECK(!opened.has_value());
  if (!opened) BOOST_CHECK_NE(opened.error().message.find("no free node"), std::string::npos);
  done = true;
  cable.put(sender + octets_of("222283"));
  all.join();
}

BOOST_AUTO_TEST_CASE(group_is_named_with_its_port_and_the_interface) {
  BOOST_CHECK_EQUAL(DdpGroup().group.to_string(), "239.192.76.84");
  BOOST_CHECK_EQUAL(DdpGroup().port, 1954);
  const auto parsed = DdpGroup::parse("239.1.2.3:99@127.0.0.1");
  BOOST_REQUIRE(parsed.has_value());
  BOOST_CHECK_EQUAL(parsed->group.to_string(), "239.1.2.3");
  BOOST_CHECK_EQUAL(parsed->port, 99);
  BOOST_CHECK_EQUAL(parsed->interface.to_string(), "127.0.0.1");
  BOOST_CHECK(DdpGroup::parse("239.1.2.3:99")->interface.is_unspecified());
  for (const auto* text :
       {"", "239.1.2.3", "239.1.2.3:0", "192.0.2.1:99", "[ff02::1]:99", "239.1.2.3:99@",
        "239.1.2.3:99@lo", "239.1.2.3@127.0.0.1:99", "12.34.ddp:129", "239.1.2.3:x"})
    BOOST_CHECK_MESSAGE(!DdpGroup::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(group_that_cannot_be_joined_is_refused_with_a_sentence) {
  asio::io_context io;
  Counters counters;
  TransportOptions options;
  options.ddp_group = *DdpGroup::parse("239.192.76.84:1954@192.0.2.7");  // no address of ours
  for (const auto& own : {here, Endpoint::at_ddp(12, 255, 129)}) {
    const auto opened = open_transport(io, own, options, counters);
    BOOST_REQUIRE(!opened.has_value());
    BOOST_CHECK_NE(opened.error().message.find(to_uri(own)), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
