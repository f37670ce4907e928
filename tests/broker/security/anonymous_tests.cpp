// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// What a client without a proof has by a gateway that speaks for it, without an entry `anonymous`.
using namespace sense;
using bus::Operation;

namespace {

constexpr const char* here = "127.0.0.1:5000";
constexpr const char* elsewhere = "192.0.2.7:5000";

struct AnonymousFixture {
  SecuredBroker secured{SecuredBroker::Principals{
      {"gate", "speak-for: [anonymous], publish: [\"*\"], manage: true"}}};
  std::optional<KeyPeer> gate;

  AnonymousFixture() {
    secured.broker().start();
    gate.emplace(zmq::socket_type::dealer, secured.tcp().service, secured.keys("gate"),
                 secured.public_key());
  }
  bus::Reply ask(const char* peer, Operation operation, std::string_view kind,
                 std::string_view key = {}, std::string_view value = {},
                 std::uint64_t revision = 0) {
    bus::Request request;
    request.id = 1;
    request.operation = operation;
    request.client = {"anonymous", "http", peer};
    request.kind = kind;
    request.key = key;
    request.value = value;
    request.revision = revision;
    request.limit = operation == Operation::list ? 100 : 0;
    return gate->ask(request);
  }
  static std::string made_by(const std::string& owner, const std::string& type = "{urn:a}one") {
    auto made = make_subscription("s-1");
    made.owner = owner;
    made.types = {*TypePattern::parse(type)};
    made.state = SubscriptionState::pending;
    made.expires = system_clock().now().wall + std::chrono::hours{1};
    return to_json(made, true);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(anonymous_tests, AnonymousFixture)

BOOST_AUTO_TEST_CASE(subscription_is_made_here_and_seen_and_changed_with_its_id_from_anywhere) {
  const auto wanted = made_by("anonymous");
  for (const auto* owner : {"anonymous", "sense://192.0.2.7:5000"})
    BOOST_CHECK(ask(elsewhere, Operation::put, "subscription", "s-2", made_by(owner)).code ==
                Code::noaccess);
  const auto management = made_by("anonymous", "{urn:sense:management}*");
  BOOST_CHECK(ask(here, Operation::put, "subscription", "s-1", management).code == Code::noaccess);
  const auto made = ask(here, Operation::put, "subscription", "s-1", wanted);
  BOOST_REQUIRE_MESSAGE(made.code == Code::noerror, made.reason);
  for (const auto* peer : {here, elsewhere}) {
    BOOST_CHECK(ask(peer, Operation::get, "subscription", "s-1").code == Code::noerror);
    BOOST_CHECK(ask(peer, Operation::list, "subscription").code == Code::noaccess);
  }
  BOOST_CHECK(ask(elsewhere, Operation::remove, "subscription", "s-1").code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(subscription_of_a_principal_is_not_there) {
  Client local(secured.broker());
  const auto value = made_by("local");
  bus::Request put;
  put.id = 1;
  put.operation = Operation::put;
  put.kind = "subscription";
  put.key = "s-1";
  put.value = value;
  BOOST_REQUIRE(local.ask(put).code == Code::noerror);
  BOOST_CHECK(ask(here, Operation::get, "subscription", "s-1").code == Code::notfound);
  BOOST_CHECK(ask(here, Operation::remove, "subscription", "s-1").code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(sources_are_shown_on_this_machine_and_none_elsewhere) {
  Client local(secured.broker());
  (void)local.publish({encoded_event("1")});
  BOOST_CHECK_EQUAL(ask(here, Operation::list, "source").entries.size(), 1U);
  const auto answer = ask(elsewhere, Operation::list, "source");
  BOOST_CHECK(answer.code == Code::noerror);
  BOOST_CHECK(answer.entries.empty());
}

BOOST_AUTO_TEST_SUITE_END()
