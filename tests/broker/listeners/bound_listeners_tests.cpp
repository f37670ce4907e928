// SPDX-License-Identifier: Apache-2.0
#include "broker/listeners/bound_listeners.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "broker/security/zap.hpp"
#include "tests/broker/peers.hpp"

using namespace sense;

namespace {

// A broker's ROUTER in virtual time, with one ipc listener.
struct Fixture {
  Fixture() {
    BOOST_REQUIRE(listeners.open(socket, {{endpoint, "service"}}).has_value());
    BOOST_REQUIRE(listeners.tick(clock.now().mono));
  }
  bool pass(Duration time) {
    clock.advance(time);
    return listeners.tick(clock.now().mono);
  }
  // Sends to the endpoint until the socket has received it.
  void until_reached() {
    Peer client(zmq::socket_type::dealer, endpoint);
    std::array<zmq::pollitem_t, 1> items = {{{socket.handle(), 0, ZMQ_POLLIN, 0}}};
    do {
      (void)pass(BoundListeners::look_interval);
      client.send({"hello"});
    } while (zmq::poll(items.data(), items.size(), std::chrono::milliseconds{50}) == 0);
  }
  [[nodiscard]] std::uint64_t lost() { return counters["broker.listeners.lost"].load(); }

  TemporaryFolder folder;
  const std::string path = folder / "deep/s";
  const std::string endpoint = "ipc://" + path;
  zmq::context_t context;
  Counters counters;
  // Without one, the listeners accept no connection.
  std::unique_ptr<Authenticator> authenticator = *Authenticator::start(context, "", counters);
  zmq::socket_t socket{context, zmq::socket_type::router};
  VirtualClock clock;
  BoundListeners listeners{counters};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bound_listeners_tests)

BOOST_AUTO_TEST_CASE(a_removed_socket_file_is_there_again_within_a_second) {
  Fixture fixture;
  for (int i = 0; i < 3; ++i) {
    std::filesystem::remove_all(fixture.folder / "deep");
    BOOST_CHECK(fixture.pass(BoundListeners::look_interval));
    BOOST_CHECK(std::filesystem::is_socket(fixture.path));
  }
  BOOST_CHECK_EQUAL(fixture.lost(), 3U);
  BOOST_CHECK_EQUAL(fixture.listeners.endpoints(), fixture.endpoint);
}

BOOST_AUTO_TEST_CASE(an_untouched_listener_is_left_alone) {
  Fixture fixture;
  for (int i = 0; i < 10; ++i) BOOST_CHECK(fixture.pass(BoundListeners::look_interval));
  BOOST_CHECK_EQUAL(fixture.lost(), 0U);
}

BOOST_AUTO_TEST_CASE(a_file_on_which_another_process_listens_is_left_to_it) {
  Fixture fixture;
  std::filesystem::remove(fixture.path);
  {
    zmq::socket_t other(fixture.context, zmq::socket_type::router);
    BOOST_REQUIRE(bus::bind(other, fixture.endpoint).has_value());
    const auto theirs = std::filesystem::last_write_time(fixture.path);
    for (int i = 0; i < 3; ++i) (void)fixture.pass(BoundListeners::look_interval);
    BOOST_CHECK(std::filesystem::last_write_time(fixture.path) == theirs);
    BOOST_CHECK_EQUAL(fixture.lost(), 1U);
  }
  fixture.until_reached();
}

BOOST_AUTO_TEST_CASE(files_that_are_removed_again_and_again_cost_a_bounded_number_of_listeners) {
  Fixture fixture;
  for (int i = 0; i <= BoundListeners::restored_max; ++i) {
    std::filesystem::remove(fixture.path);
    BOOST_CHECK(fixture.pass(BoundListeners::look_interval));
  }
  BOOST_CHECK(!std::filesystem::exists(fixture.path));
  BOOST_CHECK_EQUAL(fixture.lost(), static_cast<unsigned>(BoundListeners::restored_max));
}

BOOST_AUTO_TEST_CASE(a_replaced_socket_is_bound_once_the_old_one_is_closed) {
  Fixture fixture;
  zmq::socket_t old(fixture.context, zmq::socket_type::router);
  std::swap(old, fixture.socket);
  fixture.listeners.on_replaced(fixture.clock.now().mono);
  BOOST_CHECK(!fixture.pass(std::chrono::milliseconds{5}));
  old.close();
  while (!fixture.pass(Duration{1})) std::this_thread::yield();
  fixture.until_reached();
  BOOST_CHECK_EQUAL(fixture.lost(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
