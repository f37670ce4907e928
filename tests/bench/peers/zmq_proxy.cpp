// SPDX-License-Identifier: Apache-2.0
#include <zmq.hpp>

#include "tests/bench/harness/system_under_test.hpp"

// libzmq as it is: PUB -> zmq_proxy(XSUB, XPUB) -> SUB over tcp, each event a message of a topic
// frame and a data frame. Nothing is stored and nothing acknowledged. Sockets wait instead of
// dropping, since what is lost would count as fast.
namespace sense::bench {

namespace {

constexpr std::string_view topic("{urn:example:bench}event //bench.example/publisher\0", 51);

class ZmqProxy final : public SystemUnderTest {
 public:
  Result<pid_t> start(const Workload&, Children& children) override {
    for (auto* endpoint : {&publish_, &events_}) {
      const auto port = free_port();
      if (!port) return tl::unexpected(port.error());
      *endpoint = "tcp://127.0.0.1:" + std::to_string(*port);
    }
    return children.run("zmq_proxy", [this] {
      zmq::context_t context;
      zmq::socket_t in(context, zmq::socket_type::xsub);
      zmq::socket_t out(context, zmq::socket_type::xpub);
      out.set(zmq::sockopt::xpub_nodrop, true);
      in.bind(publish_);
      out.bind(events_);
      zmq::proxy(in, out);
      return Status{};
    });
  }

  Status publish(const Workload&, Sender& sender) override {
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::pub);
    socket.set(zmq::sockopt::xpub_nodrop, true);
    socket.connect(publish_);
    const auto send = [&](std::string_view data) {
      socket.send(zmq::buffer(topic), zmq::send_flags::sndmore);
      socket.send(zmq::buffer(data), zmq::send_flags::none);
    };
    sender.warm_up(send);
    while (const auto data = sender.next()) send(*data);
    socket.close();
    context.close();  // only when all has left
    return {};
  }

  Status subscribe(const Workload&, Receiver& receiver) override {
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::sub);
    socket.set(zmq::sockopt::subscribe, "{urn:example:bench}event ");
    socket.connect(events_);
    for (zmq::message_t frame;;) {
      if (!socket.recv(frame) || frame.more()) continue;
      receiver.take({static_cast<const char*>(frame.data()), frame.size()});
    }
  }

 private:
  std::string publish_;
  std::string events_;
};

}  // namespace

}  // namespace sense::bench

int main(int argc, char** argv) {
  sense::bench::ZmqProxy system;
  return sense::bench::run_system({argv + 1, argv + argc}, system);
}
