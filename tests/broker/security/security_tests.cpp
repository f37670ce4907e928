// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// Unauthenticated peers and principals at the sockets of a real broker, over tcp:// with CURVE.
using namespace sense;
using namespace std::chrono_literals;
using namespace std::string_literals;
using bus::Operation;

namespace {

using Steady = SecuredBroker::Steady;
using Principals = SecuredBroker::Principals;

bus::Request publish(const std::vector<std::string>& events) {
  bus::Request request;
  request.id = 1;
  request.operation = Operation::publish;
  request.events.assign(events.begin(), events.end());
  return request;
}

bus::Request fetch_all() {
  bus::Request request;
  request.id = 1;
  request.operation = Operation::fetch;
  request.from = 1;
  request.prefixes = {"{"};
  request.bytes_max = 1 << 20;
  return request;
}

bus::Request registry(Operation operation, std::string_view kind, std::string_view key,
                      std::string_view value = {}) {
  bus::Request request;
  request.id = 1;
  request.operation = operation;
  request.kind = kind;
  request.key = key;
  request.value = value;
  request.limit = 10;
  return request;
}

std::string subscription(const std::string& id, const std::string& owner,
                         const std::string& type = "{urn:a}one") {
  auto made = make_subscription(id);
  made.owner = owner;
  made.types = {TypePattern::parse(type).value()};
  return to_json(made, true);
}

struct KeyClient : KeyPeer {
  KeyClient(SecuredBroker& broker, const std::string& name)
      : KeyPeer(zmq::socket_type::dealer, broker.tcp().service, broker.keys(name),
                broker.public_key()) {}
  Code code(const bus::Request& request) { return ask(request).code; }
  Code publish_one(const std::string& octets) {
    const std::vector<std::string> events = {octets};
    const auto reply = ask(publish(events));
    return reply.code != Code::noerror ? reply.code : reply.published.at(0).code;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(security_tests)

BOOST_AUTO_TEST_CASE(a_principal_with_rights_publishes_fetches_and_hears_and_is_stamped) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"{urn:a}*\"], subscribe: [\"{urn:a}*\"]"}});
  secured.broker().start();
  KeyClient shop(secured, "shop");
  KeySubscriber live(secured, "shop", {"{urn:a}one "});
  BOOST_CHECK(shop.publish_one(encoded_event("1")) == Code::noerror);
  for (;;) {
    const auto frames = live.receive();
    if (frames[0] == bus::watermark_topic) continue;
    BOOST_CHECK_EQUAL(split_records(frames[1])->front().principal, "shop");
    break;
  }
  const auto fetched = shop.ask(fetch_all());
  BOOST_CHECK_EQUAL(split_records(fetched.records)->front().principal, "shop");
}

