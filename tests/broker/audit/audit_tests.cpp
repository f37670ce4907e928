// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "core/bus/bus.hpp"
#include "core/event/record.hpp"
#include "tests/broker/secured_broker.hpp"

// The audit trail of a real broker: what is told, and who may read it.
using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;
using nlohmann::json;

namespace {

const std::string audit = "{urn:sense:audit}";

struct ReadingClient : KeyPeer {
  ReadingClient(SecuredBroker& broker, const std::string& name)
      : KeyPeer(zmq::socket_type::dealer, broker.tcp().service, broker.keys(name),
                broker.public_key()) {}

  bus::Reply fetch(std::vector<std::string> prefixes) {
    bus::Request request;
    request.id = ++last;
    request.operation = Operation::fetch;
    request.from = 1;
    request.prefixes.assign(prefixes.begin(), prefixes.end());
    request.bytes_max = 1 << 20;
    return ask(request);
  }
  // The entries of the trail that it may read.
  std::vector<json> read(const std::string& prefix = audit) {
    std::vector<json> all;
    const auto reply = fetch({prefix});
    const auto records = split_records(reply.records);
    for (const auto& record : *records) {
      const auto event = decode_record(record);
      if (event->type.ns() == audit_namespace) all.push_back(json::parse(event->data));
    }
    return all;
  }
  // Waits for one with these members.
  json find(const json& wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until)
      for (const auto& entry : read()) {
        bool all = true;
        for (const auto& [name, value] : wanted.items())
          all = all && entry.value(name, "") == value;
        if (all) return entry;
      }
    BOOST_FAIL("the trail does not tell " + wanted.dump());
    return {};
  }
  Code publish(const std::vector<std::string>& events) {
    bus::Request request;
    request.id = ++last;
    request.operation = Operation::publish;
    request.events.assign(events.begin(), events.end());
    const auto reply = ask(request);
    return reply.code != Code::noerror ? reply.code : reply.published.at(0).code;
  }
  std::uint64_t last = 0;
};

const std::string everything =
    "publish: [\"*\", \"{urn:sense:management}*\", \"{urn:sense:gateway}*\"], "
    "subscribe: [\"*\", \"{urn:sense:management}*\", \"{urn:sense:gateway}*\"], route: [\"*\"], "
    "manage: true";
