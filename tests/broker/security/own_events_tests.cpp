// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <future>
#include <mutex>

#include "core/bus/bus.hpp"
#include "core/event/record.hpp"
#include "tests/broker/secured_broker.hpp"

// What a principal without the right to list reads of management events, at a real broker.
using namespace sense;
using namespace std::chrono_literals;

namespace {

const std::string management = "{urn:sense:management}";
const std::string mine =
    "publish: [\"{urn:a}*\"], subscribe: [\"{urn:a}*\", \"{urn:sense:management}*\"]";

struct OwnClient : KeyPeer {
  OwnClient(SecuredBroker& broker, const std::string& name)
      : KeyPeer(zmq::socket_type::dealer, broker.tcp().service, broker.keys(name),
                broker.public_key()),
        principal(name) {}

  void subscribe(const std::string& id) {
    auto wanted = make_subscription(id);
    wanted.owner = principal;
    wanted.types = {*TypePattern::parse("{urn:a}one")};
    wanted.expires = system_clock().now().wall + 1h;
    wanted.state = SubscriptionState::pending;
    const auto value = to_json(wanted, true);
    bus::Request put;
    put.id = ++last;
    put.operation = bus::Operation::put;
    put.kind = "subscription";
    put.key = id;
    put.value = value;
    const auto reply = ask(put);
    BOOST_REQUIRE_MESSAGE(reply.code == Code::noerror, reply.reason);
  }
  std::vector<std::string> fetched(const std::string& prefix = management) {
    bus::Request fetch;
    fetch.id = ++last;
    fetch.operation = bus::Operation::fetch;
    fetch.from = 1;
    fetch.prefixes = {prefix};
    fetch.bytes_max = 1 << 20;
    std::vector<std::string> subjects;
    const auto reply = ask(fetch);
    const auto records = split_records(reply.records);
    for (const auto& record : *records) subjects.push_back(decode_record(record)->subject);
    return subjects;
  }

  std::string principal;
  std::uint64_t last = 0;
};

using Subjects = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(own_events_tests)

BOOST_AUTO_TEST_CASE(fetch_tells_a_principal_of_its_own_subscriptions_alone) {
  SecuredBroker secured({{"shop", mine}, {"other", mine}, {"boss", mine + ", list: true"}});
  secured.broker().start();
  OwnClient shop(secured, "shop");
  OwnClient other(secured, "other");
  OwnClient boss(secured, "boss");
  shop.subscribe("s-1");
  other.subscribe("s-2");
  shop.subscribe("s-3");
  boss.subscribe("s-4");
  BOOST_TEST(shop.fetched() == (Subjects{"s-1", "s-3"}), boost::test_tools::per_element());
  BOOST_TEST(shop.fetched("{") == (Subjects{"s-1", "s-3"}), boost::test_tools::per_element());
  BOOST_TEST(other.fetched() == (Subjects{"s-2"}), boost::test_tools::per_element());
  BOOST_TEST(boss.fetched() == (Subjects{"s-1", "s-2", "s-3", "s-4"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_live_stream_gives_them_none_and_a_follower_its_own) {
  SecuredBroker secured({{"shop", mine}, {"other", mine}});
  secured.broker().start();
  OwnClient shop(secured, "shop");
  OwnClient other(secured, "other");
  KeySubscriber live(secured, "shop", {management, management + "subscription-created "});
  BusOptions options;
  options.service = secured.tcp().service;
  options.events = secured.tcp().events;
  options.keys = {secured.key_file("shop"), secured.public_key()};
  options.executor = [](const std::function<void()>& task) { task(); };
  auto bus = connect_zmq_bus(std::move(options));
  BOOST_REQUIRE(bus);
  std::mutex mutex;
  Subjects followed;
  std::promise<void> done;
  (*bus)->follow(0, {management}, [&](const Batch& batch) {
    const std::lock_guard lock(mutex);
    for (const auto& event : batch.events) {
      followed.push_back(event->subject);
      if (event->subject == "s-9") done.set_value();
    }
    (*bus)->resume();
  });
  for (int i = 1; i < 5; ++i) {
    shop.subscribe("s-" + std::to_string(i));
    other.subscribe("o-" + std::to_string(i));
  }
  shop.subscribe("s-9");
  BOOST_REQUIRE(done.get_future().wait_for(20s) == std::future_status::ready);
  (*bus)->close();
  bus->reset();
  BOOST_TEST(followed == (Subjects{"s-1", "s-2", "s-3", "s-4", "s-9"}),
             boost::test_tools::per_element());
  while (live.hears(0ms)) BOOST_CHECK_EQUAL(live.receive()[0], bus::watermark_topic);
  // It is no offence to ask.
  BOOST_CHECK_EQUAL(Client(secured.broker()).parameter("counter.broker.subscriptions.refused"), "");
}

BOOST_AUTO_TEST_CASE(losing_the_right_to_list_ends_the_live_subscription) {
  SecuredBroker secured({{"boss", mine + ", list: true"}, {"other", mine}});
  secured.broker().start();
  OwnClient other(secured, "other");
  KeySubscriber live(secured, "boss", {management});
  int made = 0;
  const auto hears = [&](std::chrono::steady_clock::time_point until) {
    while (std::chrono::steady_clock::now() < until) {
      other.subscribe("s-" + std::to_string(++made));
      while (live.hears(5ms))
        if (live.receive()[0] != bus::watermark_topic) return true;
    }
    return false;
  };
  using Steady = std::chrono::steady_clock;
  BOOST_REQUIRE(hears(Steady::now() + 20s));
  secured.allow({{"boss", mine}, {"other", mine}});
  const auto revoked = Steady::now();
  while (hears(Steady::now() + 300ms)) BOOST_REQUIRE(Steady::now() < revoked + 1500ms);
}

BOOST_AUTO_TEST_SUITE_END()
