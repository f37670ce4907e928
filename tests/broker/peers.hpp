// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "core/bus/protocol.hpp"
#include "core/bus/zmq_socket.hpp"
#include "tests/broker/running_broker.hpp"

namespace sense {

using Frames = std::vector<std::string>;

// A ZeroMQ program as others write them: nothing of ours but the octets.
class Peer {
 public:
  explicit Peer(zmq::socket_type type) : socket_(context_, type) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndhwm, 0);
    socket_.set(zmq::sockopt::rcvhwm, 0);
  }
  Peer(zmq::socket_type type, const std::string& endpoint) : Peer(type) {
    if (type == zmq::socket_type::sub) socket_.set(zmq::sockopt::subscribe, "");
    socket_.connect(endpoint);
  }

  void send(const Frames& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i)
      socket_.send(zmq::buffer(frames[i]),
                   i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  // The next message; fails the test when none comes.
  Frames receive() {
    std::array<zmq::pollitem_t, 1> items = {{{socket_.handle(), 0, ZMQ_POLLIN, 0}}};
    zmq::poll(items.data(), items.size(), std::chrono::seconds{20});
    auto frames = bus::receive(socket_);
    BOOST_REQUIRE_MESSAGE(frames, "nothing came within 20 seconds");
    Frames out;
    for (const auto& frame : *frames) out.emplace_back(bus::view(frame));
    return out;
  }
  bus::Reply ask(const bus::Request& request) {
    send({bus::encode(request)});
    return reply(request.operation);
  }
  bus::Reply reply(bus::Operation operation) {
    const auto frames = receive();
    BOOST_REQUIRE(frames.size() == 1u);
    auto reply = bus::decode_reply(frames[0], operation);
    BOOST_REQUIRE_MESSAGE(reply, (reply ? "" : reply.error().message));
    return std::move(*reply);
  }
  zmq::socket_t& socket() { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
};

struct Client : Peer {
  explicit Client(const RunningBroker& broker)
      : Peer(zmq::socket_type::dealer, broker.endpoints().service) {}

  bus::Reply ask_for(bus::Operation operation) {
    bus::Request request;
    request.id = ++id;
    request.operation = operation;
    auto answer = ask(request);
    BOOST_CHECK_EQUAL(answer.id, id);
    return answer;
  }
  bus::Reply publish(const std::vector<std::string>& events) {
    bus::Request request;
    request.id = ++id;
    request.operation = bus::Operation::publish;
    request.events.assign(events.begin(), events.end());
    return ask(request);
  }
  bus::Reply fetch(std::uint64_t from) {
    bus::Request request;
    request.id = ++id;
    request.operation = bus::Operation::fetch;
    request.from = from;
    request.prefixes = {"{"};
    request.bytes_max = 1 << 20;
    return ask(request);
  }
  std::string parameter(const std::string& name) {
    return ask_for(bus::Operation::parameters).parameters[name];
  }
  std::uint64_t id = 0;
};

// Gets everything. Once a watermark has come, its subscription is known to be there.
struct Subscriber : Peer {
  explicit Subscriber(const RunningBroker& broker)
      : Peer(zmq::socket_type::sub, broker.endpoints().events) {
    (void)next_watermark();
  }
  Frames next_other_than_watermarks() {
    for (;;)
      if (auto frames = receive(); frames[0] != bus::watermark_topic) return frames;
  }
  bus::Watermark next_watermark() {
    for (;;)
      if (const auto frames = receive(); frames[0] == bus::watermark_topic)
        return bus::decode_watermark(frames[1]).value();
  }
};

// A plain publisher: an XPUB, because it can see that the broker has subscribed.
struct Plain : Peer {
  explicit Plain(const RunningBroker& broker)
      : Peer(zmq::socket_type::xpub, broker.endpoints().publish) {
    BOOST_TEST(receive() == Frames{"\x01"}, boost::test_tools::per_element());
  }
};

}  // namespace sense