BOOST_AUTO_TEST_CASE(unauthenticated_peers_get_no_answer_on_any_socket_and_are_counted) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"*\"], subscribe: [\"*\"]"}});
  secured.broker().start();
  const auto unknown_key = make_key_pair().value();
  const auto tcp = secured.tcp();
  KeyPeer dealer(zmq::socket_type::dealer, tcp.service, unknown_key, secured.public_key());
  dealer.send({bus::encode(publish({}))});
  KeyPeer sub(zmq::socket_type::sub, tcp.events, unknown_key, secured.public_key(), {""});
  Peer plain(zmq::socket_type::dealer, tcp.service);
  plain.send({bus::encode(publish({}))});
  Client local(secured.broker());
  while (local.parameter("counter.broker.keys.unknown").empty() ||
         std::stoi(local.parameter("counter.broker.keys.unknown")) < 3) {
  }
  BOOST_CHECK(!dealer.hears(100ms));
  BOOST_CHECK(!sub.hears(100ms));
  BOOST_CHECK(local.ask_for(Operation::ping).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(keys_without_an_access_file_entry_and_wrong_broker_keys_are_refused) {
  SecuredBroker secured(Principals{});
  secured.broker().start();
  const auto other = make_key_pair().value();
  KeyPeer unknown(zmq::socket_type::dealer, secured.tcp().service, secured.keys("unknown"),
                  secured.public_key());
  KeyPeer deceived(zmq::socket_type::dealer, secured.tcp().service, secured.keys("unknown"),
                   other.public_key);
  unknown.send({"x"});
  deceived.send({"x"});
  BOOST_CHECK(!unknown.hears(300ms));
  BOOST_CHECK(!deceived.hears(300ms));
}

BOOST_AUTO_TEST_CASE(each_operation_asks_for_its_right) {
  SecuredBroker secured(Principals{{"shop",
                                    "publish: [\"{urn:a}*\"], subscribe: [{type: \"{urn:a}one\", "
                                    "source: //h/p/**}]"},
                                   {"boss",
                                    "publish: [\"*\"], subscribe: [\"*\"], route: [\"*\"], "
                                    "manage: true"}});
  secured.broker().start();
  KeyClient shop(secured, "shop");
  KeyClient boss(secured, "boss");

  BOOST_CHECK(shop.publish_one(encoded_event("1")) == Code::noerror);
  BOOST_CHECK((shop.publish_one(encoded_event("2", "{urn:b}one")) == Code::noaccess));
  auto routed = make_event("3");
  routed.type = QName::parse("{urn:a}one").value();
  routed.audience = {"ops"};
  BOOST_CHECK(shop.publish_one(encode(routed)) == Code::noaccess);
  BOOST_CHECK(boss.publish_one(encode(routed)) == Code::noerror);
  BOOST_CHECK((boss.publish_one(encoded_event("4", "{urn:b}one")) == Code::noerror));
  BOOST_CHECK((boss.publish_one(encoded_event("5", "{urn:a}one", "//h/q")) == Code::noerror));

  // FETCH: what may not be read is left out, and the position goes past it.
  const auto fetched = shop.ask(fetch_all());
  BOOST_CHECK_EQUAL(split_records(fetched.records)->size(), 1u);
  BOOST_CHECK_EQUAL(fetched.next, 7U);  // two refusals are audited
  BOOST_CHECK_EQUAL(split_records(boss.ask(fetch_all()).records)->size(), 4u);

  const auto put = [](const std::string& key, const std::string& value) {
    return registry(Operation::put, "subscription", key, value);
  };
  const auto narrow = [](const std::string& id, const std::string& owner, const std::string& type) {
    auto made = subscription_from_json(subscription(id, owner, type)).value();
    made.sources = {SourcePattern::parse("//h/p/**").value()};
    made.state = SubscriptionState::pending;
    made.expires = system_clock().now().wall + 1h;
    return to_json(made, true);
  };
  BOOST_CHECK((shop.code(put("s-1", narrow("s-1", "shop", "{urn:a}one"))) == Code::noerror));
  BOOST_CHECK((shop.code(put("s-2", narrow("s-2", "boss", "{urn:a}one"))) == Code::noaccess));
  BOOST_CHECK((shop.code(put("s-2", narrow("s-2", "", "{urn:a}one"))) == Code::noaccess));
  BOOST_CHECK((shop.code(put("s-3", narrow("s-3", "shop", "{urn:a}two"))) == Code::noaccess));
  BOOST_CHECK(shop.code(put("s-3", subscription("s-3", "shop"))) == Code::noaccess);
  BOOST_CHECK(shop.code(put("s-3", "rubbish")) != Code::noerror);
  BOOST_CHECK(boss.code(put("s-4", subscription("s-4", "another", "*"))) == Code::noerror);

  const auto get = [](const std::string& key) {
    return registry(Operation::get, "subscription", key);
  };
  BOOST_CHECK(shop.code(get("s-1")) == Code::noerror);
  const auto hidden = shop.ask(get("s-4"));
  const auto absent = shop.ask(get("s-5"));
  BOOST_CHECK(hidden.code == Code::notfound);
  BOOST_CHECK_EQUAL(hidden.reason, absent.reason);
  BOOST_CHECK(boss.code(get("s-1")) == Code::noerror);
  const auto own = shop.ask(registry(Operation::list, "subscription", ""));
  BOOST_CHECK(own.own_only);
  BOOST_REQUIRE(own.entries.size() == 1u);
  BOOST_CHECK_EQUAL(own.entries[0].key, "s-1");
  BOOST_CHECK(shop.code(registry(Operation::list, "gateway", "")) == Code::noaccess);
  BOOST_CHECK_EQUAL(boss.ask(registry(Operation::list, "subscription", "")).entries.size(), 2u);

  BOOST_CHECK((shop.code(registry(Operation::put, "gateway", "http", "{}")) == Code::noaccess));
  BOOST_CHECK((boss.code(registry(Operation::put, "gateway", "http", "{}")) == Code::noerror));
  BOOST_CHECK(shop.code(registry(Operation::remove, "gateway", "http")) == Code::noaccess);
  BOOST_CHECK(shop.code(registry(Operation::remove, "subscription", "s-4")) == Code::noaccess);
  BOOST_CHECK(shop.code(registry(Operation::remove, "subscription", "s-1")) == Code::noerror);
  BOOST_CHECK(shop.code(registry(Operation::ping, "", "")) == Code::noerror);
}

BOOST_AUTO_TEST_CASE(a_principal_cannot_publish_as_another) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"*\"], subscribe: [\"*\"]"}});
  secured.broker().start();
  // What a record and a registry entry look like is of no use: the broker stamps both itself.
  KeyClient shop(secured, "shop");
  std::string record;
  append_record(record, {1, WallTime{}, "boss", encoded_event("1")});
  BOOST_CHECK(shop.publish_one(record) != Code::noerror);
  auto spoofed = make_event("2");
  spoofed.extensions.emplace("by", "boss"s);
  BOOST_CHECK(shop.publish_one(encode(spoofed)) == Code::noerror);
  const auto records = shop.ask(fetch_all()).records;
  BOOST_CHECK_EQUAL(split_records(records)->front().principal, "shop");
}