const SecuredBroker::Principals principals = {{"auditor", "audit: true"},
                                              {"boss", everything},
                                              {"front", "speak-for: [anonymous]"},
                                              {"shop", "subscribe: [\"{urn:a}*\"]"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_tests)

BOOST_AUTO_TEST_CASE(a_peer_without_a_known_key_is_told) {
  SecuredBroker secured(principals);
  secured.broker().start();
  ReadingClient auditor(secured, "auditor");
  const auto unknown = make_key_pair().value();
  KeyPeer peer(zmq::socket_type::dealer, secured.tcp().service, unknown, secured.public_key());
  peer.send({"x"});
  const auto entry =
      auditor.find({{"operation", "CONNECT"}, {"code", "NOACCESS"}, {"key", unknown.public_key}});
  BOOST_CHECK_EQUAL(entry["peer"], "127.0.0.1");
  BOOST_CHECK(!entry.contains("principal"));
}

BOOST_AUTO_TEST_CASE(what_is_refused_on_each_socket_is_told_with_the_address) {
  SecuredBroker secured(principals, [](BrokerConfig& config) {
    BOOST_REQUIRE(config.settings.set("rate-per-principal-max", "5"));
  });
  secured.broker().start();
  ReadingClient auditor(secured, "auditor");
  ReadingClient shop(secured, "shop");
  BOOST_CHECK(shop.publish({encoded_event("1")}) == Code::noaccess);
  auditor.find({{"principal", "shop"},
                {"operation", "PUBLISH"},
                {"code", "NOACCESS"},
                {"type", "{urn:a}one"},
                {"peer", "127.0.0.1"}});
  shop.send({"rubbish"});
  (void)shop.receive();
  auditor.find({{"principal", "shop"}, {"code", "PROTOERROR"}, {"peer", "127.0.0.1"}});
  KeySubscriber live(secured, "shop", {"{urn:b}"});
  auditor.find({{"principal", "shop"},
                {"operation", "SUBSCRIBE"},
                {"type", "{urn:b}"},
                {"code", "NOACCESS"},
                {"peer", "127.0.0.1"}});
  KeyPeer plain(zmq::socket_type::pub, secured.tcp().publish, secured.keys("shop"),
                secured.public_key());
  Client local(secured.broker());
  while (local.parameter("counter.broker.plain.refused").empty()) plain.send({"news", "x"});
  auditor.find({{"principal", "shop"}, {"operation", "PUBLISH"}, {"type", "news"}});
  ReadingClient boss(secured, "boss");
  while (boss.publish({encoded_event(std::to_string(boss.last))}) == Code::noerror) {
  }
  auditor.find({{"principal", "boss"}, {"operation", "PUBLISH"}, {"code", "NOMOREROOM"}});
  BOOST_CHECK_NE(local.parameter("counter.broker.audit.refused"), "");
}

BOOST_AUTO_TEST_CASE(what_a_gateway_refuses_its_clients_is_told_and_of_no_other) {
  SecuredBroker secured(principals);
  secured.broker().start();
  ReadingClient auditor(secured, "auditor");
  const auto report = [&](const char* connection, const bus::OnBehalf& client, Code code) {
    ReadingClient gateway(secured, connection);
    bus::Request request;
    request.id = ++gateway.last;
    request.operation = Operation::refused;
    request.client = client;
    request.key = "POST /v1/events";
    request.refusal = code;
    request.reason = "this token is not that of a principal";
    request.left_out = 7;
    return gateway.ask(request).code;
  };
  const bus::OnBehalf client{"anonymous", "http", "192.0.2.1:5000"};
  BOOST_CHECK(report("front", client, Code::noaccess) == Code::noerror);
  const auto told = auditor.find({{"principal", "anonymous"},
                                  {"via", "front"},
                                  {"gateway", "http"},
                                  {"peer", "192.0.2.1:5000"},
                                  {"operation", "POST /v1/events"},
                                  {"code", "NOACCESS"}});
  BOOST_CHECK_EQUAL(told["left-out"], 7);
  BOOST_CHECK(!told.contains("key"));
  BOOST_CHECK(report("front", client, Code::nomoreroom) == Code::noerror);
  auditor.find({{"principal", "anonymous"}, {"code", "NOMOREROOM"}});
  // Neither what is no refusal, nor what is said of the connection itself or of another's client.
  BOOST_CHECK(report("front", client, Code::noerror) == Code::badparam);
  BOOST_CHECK(report("front", client, Code::notfound) == Code::badparam);
  BOOST_CHECK(report("front", {}, Code::noaccess) == Code::noaccess);
  BOOST_CHECK(report("front", {"shop", "http", ""}, Code::noaccess) == Code::noaccess);
  BOOST_CHECK(report("shop", client, Code::noaccess) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_new_access_file_is_told_with_whom_it_changes) {
  SecuredBroker secured(principals);
  secured.broker().start();
  ReadingClient auditor(secured, "auditor");
  auto others = principals;
  others["shop"] = "subscribe: [\"{urn:b}*\"]";
  others["desk"] = "list: true";
  others.erase("boss");
  secured.allow(others);
  auditor.find(
      {{"operation", "ACCESS-FILE"}, {"reason", "added desk; removed boss; changed shop"}});
  secured.write_access_file("principals: shop\n");
  auditor.find({{"operation", "ACCESS-FILE"}, {"code", "BADPARAM"}});
}

BOOST_AUTO_TEST_CASE(auditors_alone_read_it_whatever_rights_others_have) {
  SecuredBroker secured(principals);
  secured.broker().start();
  ReadingClient auditor(secured, "auditor");
  ReadingClient shop(secured, "shop");
  ReadingClient boss(secured, "boss");
  KeySubscriber live(secured, "boss", {"{"});
  KeySubscriber named(secured, "auditor", {audit});
  BOOST_CHECK(shop.publish({encoded_event("1")}) == Code::noaccess);
  auditor.find({{"principal", "shop"}});
  for (const auto& prefix : {audit, audit + "refused ", std::string("{"), std::string()}) {
    BOOST_CHECK(boss.read(prefix).empty());
    BOOST_CHECK(shop.read(prefix).empty());
  }
  // Not even an auditor, or one with all rights, publishes there.
  BOOST_CHECK(boss.publish({encoded_event("2", audit + "refused")}) == Code::noaccess);
  BOOST_CHECK(Client(secured.broker())
                  .publish({encoded_event("3", audit + "refused")})
                  .published.at(0)
                  .code == Code::noaccess);
  // Those on ipc:// are told apart by user, group and process.
  const auto peer = auditor.find({{"principal", "local"}})["peer"].get<std::string>();
  const auto own = ":" + std::to_string(::getuid()) + ":" + std::to_string(::getgid()) + ":" +
                   std::to_string(::getpid());
  BOOST_CHECK_MESSAGE(peer.ends_with(own), peer);
  // It is not live, for any principal, and the follower of all others misses none.
  BOOST_CHECK(boss.publish({encoded_event("4")}) == Code::noerror);
  for (bool found = false; !found;) {
    const auto frames = live.receive();
    BOOST_CHECK(!frames[0].starts_with(audit));
    found = frames[0].starts_with("{urn:a}one");
  }
  while (named.hears(0ms)) BOOST_CHECK_EQUAL(named.receive()[0], bus::watermark_topic);
}

BOOST_AUTO_TEST_CASE(an_auditor_follows_it) {
  SecuredBroker secured(principals);
  secured.broker().start();
  ReadingClient shop(secured, "shop");
  BusOptions options;
  options.service = secured.tcp().service;
  options.events = secured.tcp().events;
  options.keys = {secured.key_file("auditor"), secured.public_key()};
  options.executor = [](const std::function<void()>& task) { task(); };
  auto bus = connect_zmq_bus(std::move(options));
  BOOST_REQUIRE(bus);
  std::promise<void> three;
  int heard = 0;
  (*bus)->follow(0, {audit + "refused "}, [&](const Batch& batch) {
    for (const auto& event : batch.events)
      if (event->subject == "shop" && ++heard == 3) three.set_value();
    (*bus)->resume();
  });
  auto done = three.get_future();
  for (int i = 0; i < 3; ++i) {
    BOOST_CHECK(shop.publish({encoded_event(std::to_string(i))}) == Code::noaccess);
    (void)done.wait_for(50ms);
  }
  BOOST_CHECK(done.wait_for(20s) == std::future_status::ready);
  (*bus)->close();
}

BOOST_AUTO_TEST_SUITE_END()
