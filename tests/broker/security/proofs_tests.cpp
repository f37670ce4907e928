// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "core/bus/proof.hpp"
#include "tests/broker/secured_broker.hpp"

// Who proves itself with what: what a broker tells a gateway, at its sockets.
using namespace sense;
using bus::Operation;

namespace {

const std::string token = proof_of_token("secret").value;

std::string entry(SecuredBroker& broker, const std::string& name, const std::string& rest) {
  return "  - {name: " + name + ", key: \"" + broker.keys(name).public_key + "\", " + rest + "}\n";
}
std::string file_of(SecuredBroker& broker, const std::string& shop_proofs) {
  return "principals:\n" + entry(broker, "web", "speak-for: [shop, anonymous]") +
         entry(broker, "all", "speak-for: [\"*\"]") + entry(broker, "plain", "publish: [\"*\"]") +
         entry(broker, "printer", "proofs: [{sense-key: hp4}]") +
         entry(broker, "shop", "proofs: [" + shop_proofs + "]") +
         "groups:\n  - {name: staff, members: [shop, plain]}\n  - {name: all-of-us, members: "
         "[shop]}\n";
}

struct KeyClient : KeyPeer {
  KeyClient(SecuredBroker& broker, const std::string& name)
      : KeyPeer(zmq::socket_type::dealer, broker.tcp().service, broker.keys(name),
                broker.public_key()) {}
  bus::Reply proofs(const std::string& known = "", bus::OnBehalf client = {}) {
    bus::Request request;
    request.id = ++id;
    request.operation = Operation::proofs;
    request.key = known;
    request.client = client;
    return ask(request);
  }
  std::uint64_t id = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(proofs_tests)

BOOST_AUTO_TEST_CASE(gateway_is_told_the_proofs_of_those_that_it_may_speak_for) {
  SecuredBroker secured(SecuredBroker::Principals{});
  secured.write_access_file(file_of(secured, "{token: \"" + token + "\"}, {mail: a@b.example}"));
  secured.broker().start();
  KeyClient web(secured, "web");
  const auto told = web.proofs();
  BOOST_REQUIRE(told.code == Code::noerror);
  using Table = std::map<std::string, std::string>;
  BOOST_CHECK(told.proofs.principals ==
              (Table{{"token/" + token, "shop"}, {"mail/a@b.example", "shop"}}));
  BOOST_CHECK(told.proofs.groups == (Table{{"shop", "staff all-of-us"}, {"plain", "staff"}}));
  KeyClient all(secured, "all");
  BOOST_CHECK_EQUAL(all.proofs().proofs.principals.at("sense-key/hp4"), "printer");
  BOOST_CHECK_EQUAL(all.proofs().proofs.principals.size(), 3U);  // no keys of connections

  // Neither a principal that speaks for none, nor a gateway's client.
  KeyClient plain(secured, "plain");
  BOOST_CHECK(plain.proofs().code == Code::noaccess);
  BOOST_CHECK(web.proofs("", {"shop", "http", "127.0.0.1:5"}).code == Code::noaccess);
  BOOST_CHECK(web.proofs("", {"anonymous", "http", "127.0.0.1:5"}).code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(table_is_sent_again_when_it_has_changed_only) {
  SecuredBroker secured(SecuredBroker::Principals{});
  secured.write_access_file(file_of(secured, "{token: \"" + token + "\"}"));
  secured.broker().start();
  KeyClient web(secured, "web");
  const auto first = web.proofs().proofs;
  BOOST_CHECK_EQUAL(first.principals.size(), 1U);
  const auto same = web.proofs(first.version).proofs;
  BOOST_CHECK_EQUAL(same.version, first.version);
  BOOST_CHECK(same.principals.empty() && same.groups.empty());
  secured.write_access_file(file_of(secured, "{mail: a@b.example}"));
  auto next = web.proofs(first.version).proofs;
  const auto end = SecuredBroker::Steady::now() + std::chrono::seconds{20};
  while (next.version == first.version && SecuredBroker::Steady::now() < end)
    next = web.proofs(first.version).proofs;
  BOOST_CHECK_EQUAL(next.principals.count("mail/a@b.example"), 1U);
  BOOST_CHECK_EQUAL(next.principals.size(), 1U);
}

BOOST_AUTO_TEST_CASE(proof_whose_time_is_over_is_none_and_its_connection_has_no_rights) {
  SecuredBroker secured(SecuredBroker::Principals{});
  const auto soon = to_rfc3339(system_clock().now().wall + std::chrono::seconds{2});
  const auto& key = secured.keys("rotated").public_key;
  secured.write_access_file(file_of(secured, "{token: \"" + token + "\", not-after: \"" + soon +
                                                 "\"}, {curve: \"" + key + "\", not-after: \"" +
                                                 soon + "\"}"));
  secured.broker().start();
  KeyClient web(secured, "web");
  KeyClient rotated(secured, "rotated");
  KeyClient shop(secured, "shop");
  bus::Request ping;
  ping.id = 1;
  BOOST_CHECK(rotated.ask(ping).code == Code::noerror);
  const auto end = SecuredBroker::Steady::now() + std::chrono::seconds{20};
  auto told = web.proofs().proofs;
  BOOST_CHECK_EQUAL(told.principals.size(), 1U);
  while (!told.principals.empty() && SecuredBroker::Steady::now() < end) told = web.proofs().proofs;
  BOOST_CHECK(told.principals.empty());
  BOOST_CHECK(rotated.ask(ping).code == Code::noaccess);
  BOOST_CHECK(shop.ask(ping).code == Code::noerror);  // by its other key
}

BOOST_AUTO_TEST_SUITE_END()