BOOST_AUTO_TEST_CASE(plain_publishers_need_rights_too) {
  SecuredBroker secured(
      Principals{{"shop", "publish: [\"{urn:a}*\"]"}, {"any", "publish: [\"*\"]"}});
  secured.broker().start();
  Subscriber everything(secured.broker());
  const auto join = [&](const std::string& name) {
    auto peer = std::make_unique<KeyPeer>(zmq::socket_type::xpub, secured.tcp().publish,
                                          secured.keys(name), secured.public_key());
    BOOST_TEST(peer->receive() == Frames{"\x01"}, boost::test_tools::per_element());
    return peer;
  };
  const auto shop = join("shop");
  const auto any = join("any");
  const auto topic = [](const std::string& type) { return type + " //h/p/4\0"s; };
  shop->send({"news", "forbidden"});
  shop->send({topic("{urn:b}one"), encoded_event("1", "{urn:b}one")});
  shop->send({topic("{urn:a}one"), encoded_event("2")});
  auto frames = everything.next_other_than_watermarks();
  BOOST_CHECK_EQUAL(frames[0], topic("{urn:a}one"));
  BOOST_CHECK_EQUAL(split_records(frames[1])->front().principal, "shop");
  any->send({"news", "allowed"});
  BOOST_TEST(everything.next_other_than_watermarks() == (Frames{"news", "allowed"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(removed_principal_is_refused_on_its_open_connections_within_a_second) {
  const auto rights = "publish: [\"*\"], subscribe: [\"*\"]"s;
  SecuredBroker secured(Principals{{"shop", rights}});
  secured.broker().start();
  KeyClient shop(secured, "shop");
  KeyPeer plain(zmq::socket_type::xpub, secured.tcp().publish, secured.keys("shop"),
                secured.public_key());
  BOOST_TEST(plain.receive() == Frames{"\x01"}, boost::test_tools::per_element());
  BOOST_CHECK(shop.publish_one(encoded_event("1")) == Code::noerror);
  secured.allow({});
  const auto revoked = Steady::now();
  while (shop.code(registry(Operation::ping, "", "")) == Code::noerror) {
  }
  BOOST_CHECK(Steady::now() - revoked < 1s);
  BOOST_CHECK(shop.publish_one(encoded_event("2")) == Code::noaccess);
  BOOST_CHECK(shop.code(fetch_all()) == Code::noaccess);
  plain.send({"news", "x"});
  Client local(secured.broker());
  while (std::stoi("0" + local.parameter("counter.broker.plain.refused")) < 1) {
  }
  // Allowed again, on the same connection.
  secured.allow({{"shop", rights}});
  while (shop.code(registry(Operation::ping, "", "")) != Code::noerror) {
  }
  BOOST_CHECK(shop.publish_one(encoded_event("3")) == Code::noerror);
}

BOOST_AUTO_TEST_CASE(a_replaced_key_is_worth_nothing_also_on_open_connections) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"*\"]"}});
  secured.broker().start();
  KeyClient stolen(secured, "shop");
  BOOST_CHECK(stolen.publish_one(encoded_event("1")) == Code::noerror);
  secured.write_access_file("principals:\n  - {name: shop, publish: [\"*\"], key: \"" +
                            secured.keys("new").public_key + "\"}\n");
  while (stolen.code(registry(Operation::ping, "", "")) == Code::noerror) {
  }
  KeyClient fresh(secured, "new");
  BOOST_CHECK(fresh.publish_one(encoded_event("2")) == Code::noerror);
  BOOST_CHECK(stolen.publish_one(encoded_event("3")) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_broken_access_file_changes_nothing_and_a_later_good_one_does) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"{urn:a}*\"]"}});
  secured.broker().start();
  KeyClient shop(secured, "shop");
  Client local(secured.broker());
  secured.write_access_file("principals: [");
  while (local.parameter("counter.broker.allow-file.refused").empty()) {
  }
  BOOST_CHECK(shop.publish_one(encoded_event("1")) == Code::noerror);
  secured.allow({{"shop", "publish: [\"{urn:b}*\"]"}});
  while (shop.publish_one(encoded_event("2", "{urn:b}one")) != Code::noerror) {
  }
  BOOST_CHECK(shop.publish_one(encoded_event("3")) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(rights_of_local_can_be_taken_away) {
  SecuredBroker secured(Principals{{"local", "subscribe: [\"{urn:a}*\"]"}});
  secured.broker().start();
  Client local(secured.broker());
  BOOST_CHECK(local.publish({encoded_event("1")}).published[0].code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_principal_above_its_rate_is_refused_and_others_are_not) {
  SecuredBroker secured(Principals{{"shop", "publish: [\"*\"]"}}, [](BrokerConfig& config) {
    BOOST_REQUIRE(config.settings.set("rate-per-principal-max", "5"));
  });
  secured.broker().start();
  KeyClient shop(secured, "shop");
  int refused = 0;
  for (int i = 0; i < 20; ++i)
    refused += shop.publish_one(encoded_event(std::to_string(i))) == Code::nomoreroom ? 1 : 0;
  BOOST_CHECK_GT(refused, 0);
  Client local(secured.broker());
  BOOST_CHECK_EQUAL(local.parameter("counter.broker.rate.refused"), std::to_string(refused));
  BOOST_CHECK(local.publish({encoded_event("x")}).published[0].code == Code::noerror);
  while (shop.publish_one(encoded_event("later")) == Code::nomoreroom) {
  }
}

BOOST_AUTO_TEST_CASE(client_that_proved_nothing_uses_up_the_rate_of_its_address_alone) {
  SecuredBroker secured(Principals{{"gate", "speak-for: [\"*\"], publish: [\"*\"], manage: true"},
                                   {"anonymous", "publish: [\"*\"]"}},
                        [](BrokerConfig& config) {
                          BOOST_REQUIRE(config.settings.set("rate-per-principal-max", "5"));
                        });
  secured.broker().start();
  KeyClient gate(secured, "gate");
  int last = 0;
  const auto publish_from = [&](const char* peer) {
    const auto event = encoded_event(std::to_string(++last));
    bus::Request request;
    request.operation = bus::Operation::publish;
    request.events.emplace_back(event, bus::OnBehalf{"anonymous", "http", peer});
    return gate.ask(request).published.at(0).code;
  };
  while (publish_from("192.0.2.1:5") == Code::noerror) {
  }
  BOOST_CHECK(publish_from("192.0.2.2:5") == Code::noerror);
  BOOST_CHECK(publish_from("127.0.0.1:5") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(tcp_without_keys_says_which_commands_to_run) {
  RunningBroker broker(
      [](BrokerConfig& config) { config.endpoints.service = "tcp://127.0.0.1:*"; });
  const auto started = Broker::start(broker.config());
  BOOST_REQUIRE(!started);
  BOOST_CHECK(started.error().code == Code::badparam);
  for (const auto* word : {"sense keys new broker", "broker.key-file", "broker.access-file",
                           "bus.allow-plaintext-tcp"})
    BOOST_CHECK_NE(started.error().message.find(word), std::string::npos);
}

BOOST_AUTO_TEST_CASE(plaintext_tcp_has_a_principal_of_its_own) {
  RunningBroker broker([](BrokerConfig& config) {
    config.endpoints.service += ",tcp://127.0.0.1:*";
    config.endpoints.keys.plaintext_tcp = true;
  });
  broker.start();
  Peer peer(zmq::socket_type::dealer, endpoint_list(broker.bound().service).back());
  const std::vector<std::string> events = {encoded_event("1")};
  BOOST_CHECK(peer.ask(publish(events)).published.at(0).code == Code::noerror);
  const auto records = peer.ask(fetch_all()).records;
  BOOST_CHECK_EQUAL(split_records(records)->front().principal, "plaintext");
}

BOOST_AUTO_TEST_SUITE_END()
