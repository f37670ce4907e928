// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <zmq.hpp>

#include "core/bus/zmq_socket.hpp"
#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"

using namespace sense;
using bus::Operation;

BOOST_AUTO_TEST_SUITE(broker_endpoints_tests)

BOOST_AUTO_TEST_CASE(second_broker_on_the_same_folder_is_refused) {
  RunningBroker broker;
  broker.start();
  auto config = broker.config();
  for (auto* endpoint :
       {&config.endpoints.service, &config.endpoints.events, &config.endpoints.publish})
    *endpoint += "2";
  const auto second = Broker::start(config);
  BOOST_REQUIRE(!second);
  BOOST_CHECK(second.error().code == Code::addrnotavail);
  BOOST_CHECK_NE(second.error().message.find(config.data), std::string::npos);
  BOOST_CHECK(Client(broker).ask_for(Operation::ping).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(second_broker_on_the_same_endpoints_is_refused) {
  RunningBroker broker;
  broker.start();
  auto config = broker.config();
  config.data += "2";
  const auto second = Broker::start(config);
  BOOST_REQUIRE(!second);
  BOOST_CHECK(second.error().code == Code::addrnotavail);
  BOOST_CHECK_NE(second.error().message.find(config.endpoints.service), std::string::npos);
  BOOST_CHECK(Client(broker).ask_for(Operation::ping).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(socket_files_that_a_dead_broker_left_are_no_obstacle) {
  RunningBroker broker;
  {
    zmq::context_t context;
    auto socket = bus::make_socket(context, zmq::socket_type::router, 1024).value();
    BOOST_REQUIRE(bus::bind(socket, broker.endpoints().service + "x"));
  }
  // A socket file without a process, as after kill -9.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (broker.folder() / "s").copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  broker.start();
  BOOST_CHECK(Client(broker).ask_for(Operation::ping).code == Code::noerror);
}

// A cleaner of /run or a script removes them: clients that are connected go on, and new ones find
// the broker.
BOOST_AUTO_TEST_CASE(a_broker_whose_socket_files_were_removed_is_found_again) {
  RunningBroker broker;
  broker.start();
  Client before(broker);
  (void)before.publish({encode(make_event("1"))});
  for (const auto* name : {"s", "e", "p"}) std::filesystem::remove(broker.folder() / name);
  Client after(broker);
  BOOST_CHECK_EQUAL(after.publish({encode(make_event("2"))}).published[0].sequence, 2u);
  Subscriber subscriber(broker);
  Plain plain(broker);
  BOOST_CHECK_EQUAL(before.publish({encode(make_event("3"))}).published[0].sequence, 3u);
  BOOST_CHECK_EQUAL(subscriber.next_other_than_watermarks()[0], topic_of(make_event("3")));
  BOOST_CHECK_EQUAL(after.parameter("counter.broker.listeners.lost"), "3");
}

BOOST_AUTO_TEST_CASE(endpoint_that_cannot_be_had_is_named) {
  RunningBroker broker;
  auto config = broker.config();
  config.endpoints.events = "ipc:///proc/none/e";
  const auto started = Broker::start(config);
  BOOST_REQUIRE(!started);
  BOOST_CHECK_NE(started.error().message.find("ipc:///proc/none/e"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_folder_with_a_comma_in_its_name_holds_one_socket_for_each_role) {
  RunningBroker broker([](BrokerConfig& config) {
    for (auto* endpoint :
         {&config.endpoints.service, &config.endpoints.events, &config.endpoints.publish})
      endpoint->insert(endpoint->rfind('/'), "/a, b");
  });
  broker.start();
  BOOST_CHECK(std::filesystem::is_socket(broker.folder() / "a, b/s"));
  Peer client(zmq::socket_type::dealer, broker.bound().service);
  bus::Request ping;
  ping.id = 1;
  BOOST_CHECK(client.ask(ping).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(folder_of_the_sockets_is_for_its_user_alone_unless_it_was_there) {
  TemporaryFolder folder;
  const auto mode_of = [&](const std::string& name) {
    struct stat found {};
    BOOST_REQUIRE(::stat((folder / name).c_str(), &found) == 0);
    return found.st_mode & 0777U;
  };
  std::filesystem::create_directory(folder / "there");
  BOOST_REQUIRE_EQUAL(::chmod((folder / "there").c_str(), 0750), 0);
  const auto before = ::umask(0);
  for (const std::string name : {"made", "there"}) {
    RunningBroker broker([&](BrokerConfig& config) {
      const auto at = "ipc://" + (folder / name);
      config.endpoints = {at + "/s", at + "/e", at + "/p"};
    });
    broker.start();
  }
  ::umask(before);
  BOOST_CHECK_EQUAL(mode_of("made"), 0700U);
  BOOST_CHECK_EQUAL(mode_of("there"), 0750U);
}

BOOST_AUTO_TEST_SUITE_END()
