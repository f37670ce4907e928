// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"

// What one connection to the broker may send, and how long it may be silent.
using namespace sense;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr std::size_t mib = 1024 * 1024;

// Octets of ZMTP, without libzmq.
class RawClient {
 public:
  explicit RawClient(const std::string& endpoint) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    endpoint.substr("ipc://"s.size()).copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE_EQUAL(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                        0);
    begun_ = std::chrono::steady_clock::now();
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void shake_hands() const {
    const auto greeting = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL"s + std::string(48, '\0');
    const auto ready = "\x04\x1c\5READY\x0bSocket-Type\0\0\0\6DEALER"s;
    for (const auto& octets : {greeting, ready})
      BOOST_REQUIRE_EQUAL(::send(fd_, octets.data(), octets.size(), 0),
                          static_cast<ssize_t>(octets.size()));
  }
  // Frames of one message that does not end.
  void send_frames(int count) const {
    const auto frame = "\x01\x7f"s + std::string(127, 'x');
    for (int i = 0; i < count; ++i)
      BOOST_REQUIRE_EQUAL(::send(fd_, frame.data(), frame.size(), 0),
                          static_cast<ssize_t>(frame.size()));
  }
  // False: the broker has closed the connection.
  bool hear() {
    pollfd item{fd_, POLLIN, 0};
    BOOST_REQUIRE_EQUAL(::poll(&item, 1, 20'000), 1);
    std::array<char, 512> octets{};
    const auto count = ::recv(fd_, octets.data(), octets.size(), 0);
    if (count > 0) heard.append(octets.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  // How long the broker kept the connection; what it sent meanwhile is in `heard`.
  std::chrono::milliseconds kept() {
    while (hear()) {
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begun_);
  }

  std::string heard;

 private:
  int fd_;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(connection_limits_tests)

BOOST_AUTO_TEST_CASE(handshake_and_silence_last_three_seconds) {
  RunningBroker broker;
  broker.start();
  RawClient unfinished(broker.endpoints().service);
  RawClient silent(broker.endpoints().service);  // it answers no PING
  silent.shake_hands();
  const auto unfinished_for = unfinished.kept();
  const auto silent_for = silent.kept();
  BOOST_CHECK_GE(unfinished_for.count(), 2'900);
  BOOST_CHECK_LE(unfinished_for.count(), 6'000);
  BOOST_CHECK_EQUAL(unfinished.heard.find("READY"), std::string::npos);
  BOOST_CHECK_NE(silent.heard.find("READY"), std::string::npos);
  BOOST_CHECK_NE(silent.heard.find("PING"), std::string::npos);
  BOOST_CHECK_GE(silent_for.count(), 2'900);
  BOOST_CHECK_LE(silent_for.count(), 8'000);
}

BOOST_AUTO_TEST_CASE(message_without_an_end_is_none_and_others_are_served) {
  RunningBroker broker;
  broker.start();
  RawClient endless(broker.endpoints().service);
  endless.shake_hands();
  while (endless.heard.find("READY") == std::string::npos) BOOST_REQUIRE(endless.hear());
  endless.send_frames(1'000);
  Client client(broker);
  BOOST_CHECK(client.publish({encode(make_event("1"))}).published[0].code == Code::noerror);
  BOOST_CHECK_EQUAL(client.parameter("counter.broker.requests.malformed"), "");
  (void)endless.kept();  // it answers no PING
  BOOST_CHECK_EQUAL(endless.heard.find("requests"), std::string::npos);
  BOOST_CHECK(client.ask_for(bus::Operation::ping).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(frame_over_16_mib_is_not_taken) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Plain plain(broker);
  plain.send({"longest", std::string(16 * mib, 'x')});
  BOOST_CHECK_EQUAL(subscriber.next_other_than_watermarks().at(0), "longest");
  plain.send({"too long", std::string(16 * mib + 1, 'x')});
  plain.send({"behind"});
  BOOST_CHECK_EQUAL(subscriber.next_other_than_watermarks().at(0), "behind");
}

BOOST_AUTO_TEST_CASE(subscription_over_4_kib_ends_its_connection) {
  RunningBroker broker;
  broker.start();
  for (const std::size_t length : {4096U, 4097U}) {
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::xsub);
    zmq::socket_t monitor(context, zmq::socket_type::pair);
    socket.set(zmq::sockopt::linger, 0);
    BOOST_REQUIRE_EQUAL(
        zmq_socket_monitor(socket.handle(), "inproc://seen", ZMQ_EVENT_DISCONNECTED), 0);
    monitor.connect("inproc://seen");
    socket.connect(broker.endpoints().events);
    socket.send(zmq::buffer("\x01"s + std::string(length - 1, 't')), zmq::send_flags::none);
    socket.send(zmq::buffer("\x01"s + std::string(bus::watermark_topic)), zmq::send_flags::none);
    std::array<zmq::pollitem_t, 2> items = {
        {{socket.handle(), 0, ZMQ_POLLIN, 0}, {monitor.handle(), 0, ZMQ_POLLIN, 0}}};
    BOOST_REQUIRE_GT(zmq::poll(items.data(), items.size(), 20s), 0);
    BOOST_CHECK_MESSAGE((items[1].revents != 0) == (length > 4096), length);
  }
}

BOOST_AUTO_TEST_SUITE_END()
