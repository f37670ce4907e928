// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// With the right to manage a principal makes subscriptions for others: such as these may hold.
using namespace sense;

namespace {

struct OwnerFixture {
  SecuredBroker secured{
      SecuredBroker::Principals{{"boss", "manage: true"},
                                {"shop", "subscribe: [\"{urn:a}*\"]"},
                                {"local", "manage: true, subscribe: [\"{urn:local}*\"]"}}};
  std::optional<KeyPeer> boss;

  OwnerFixture() {
    secured.broker().start();
    boss.emplace(zmq::socket_type::dealer, secured.tcp().service, secured.keys("boss"),
                 secured.public_key());
  }
  // Its code; the revision of the entry is kept.
  Code put(const std::string& owner, const std::string& type,
           SubscriptionState state = SubscriptionState::active, const std::string& id = "s-1") {
    auto subscription = make_subscription(id);
    subscription.owner = owner;
    subscription.types = {*TypePattern::parse(type)};
    subscription.state = state;
    bus::Request request;
    request.id = 1;
    request.operation = bus::Operation::put;
    request.kind = "subscription";
    request.key = id;
    request.revision = revision;
    const auto value = to_json(subscription, true);
    request.value = value;
    const auto reply = boss->ask(request);
    if (reply.code == Code::noerror) revision = reply.sequence;
    reason = reply.reason;
    return reply.code;
  }
  std::uint64_t revision = 0;
  std::string reason;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(named_owner_tests, OwnerFixture)

BOOST_AUTO_TEST_CASE(a_subscription_for_another_selects_what_that_one_may_read) {
  for (const auto* owner : {"shop", "key:shop"}) {
    BOOST_CHECK(put(owner, "{urn:b}*") == Code::noaccess);
    BOOST_CHECK_MESSAGE(reason.find("shop") != std::string::npos, reason);
    BOOST_CHECK(put(owner, "*") == Code::noaccess);
  }
  BOOST_CHECK(put("shop", "{urn:a}one") == Code::noerror);
  // Nor is it widened, or given to another, afterwards.
  BOOST_CHECK(put("shop", "*") == Code::noaccess);
  BOOST_CHECK(put("local", "{urn:a}one") == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(the_right_to_manage_is_not_the_right_to_read) {
  BOOST_CHECK(put("boss", "{urn:a}*") == Code::noaccess);
  BOOST_CHECK(put("local", "{urn:local}one") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(owners_that_the_access_file_does_not_name_are_vouched_for) {
  BOOST_CHECK(put("members", "*") == Code::noerror);
  revision = 0;
  BOOST_CHECK(put("sense://127.0.0.1:9", "*", SubscriptionState::active, "s-2") == Code::noerror);
}

BOOST_AUTO_TEST_SUITE_END()
