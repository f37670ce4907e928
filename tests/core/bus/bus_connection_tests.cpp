// SPDX-License-Identifier: Apache-2.0
#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <thread>

#include "tests/core/bus/bus_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

// A program that is not a broker listens at a broker's ipc:// endpoint: it asks each connection for
// the mechanism PLAIN, which libzmq takes for a mistake of the protocol, after which it does not
// connect again.
class ForeignListener {
 public:
  explicit ForeignListener(const std::string& endpoint)
      : acceptor_(io_, endpoint.substr(std::string_view("ipc://").size())) {
    thread_ = std::thread([this] { serve(); });
  }
  ~ForeignListener() {
    thread_.join();
    std::filesystem::remove(acceptor_.local_endpoint().path());
  }

 private:
  void serve() {
    std::string greeting("\xff\0\0\0\0\0\0\0\0\x7f\3\0PLAIN", 17);
    greeting.resize(64, '\0');
    auto peer = acceptor_.accept();
    boost::asio::write(peer, boost::asio::buffer(greeting));
    // Until it has seen it, and has closed the connection.
    boost::system::error_code end;
    for (std::string octets(64, '\0'); !end;) peer.read_some(boost::asio::buffer(octets), end);
  }

  boost::asio::io_context io_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bus_connection_tests)

BOOST_AUTO_TEST_CASE(events_wait_for_a_broker_that_comes_later) {
  RunningBroker broker;
  BusFixture fixture(broker);
  for (int i = 0; i < 50; ++i) fixture.post(std::to_string(i));
  BOOST_CHECK(!fixture.bus->connected());
  broker.start();
  fixture.loop.until([&] { return fixture.answered == 50; });
  BOOST_CHECK(fixture.errors.empty());
  BOOST_CHECK_EQUAL(*fixture.sequences.rbegin(), 50u);
}

BOOST_AUTO_TEST_CASE(request_without_a_broker_times_out_with_the_endpoint) {
  RunningBroker broker;
  BusFixture fixture(broker, [](BusOptions& options) { options.request_timeout = 100ms; });
  const auto answer = fixture.wait<std::map<std::string, std::string>>(
      [&](auto done) { fixture.bus->parameters(done); });
  BOOST_REQUIRE(!answer);
  BOOST_CHECK(answer.error().code == Code::timeout);
  BOOST_CHECK_NE(answer.error().message.find(broker.endpoints().service), std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_endpoint_is_an_error) {
  BusOptions options;
  options.service = "nonsense";
  options.events = "ipc:///tmp/none";
  options.executor = [](const std::function<void()>&) {};
  const auto bus = connect_zmq_bus(options);
  BOOST_REQUIRE(!bus);
  BOOST_CHECK_NE(bus.error().message.find("nonsense"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(broker_is_found_after_another_program_at_its_endpoints) {
  RunningBroker broker;
  std::optional<BusFixture> fixture;
  {
    const ForeignListener service(broker.endpoints().service);
    const ForeignListener events(broker.endpoints().events);
    fixture.emplace(broker, [](BusOptions& options) { options.reconnect_after = 1s; });
    fixture->follow(0, {"{urn:a}"});
    fixture->post("1");
  }
  broker.start();
  fixture->loop.until([&] { return fixture->position == 1; });
  // By the stream, since a fetch would have come without it.
  fixture->post("2");
  fixture->loop.until([&] { return fixture->position == 2; });
  BOOST_CHECK(fixture->errors.empty());
  BOOST_CHECK(fixture->followed == (std::vector<std::string>{"1", "2"}));
}

BOOST_AUTO_TEST_SUITE_END()
