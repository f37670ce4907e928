// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/full_disk.hpp"
#include "tests/broker/registry_fixture.hpp"

// How many subscriptions one client may have made: a principal, or a host of other machines.
using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;

namespace {

Ingest::Limits small_limits() {
  auto limits = IngestFixture::default_limits();
  limits.registry.subscriptions_max = 16;
  limits.subscriptions = {3, 2, 16};
  return limits;
}

RightsRef rights(bool manage) {
  Rights::Granted granted;
  granted.subscribe = {Rule::everything()};
  granted.manage = manage;
  return std::make_shared<const Rights>(granted);
}

// Who asks, and from where.
struct Client {
  std::string principal;
  std::string peer;
  bool manage = false;
};
const Client shop{"shop", "192.0.2.9:5"};

Client anonymous(const std::string& peer) { return {std::string(principal_anonymous), peer}; }

struct RoomFixture : IngestFixture {
  RoomFixture() : IngestFixture(small_limits()) {}

  [[nodiscard]] IncomingRef made_by(const Client& client, bus::Request request) const {
    request.id = 2;
    request.client = {client.principal, "http", client.peer};
    auto incoming = IngestFixture::incoming(request);
    incoming->principal = client.principal;
    incoming->via = "gate";
    incoming->via_manages = true;
    incoming->rights = rights(client.manage);
    return incoming;
  }
  [[nodiscard]] IncomingRef creates(const Client& client, const std::string& id,
                                    std::uint64_t revision = 0) const {
    auto subscription = owned(id, client.principal);
    subscription.state = SubscriptionState::pending;
    subscription.period = 10min;
    subscription.expires = clock.now().wall + 10min;
    const auto value = to_json(subscription, true);
    bus::Request request;
    request.operation = Operation::put;
    request.kind = "subscription";
    request.key = id;
    request.revision = revision;
    request.value = value;
    return made_by(client, request);
  }
  [[nodiscard]] IncomingRef cancels(const Client& client, const std::string& id) const {
    bus::Request request;
    request.operation = Operation::remove;
    request.kind = "subscription";
    request.key = id;
    return made_by(client, request);
  }
  Code create(const Client& client, const std::string& id, std::uint64_t revision = 0) {
    return reply(commit_one(creates(client, id, revision)), Operation::put).code;
  }
  Code cancel(const Client& client, const std::string& id) {
    return reply(commit_one(cancels(client, id)), Operation::remove).code;
  }
  // As many as there is room for, at most 99.
  int fill(const Client& client, const std::string& name) {
    int made = 0;
    while (made < 99 && create(client, name + std::to_string(made)) == Code::noerror) ++made;
    return made;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(subscription_room_tests, RoomFixture)

BOOST_AUTO_TEST_CASE(principal_that_uses_up_its_room_takes_none_of_anothers) {
  BOOST_CHECK_EQUAL(fill(shop, "a"), 3);
  BOOST_CHECK_EQUAL(counters["broker.subscriptions.no-room"], 1U);
  const auto refused = reply(commit_one(creates(shop, "a9")), Operation::put);
  BOOST_CHECK(refused.code == Code::nomoreroom);
  BOOST_CHECK_NE(refused.reason.find("broker.subscriptions-per-principal-max"), std::string::npos);
  BOOST_CHECK_EQUAL(fill({"desk", shop.peer}, "b"), 3);
}

BOOST_AUTO_TEST_CASE(renewals_need_no_room) {
  BOOST_CHECK_EQUAL(fill(shop, "a"), 3);
  const auto revision = ingest->head() - 5;  // of a0: a change is two events
  clock.advance(5s);
  BOOST_CHECK(create(shop, "a0", revision) == Code::noerror);
  BOOST_CHECK(create(shop, "a9") == Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(cancelling_and_expiry_give_room_back) {
  BOOST_CHECK_EQUAL(fill(shop, "a"), 3);
  BOOST_CHECK(cancel(shop, "a1") == Code::noerror);
  BOOST_CHECK_EQUAL(fill(shop, "b"), 1);
  clock.advance(11min);
  (void)commit({});
  BOOST_CHECK_EQUAL(fill(shop, "c"), 3);
}

BOOST_AUTO_TEST_CASE(one_that_may_manage_is_not_limited) {
  BOOST_CHECK_EQUAL(fill({"gate", "", true}, "a"), 16);
}

BOOST_AUTO_TEST_CASE(local_principal_of_few_rights_is_not_limited_for_itself) {
  for (int i = 0; i < 5; ++i) {
    auto incoming = creates({"local", ""}, "s" + std::to_string(i));
    incoming->via.clear();
    const auto answer = reply(commit_one(std::move(incoming)), Operation::put);
    BOOST_CHECK_MESSAGE((answer.code == Code::noerror), answer.reason);
  }
}

BOOST_AUTO_TEST_CASE(clients_that_proved_nothing_are_counted_by_their_host) {
  BOOST_CHECK_EQUAL(fill(anonymous("192.0.2.7:5000"), "a"), 2);
  BOOST_CHECK(create(anonymous("192.0.2.7:6000"), "b") == Code::nomoreroom);
  BOOST_CHECK_EQUAL(fill(anonymous("192.0.2.8:5000"), "c"), 2);
  BOOST_CHECK_EQUAL(fill(anonymous("[2001:db8:0:1::5]:5"), "d"), 2);
  BOOST_CHECK(create(anonymous("[2001:db8:0:1:ff::9]:5"), "e") == Code::nomoreroom);
  BOOST_CHECK(create(anonymous("[2001:db8:0:2::5]:5"), "f") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(other_machines_leave_an_eighth) {
  int made = 0;
  for (int host = 0; host < 20; ++host)
    made += fill(anonymous("192.0.2." + std::to_string(host) + ":5"), std::to_string(host) + "-");
  BOOST_CHECK_EQUAL(made, 14);
  BOOST_CHECK_EQUAL(fill(shop, "a"), 2);  // of subscriptions-max
  BOOST_CHECK(cancel(shop, "a0") == Code::noerror);
  BOOST_CHECK(create(anonymous("127.0.0.1:5"), "here") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(this_machine_has_no_limit_for_one_address) {
  BOOST_CHECK_EQUAL(fill(anonymous("127.0.0.1:5"), "a"), 16);
}

BOOST_AUTO_TEST_CASE(what_each_has_made_is_known_after_a_restart) {
  BOOST_CHECK_EQUAL(fill(shop, "a"), 3);
  BOOST_CHECK_EQUAL(fill(anonymous("192.0.2.7:5"), "b"), 2);
  for (int start = 0; start < 2; ++start) {
    restart();
    BOOST_CHECK(create(shop, "a9") == Code::nomoreroom);
    BOOST_CHECK(create(anonymous("192.0.2.7:6"), "b9") == Code::nomoreroom);
  }
  BOOST_CHECK(cancel(shop, "a1") == Code::noerror);
  BOOST_CHECK(create(shop, "a9") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(folder_without_the_column_is_counted_as_it_is_renewed) {
  BOOST_CHECK_EQUAL(fill(shop, "a"), 3);
  const auto revision = ingest->head() - 5;
  ingest.reset();
  store.reset();
  {
    auto file = Database::open(Store::path_in(folder.path()), Database::Durability::full);
    BOOST_REQUIRE(file);
    BOOST_REQUIRE(file->execute("ALTER TABLE subscription DROP COLUMN account"));
  }
  restart();
  clock.advance(5s);
  BOOST_CHECK(create(shop, "a0", revision) == Code::noerror);
  BOOST_CHECK_EQUAL(fill(shop, "b"), 2);
}

BOOST_AUTO_TEST_CASE(what_a_full_disk_refused_is_not_counted) {
  FullDisk disk;
  RoomFixture fixture;
  BOOST_CHECK(fixture.create(shop, "a0") == Code::noerror);
  std::vector<IncomingRef> group;
  group.push_back(fixture.cancels(shop, "a0"));
  group.push_back(fixture.creates(shop, "a1"));
  group.push_back(fixture.creates(shop, "a2"));
  auto big = make_event("big");
  big.data = std::string(1'000'000, 'x');
  group.push_back(publish({encode(big)}));
  disk.fill();
  (void)fixture.commit(group);
  disk.free();
  BOOST_CHECK_EQUAL(fixture.fill(shop, "b"), 2);
}

BOOST_AUTO_TEST_SUITE_END()
