// SPDX-License-Identifier: Apache-2.0
// The secrets of web hooks in the registry: who reads them, and that they stay where they are.
#include <boost/test/unit_test.hpp>

#include "core/subscription/management_event.hpp"
#include "tests/broker/registry_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;

namespace {

const std::string secret_now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Subscription with_secrets(const std::string& id) {
  auto subscription = owned(id, "shop");
  subscription.callback = "https://shop.example/events";
  subscription.challenge_hash = std::string(64, 'a');
  subscription.secrets.edit() = {secret_now, "whsec_" + std::string(32, 'A'), WallTime{} + 1h};
  return subscription;
}

struct SecretsFixture : IngestFixture {
  SecretsFixture() { put(with_secrets("s-1"), 0); }

  std::uint64_t put(const Subscription& subscription, std::uint64_t revision) {
    const auto answer =
        put_now("subscription", subscription.id, revision, to_json(subscription, true));
    BOOST_REQUIRE_MESSAGE((answer.code == Code::noerror), answer.reason);
    return answer.sequence;
  }
  std::string seen(Operation operation, const std::string& principal, const RightsRef& rights,
                   bool through_gateway = false) {
    bus::Request request;
    request.id = 1;
    request.operation = operation;
    request.kind = "subscription";
    request.key = operation == Operation::get ? "s-1" : "";
    request.limit = 10;
    auto incoming = IngestFixture::incoming(request);
    incoming->principal = principal;
    incoming->rights = rights;
    incoming->via_manages = through_gateway;
    const auto answer = reply(commit_one(std::move(incoming)), operation);
    BOOST_REQUIRE_EQUAL(answer.entries.size(), 1U);
    return answer.entries[0].value;
  }
};

RightsRef granted(bool list, bool manage) {
  Rights::Granted rights;
  rights.list = list;
  rights.manage = manage;
  return std::make_shared<const Rights>(rights);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(webhook_secrets_registry_tests, SecretsFixture)

BOOST_AUTO_TEST_CASE(gateways_alone_read_the_secrets_of_web_hooks) {
  for (const auto operation : {Operation::get, Operation::list}) {
    for (const auto& hidden : {seen(operation, "shop", granted(false, false)),
                               seen(operation, "shop", granted(true, false)),
                               seen(operation, "desk", granted(true, false))}) {
      BOOST_CHECK_EQUAL(hidden.find("whsec_"), std::string::npos);
      // All else is there, so that it can be written back.
      auto expected = with_secrets("s-1");
      expected.secrets = {};
      BOOST_CHECK_EQUAL(subscription_from_json(hidden)->challenge_hash, expected.challenge_hash);
      BOOST_CHECK(subscription_from_json(hidden)->secrets == expected.secrets);
    }
    for (const auto& whole : {seen(operation, "gateway-http", granted(false, true)),
                              seen(operation, "gateway-http", Rights::of_gateway()),
                              seen(operation, "shop", granted(false, false), true)})
      BOOST_CHECK(subscription_from_json(whole)->secrets == with_secrets("s-1").secrets);
  }
}

BOOST_AUTO_TEST_CASE(a_record_that_is_written_back_without_secrets_keeps_them) {
  auto shown = *subscription_from_json(seen(Operation::get, "shop", granted(false, false)));
  shown.language = "en";
  put(shown, shown.revision);
  const auto after = *subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()));
  BOOST_CHECK_EQUAL(after.language, "en");
  BOOST_CHECK(after.secrets == with_secrets("s-1").secrets);
}

BOOST_AUTO_TEST_CASE(another_secret_takes_the_place_of_both) {
  auto next = *subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()));
  next.secrets.edit() = {"whsec_" + std::string(32, 'B'), "", std::nullopt};
  put(next, next.revision);
  BOOST_CHECK(subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()))->secrets ==
              next.secrets);
}

BOOST_AUTO_TEST_CASE(management_events_and_audit_have_no_secret) {
  auto next = *subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()));
  rotate(next.secrets.edit(), "whsec_" + std::string(32, 'B'), WallTime{} + 2h);
  put(next, next.revision);
  bus::Request remove;
  remove.operation = Operation::remove;
  remove.kind = "subscription";
  remove.key = "s-1";
  (void)commit_one(IngestFixture::incoming(remove));
  int told = 0;
  for (const auto& event : journal()) {
    const bool holds = event.data.find("whsec_") != std::string::npos;
    BOOST_CHECK_MESSAGE(!holds || event.type.clark() == whole_change_type, event.data);
    if (holds) ++told;
  }
  BOOST_CHECK_EQUAL(told, 2);  // made and rotated; what has ended needs none
}

BOOST_AUTO_TEST_CASE(what_a_websub_subscriber_asks_for_stays_with_its_secrets) {
  auto subscription = *subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()));
  subscription.secrets.edit() = {websub_secret("key"), "", std::nullopt};
  subscription.websub.edit() = {"https://e.example/t",
                                {WebSub::Intent::Kind::subscribe, 60s, websub_secret("next")}};
  const auto revision = put(subscription, subscription.revision);
  auto without = *subscription_from_json(to_json(subscription, false));
  without.labels = {{"room", "2"}};
  put(without, revision);
  const auto kept = subscription_from_json(seen(Operation::get, "x", Rights::of_gateway()));
  BOOST_REQUIRE(kept);
  BOOST_CHECK(kept->secrets == subscription.secrets && kept->websub == subscription.websub);
  BOOST_CHECK_EQUAL(kept->labels.at("room"), "2");
}

BOOST_AUTO_TEST_SUITE_END()
