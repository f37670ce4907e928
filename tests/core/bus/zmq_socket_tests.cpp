// SPDX-License-Identifier: Apache-2.0
#include "core/bus/zmq_socket.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace std::chrono_literals;
using bus::Sent;

namespace {

constexpr std::size_t message_max = 1024;

zmq::socket_t make(zmq::context_t& context, zmq::socket_type type) {
  return bus::make_socket(context, type, message_max).value();
}

// A ROUTER as the broker has it, bound, and one client whose routing id it knows.
struct RouterFixture {
  RouterFixture() {
    router.set(zmq::sockopt::router_mandatory, 1);
    router.set(zmq::sockopt::sndhwm, 1);
    router.bind(endpoint);
    client.set(zmq::sockopt::rcvhwm, 1);
    client.connect(endpoint);
    BOOST_REQUIRE(bus::send(client, {"hello"}) == Sent::queued);
    std::array<zmq::pollitem_t, 1> items = {{bus::readable(router)}};
    while ((items[0].revents & ZMQ_POLLIN) == 0) BOOST_REQUIRE(bus::poll(items, 1s));
    peer = bus::view(bus::receive(router).value()[0]);
  }
  TemporaryFolder folder;
  const std::string endpoint = "ipc://" + (folder / "s");
  zmq::context_t context;
  zmq::socket_t router = make(context, zmq::socket_type::router);
  zmq::socket_t client = make(context, zmq::socket_type::dealer);
  std::string peer;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_socket_tests)

BOOST_AUTO_TEST_CASE(signal_ends_waiting_without_a_failure) {
  zmq::context_t context;
  auto socket = make(context, zmq::socket_type::router);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};  // without SA_RESTART
  BOOST_REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  std::atomic<bool> done = false;
  std::thread sender([&, waiting = ::pthread_self()] {
    while (!done.load()) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::yield();
    }
  });
  std::array<zmq::pollitem_t, 1> items = {{bus::readable(socket)}};
  const auto start = std::chrono::steady_clock::now();
  const auto status = bus::poll(items, 20s);
  const auto waited = std::chrono::steady_clock::now() - start;
  done.store(true);
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  BOOST_CHECK(status.has_value());
  BOOST_CHECK_EQUAL(items[0].revents, 0);
  BOOST_CHECK(waited < 10s);
}

BOOST_AUTO_TEST_CASE(broken_socket_fails_the_waiting_and_is_no_interruption) {
  zmq::context_t context;
  auto socket = make(context, zmq::socket_type::router);
  context.shutdown();
  std::array<zmq::pollitem_t, 1> items = {{bus::readable(socket)}};
  items[0].revents = ZMQ_POLLIN;
  const auto status = bus::poll(items, 20s);
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == Code::system);
  BOOST_CHECK_NE(status.error().message.find("Context was terminated"), std::string::npos);
  BOOST_CHECK_EQUAL(items[0].revents, 0);
  BOOST_CHECK(!bus::receive(socket));
  BOOST_CHECK(bus::send(socket, {"peer", "x"}) == Sent::unsent);
}

BOOST_AUTO_TEST_CASE(socket_that_is_not_there_is_never_ready_and_takes_nothing) {
  zmq::socket_t none;
  std::array<zmq::pollitem_t, 1> items = {{bus::readable(none)}};
  BOOST_CHECK(bus::poll(items, 1ms).has_value());
  BOOST_CHECK_EQUAL(items[0].revents, 0);
  BOOST_CHECK(bus::send(none, {"x"}) == Sent::unsent);
}

BOOST_AUTO_TEST_CASE(lack_of_descriptors_is_a_value) {
  zmq::context_t context;
  context.set(zmq::ctxopt::max_sockets, 1);
  auto first = bus::make_socket(context, zmq::socket_type::router, message_max);
  BOOST_REQUIRE(first.has_value());
  const auto second = bus::make_socket(context, zmq::socket_type::router, message_max);
  BOOST_REQUIRE(!second);
  BOOST_CHECK(second.error().code == Code::nomoreroom);
  BOOST_CHECK_NE(second.error().message.find("ulimit"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(full_queue_and_absent_peer_differ) {
  RouterFixture fixture;
  BOOST_CHECK(bus::send(fixture.router, {"absent", "x"}) == Sent::gone);
  const std::string octets(1000, 'x');
  auto sent = Sent::queued;
  for (int i = 0; i < 100'000 && sent == Sent::queued; ++i)
    sent = bus::send(fixture.router, {fixture.peer, octets});
  BOOST_CHECK(sent == Sent::unsent);
  fixture.client.close();
  while (sent == Sent::unsent || sent == Sent::queued)
    sent = bus::send(fixture.router, {fixture.peer, octets});
  BOOST_CHECK(sent == Sent::gone);
}

BOOST_AUTO_TEST_SUITE_END()
