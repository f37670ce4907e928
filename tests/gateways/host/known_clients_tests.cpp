// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/known_clients.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include "gateways/host/gateway_services.hpp"
#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

namespace {

const Proof token = proof_of_token("secret");
const Proof hp4{Proof::Kind::sense_key, "hp4"};

// Answers at run(), and passes the time to the next question in again().
struct Fixture {
  Fixture() {
    bus.proof_table = {"1", {{to_text(token), "shop"}, {to_text(hp4), "printer"}}};
    known.begin([this](Duration pause, auto task) {
      BOOST_CHECK(pause == KnownClients::interval);
      BOOST_CHECK(!next);
      next = std::move(task);
    });
  }
  void again() {
    bus.run();
    BOOST_REQUIRE(next);
    std::exchange(next, {})();
    bus.run();
  }
  testing::FakeBus bus;
  KnownClients known{bus};
  std::function<void()> next;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(known_clients_tests, Fixture)

BOOST_AUTO_TEST_CASE(client_is_whose_proof_it_has_once_the_broker_has_told) {
  BOOST_CHECK(known.identify(token).error().code == Code::noserver);
  bus.run();
  BOOST_CHECK_EQUAL(known.identify(token).value(), "shop");
  BOOST_CHECK_EQUAL(known.identify(hp4).value(), "printer");
  for (const auto& other :
       {proof_of_token("Secret"), proof_of_token(""), proof_of_token("shop"),
        Proof{Proof::Kind::certificate, token.value}, Proof{Proof::Kind::sense_key, "shop"}})
    BOOST_CHECK(known.identify(other).error().code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(proof_that_is_withdrawn_is_none_a_second_later) {
  static_assert(KnownClients::interval == std::chrono::seconds{1});
  bus.run();
  BOOST_REQUIRE(known.identify(token));
  BOOST_CHECK(known.is_identified("shop"));
  BOOST_CHECK(!known.is_identified("printer"));  // it has not proved itself
  again();                                       // the same version
  BOOST_CHECK(known.identify(token).has_value());
  bus.proof_table = {"2", {{to_text(hp4), "printer"}}};
  again();
  BOOST_CHECK(known.identify(token).error().code == Code::noaccess);
  BOOST_CHECK(!known.is_identified("shop"));
  bus.proof_table = {"3", {{to_text(token), "shop"}}};
  again();
  BOOST_CHECK(!known.is_identified("shop"));
  BOOST_CHECK_EQUAL(known.identify(token).value(), "shop");
}

BOOST_AUTO_TEST_CASE(table_stays_while_the_broker_is_away_and_goes_with_the_right_to_speak) {
  bus.run();
  bus.failure = Error{Code::timeout, "no answer"};
  again();
  again();
  BOOST_CHECK(known.identify(token).has_value());
  bus.failure = Error{Code::noaccess, "speaks for none"};
  again();
  BOOST_CHECK(known.identify(token).error().code == Code::noaccess);
  bus.failure.reset();
  again();
  BOOST_CHECK(known.identify(token).has_value());
}

BOOST_AUTO_TEST_CASE(owner_is_named_by_its_principal_and_its_groups) {
  using Names = std::vector<std::string>;
  BOOST_CHECK(known.names_of("shop") == Names{"shop"});
  bus.proof_table.groups = {{"shop", "staff"}, {"printer", "devices floor2"}};
  bus.run();
  BOOST_CHECK(known.names_of("shop") == (Names{"shop", "staff"}));
  BOOST_CHECK(known.names_of("key:hp4") == (Names{"key:hp4", "printer", "devices", "floor2"}));
  BOOST_CHECK(known.names_of("key:hp5") == Names{"key:hp5"});
  BOOST_CHECK(known.names_of("desk") == Names{"desk"});
}

BOOST_AUTO_TEST_CASE(gateway_publishes_for_no_principal_that_has_not_proved_itself_to_it) {
  Counters counters;
  RefusalReports refusals(bus, counters);
  BusForClients clients("web", bus, known, refusals, bus.executor(),
                        [](const ServedClient& client) {
                          BOOST_CHECK_EQUAL(client.principal, "anonymous");
                          return std::shared_ptr<Subscriptions>();
                        });
  bus.run();
  const auto publish = [&](const ServedClient& client) {
    std::optional<Result<Receipt>> answer;
    Event event;
    event.id = "1";
    event.type = *QName::parse("{urn:a}b");
    event.source = "//a";
    clients.publish(client, event, [&](auto result) { answer = std::move(result); });
    BOOST_CHECK(!answer);
    bus.run();
    BOOST_REQUIRE(answer);
    return answer->has_value();
  };
  BOOST_CHECK(publish(clients.unproved("192.0.2.7:5")));
  BOOST_CHECK(!publish({"shop", "web", "192.0.2.7:5"}));
  (void)clients.subscriptions({"shop", "web", "192.0.2.7:5"});
  const auto shop = clients.identify(token, "192.0.2.7:5");
  BOOST_REQUIRE(shop);
  BOOST_CHECK(*shop == (ServedClient{"shop", "web", "192.0.2.7:5"}));
  BOOST_CHECK(publish(*shop));
  BOOST_CHECK(!publish({"printer", "web", "192.0.2.7:5"}));
  BOOST_CHECK(!publish({"", "web", ""}));
  BOOST_REQUIRE_EQUAL(bus.published_for.size(), 2U);
  BOOST_CHECK(bus.published_for[1].first == *shop);
}

BOOST_AUTO_TEST_SUITE_END()
