// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"

// What a foreign ZeroMQ proxy may send to the broker that has connected to it, and gets from it.
using namespace sense;

namespace {

// The foreign proxy's two endpoints, and a broker that is connected to both.
class ForeignProxy {
 public:
  explicit ForeignProxy(bool may_send, const std::string& access = {},
                        zmq::socket_type given = zmq::socket_type::sub)
      : given_(given), broker_([=, this](BrokerConfig& config) {
          config.endpoints.external = {at("x"), at("y"), {"take"}, {"give"}, "urn:plant", may_send};
          if (access.empty()) return;
          std::ofstream(files_ / "allow.yaml") << "principals:\n" << access;
          std::filesystem::permissions(files_ / "allow.yaml", std::filesystem::perms(0600));
          BOOST_REQUIRE(config.settings.set("access-file", files_ / "allow.yaml"));
        }) {
    events_.socket().bind(at("x"));
    if (given == zmq::socket_type::sub) given_.socket().set(zmq::sockopt::subscribe, "");
    given_.socket().bind(at("y"));
    broker_.start();
    BOOST_CHECK_EQUAL(events_.receive().at(0), "\x01take");  // the broker's subscription is there
  }

  // Sends them, and waits until the broker has stored or refused each. Answers how many it stored.
  std::uint64_t stored(const std::vector<std::string>& topics) {
    for (const auto& topic : topics) events_.send({topic, "data"});
    Client client(broker_);
    const auto count = [&](const char* name) {
      const auto text = client.parameter(name);
      return text.empty() ? std::uint64_t{0} : std::stoull(text);
    };
    std::uint64_t events = 0;
    do {
      events = count("counter.broker.events") - count("counter.broker.audit.refused");
    } while (events + count("counter.broker.events.refused") < topics.size());
    return events;
  }
  RunningBroker& broker() { return broker_; }
  Peer& given() { return given_; }

 private:
  [[nodiscard]] std::string at(const char* name) const { return "ipc://" + (files_ / name); }

  TemporaryFolder files_;
  Peer events_{zmq::socket_type::xpub};
  Peer given_;
  RunningBroker broker_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(external_link_tests)

BOOST_AUTO_TEST_CASE(that_the_broker_opened_the_connection_is_the_permission_to_send) {
  BOOST_CHECK_EQUAL(ForeignProxy(true).stored({"take", "take/2"}), 2U);
}

BOOST_AUTO_TEST_CASE(without_that_permission_nothing_is_taken) {
  BOOST_CHECK_EQUAL(ForeignProxy(false).stored({"take", "take/2"}), 0U);
}

BOOST_AUTO_TEST_CASE(the_access_file_says_what_external_may_send_either_way) {
  const std::string entry = "  - {name: external, publish: [\"{urn:plant}take\"]}\n";
  for (const bool may_send : {true, false})
    BOOST_CHECK_EQUAL(ForeignProxy(may_send, entry).stored({"take", "take/2", "taken"}), 1U);
}

BOOST_AUTO_TEST_CASE(what_is_for_some_principals_only_is_not_given) {
  ForeignProxy proxy(true);
  Client client(proxy.broker());
  // Until the broker's connection is there, what it gives is lost.
  std::array<zmq::pollitem_t, 1> items = {{{proxy.given().socket().handle(), 0, ZMQ_POLLIN, 0}}};
  for (int count = 0; zmq::poll(items.data(), 1, std::chrono::milliseconds{50}) == 0; ++count) {
    BOOST_REQUIRE_LT(count, 400);
    client.publish({encode(make_event("open" + std::to_string(count), "{urn:plant}give.open"))});
  }
  auto limited = make_event("limited", "{urn:plant}give.limited");
  limited.except = {"ann"};
  client.publish({encode(limited), encode(make_event("end", "{urn:plant}give.end"))});
  for (auto topic = proxy.given().receive().at(0); topic != "give.end";
       topic = proxy.given().receive().at(0))
    BOOST_CHECK_EQUAL(topic, "give.open");
}

BOOST_AUTO_TEST_CASE(what_comes_by_external_publish_is_no_event) {
  ForeignProxy proxy(true, {}, zmq::socket_type::xsub);
  Client client(proxy.broker());
  proxy.given().send({"\x01give"});
  std::array<zmq::pollitem_t, 1> items = {{{proxy.given().socket().handle(), 0, ZMQ_POLLIN, 0}}};
  for (int count = 0; zmq::poll(items.data(), 1, std::chrono::milliseconds{50}) == 0; ++count) {
    BOOST_REQUIRE_LT(count, 400);
    client.publish({encode(make_event("open" + std::to_string(count), "{urn:plant}give.open"))});
  }
  const auto head = client.ask_for(bus::Operation::head).head;
  for (int i = 0; i < 100; ++i) proxy.given().send({"take", "data"});
  for (int i = 0; i < 100; ++i) proxy.given().send({encode(make_event("x", "{urn:plant}take"))});
  (void)proxy.stored({"take/2"});
  auto after = head;
  while (after == head) after = client.ask_for(bus::Operation::head).head;
  BOOST_CHECK_EQUAL(after, head + 1);
}

BOOST_AUTO_TEST_SUITE_END()
