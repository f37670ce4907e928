// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_control.hpp"

#include <boost/test/unit_test.hpp>

#include "core/bus/keys.hpp"
#include "core/bus/zmq_socket.hpp"
#include "tests/broker/secured_broker.hpp"

// Who is admitted to a broker's sockets, and when.
using namespace sense;
using namespace std::chrono_literals;

namespace {

// The sockets of a broker, which are not open yet.
struct Sockets {
  Sockets() {
    BOOST_REQUIRE(write_key_file(files / "broker.key", "broker", make_key_pair().value()));
    std::ofstream(files / "allow.yaml") << "principals:\n";
    std::filesystem::permissions(files / "allow.yaml", std::filesystem::perms(0600));
    BOOST_REQUIRE(settings.set("key-file", files / "broker.key"));
    BOOST_REQUIRE(settings.set("access-file", files / "allow.yaml"));
  }
  Status open() {
    return access.open({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "tcp://127.0.0.1:*"}, settings,
                       service, events, publish);
  }

  TemporaryFolder files;
  Settings settings = Settings::defaults(broker_options());
  zmq::context_t context;
  Counters counters;
  AuditTrail audit{{10, 100}, counters};
  zmq::socket_t service = bus::make_socket(context, zmq::socket_type::router, 1024).value();
  zmq::socket_t events;
  zmq::socket_t publish = bus::make_socket(context, zmq::socket_type::xsub, 1024).value();
  AccessControl access{context, counters, audit};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(access_control_tests)

BOOST_AUTO_TEST_CASE(broker_does_not_open_when_the_random_key_gets_no_verdict) {
  BOOST_CHECK(Sockets().open().has_value());
  for (const bool of_service : {true, false}) {
    Sockets sockets;
    // It takes no connection of this machine.
    auto& socket = of_service ? sockets.service : sockets.publish;
    const std::string others = "192.0.2.0/24";
    BOOST_REQUIRE_EQUAL(
        zmq_setsockopt(socket.handle(), ZMQ_TCP_ACCEPT_FILTER, others.data(), others.size()), 0);
    const auto begun = std::chrono::steady_clock::now();
    const auto status = sockets.open();
    BOOST_REQUIRE(!status);
    BOOST_CHECK_NE(status.error().message.find("no result within 3000 ms"), std::string::npos);
    BOOST_CHECK(std::chrono::steady_clock::now() - begun < 6s);
  }
}

BOOST_AUTO_TEST_CASE(waiting_peer_is_admitted_once_the_access_file_names_its_key) {
  static_assert(Authenticator::look_interval <= 200ms);
  SecuredBroker secured(SecuredBroker::Principals{});
  secured.broker().start();
  KeyPeer waiting(zmq::socket_type::dealer, secured.tcp().service, secured.keys("shop"),
                  secured.public_key());
  bus::Request ping;
  ping.id = 7;
  waiting.send({bus::encode(ping)});
  Client local(secured.broker());
  while (local.parameter("counter.broker.keys.unknown").empty()) {
  }
  BOOST_CHECK(!waiting.hears(0ms));
  secured.allow({{"shop", "publish: []"}});
  BOOST_CHECK_EQUAL(waiting.reply(bus::Operation::ping).id, 7U);
  // No client learns where the file lies.
  BOOST_CHECK_EQUAL(local.parameter("access-file"), "");
}

BOOST_AUTO_TEST_SUITE_END()
