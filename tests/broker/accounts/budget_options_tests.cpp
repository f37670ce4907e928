// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// That the options of the configuration are the budgets of a running broker.
using namespace sense;
using bus::Operation;

namespace {

using Options = std::map<std::string, std::string>;

struct BudgetedBroker {
  explicit BudgetedBroker(const Options& options)
      : secured({{"shop", "subscribe: [\"*\"]"},
                 {"desk", "subscribe: [\"*\"]"},
                 {"gate", "speak-for: [anonymous], subscribe: [\"*\"], manage: true"},
                 {"anonymous", "subscribe: [\"*\"]"}},
                [&](BrokerConfig& config) {
                  for (const auto& [key, value] : options)
                    BOOST_REQUIRE(config.settings.set(key, value));
                }) {
    secured.broker().start();
  }
  std::unique_ptr<KeyPeer> connect(const std::string& name) {
    return std::make_unique<KeyPeer>(zmq::socket_type::dealer, secured.tcp().service,
                                     secured.keys(name), secured.public_key());
  }
  // The code of a subscription that is made, of a client of that address where one is given.
  static Code subscribe(KeyPeer& peer, const std::string& owner, const char* address = nullptr) {
    static int last = 0;
    auto made = make_subscription("s-" + std::to_string(++last));
    made.owner = owner;
    made.state = SubscriptionState::pending;
    made.expires = system_clock().now().wall + std::chrono::hours{1};
    const auto value = to_json(made, true);
    bus::Request request;
    request.id = 1;
    request.operation = Operation::put;
    request.kind = "subscription";
    request.key = made.id;
    request.value = value;
    if (address != nullptr) request.client = {"anonymous", "http", address};
    return peer.ask(request).code;
  }
  // So many refusals of one principal; each is one that the audit trail may tell.
  void be_refused(const std::string& name, int times) {
    auto peer = connect(name);
    std::vector<std::string> events;
    for (int i = 0; i < times; ++i) events.push_back(encoded_event(name + std::to_string(i)));
    bus::Request request;
    request.id = 1;
    request.operation = Operation::publish;
    request.events.assign(events.begin(), events.end());
    (void)peer->ask(request);
  }
  std::string counted(const std::string& name) {
    return Client(secured.broker()).parameter("counter.broker." + name);
  }

  SecuredBroker secured;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(budget_options_tests)

BOOST_AUTO_TEST_CASE(audit_rates) {
  BudgetedBroker per_principal(Options{{"audit-rate-per-principal-max", "2"}});
  per_principal.be_refused("shop", 10);
  BOOST_CHECK_EQUAL(per_principal.counted("audit.refused"), "2");
  BOOST_CHECK_EQUAL(per_principal.counted("audit.left-out"), "8");
  BudgetedBroker of_all(Options{{"audit-rate-max", "3"}});
  of_all.be_refused("shop", 10);
  of_all.be_refused("desk", 10);
  BOOST_CHECK_EQUAL(of_all.counted("audit.refused"), "3");
}

BOOST_AUTO_TEST_CASE(subscriptions_of_a_principal_and_of_an_address) {
  BudgetedBroker broker(Options{{"subscriptions-per-principal-max", "2"},
                                {"subscriptions-per-address-max", "1"},
                                {"subscriptions-max", "8"}});
  const auto shop = broker.connect("shop");
  for (const auto code : {Code::noerror, Code::noerror, Code::nomoreroom})
    BOOST_CHECK(BudgetedBroker::subscribe(*shop, "shop") == code);
  const auto gate = broker.connect("gate");
  for (const auto code : {Code::noerror, Code::nomoreroom})
    BOOST_CHECK(BudgetedBroker::subscribe(*gate, "anonymous", "192.0.2.7:5000") == code);
  BOOST_CHECK_EQUAL(broker.counted("subscriptions.no-room"), "2");
  // With the two of the shop, an eighth of all is left by other machines.
  int made = 1;
  for (int host = 10; host < 20; ++host) {
    const auto address = "192.0.2." + std::to_string(host) + ":1";
    made += BudgetedBroker::subscribe(*gate, "anonymous", address.c_str()) == Code::noerror ? 1 : 0;
  }
  BOOST_CHECK_EQUAL(made, 5);
}

BOOST_AUTO_TEST_CASE(octets_of_reads_that_wait) {
  BudgetedBroker broker(Options{{"reads-size-per-principal", "1MiB"}});
  const std::vector<std::string> prefixes(5'000, "{" + std::string(230, 'p'));  // over a MiB
  bus::Request request;
  request.id = 1;
  request.operation = Operation::fetch;
  request.from = 1;
  request.prefixes.assign(prefixes.begin(), prefixes.end());
  request.bytes_max = 1;
  const auto shop = broker.connect("shop");
  // The first of a principal is taken however long it is.
  std::uint64_t refused = 0;
  for (int round = 0; round < 100 && refused == 0; ++round) {
    for (int i = 0; i < 10; ++i) {
      ++request.id;
      shop->send({bus::encode(request)});
    }
    for (int i = 0; i < 10; ++i)
      refused += shop->reply(Operation::fetch).code == Code::nomoreroom ? 1U : 0U;
  }
  BOOST_CHECK_GT(refused, 0U);
  BOOST_CHECK_EQUAL(broker.counted("reads.refused"), std::to_string(refused));
}

BOOST_AUTO_TEST_SUITE_END()
