// SPDX-License-Identifier: Apache-2.0
#include "gateways/api/blocking_gateway.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <set>
#include <stdexcept>

#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;

namespace {

class SlowGateway final : public BlockingGateway {
 public:
  explicit SlowGateway(GatewayContext& context) : BlockingGateway(context, 2, 8) {}
  ~SlowGateway() override { SlowGateway::stop(); }
  Status start() override { return {}; }
  void stop() override {
    go();
    BlockingGateway::stop();
  }
  std::vector<std::string> listening() const override { return {}; }

  void go() {
    const std::lock_guard lock(mutex);
    may_go = true;
    wake.notify_all();
  }

  std::mutex mutex;
  std::condition_variable wake;
  bool may_go = false;
  std::atomic<int> begun{0};

 private:
  Attempt deliver_blocking(const Delivery& delivery) override {
    ++begun;
    if (delivery.number == 13) throw std::runtime_error("thirteen");
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return may_go; });
    return Attempt::delivered(std::to_string(delivery.number));
  }
  Verification verify_blocking(const Subscription& subscription, const std::string&) override {
    if (subscription.id == "throws") throw std::runtime_error("verify went wrong");
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return may_go; });
    return {Verification::Outcome::verified, subscription.id};
  }
};

std::shared_ptr<Delivery> numbered(std::uint64_t number) {
  auto delivery = sample_delivery("x:");
  delivery->number = number;
  return delivery;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(blocking_gateway_tests)

BOOST_AUTO_TEST_CASE(attempts_block_workers_and_not_the_reactor) {
  PluginHarness harness;
  auto owned = std::make_unique<SlowGateway>(harness.context);
  auto& slow = *owned;
  BOOST_REQUIRE(harness.start(std::move(owned)));
  std::vector<std::future<Attempt>> attempts;
  for (std::uint64_t i = 1; i <= 5; ++i) attempts.push_back(harness.deliver_later(numbered(i)));
  BOOST_CHECK_EQUAL(harness.on_reactor([] { return 7; }), 7);
  slow.go();
  std::set<std::string> answers;
  for (auto& attempt : attempts) answers.insert(attempt.get().answer);
  BOOST_CHECK_EQUAL(answers.size(), 5U);
}

BOOST_AUTO_TEST_CASE(an_exception_ends_the_attempt_only) {
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(std::make_unique<SlowGateway>(harness.context)));
  const auto attempt = harness.deliver(numbered(13));
  BOOST_CHECK(attempt.outcome == Attempt::Outcome::retry);
  BOOST_CHECK_NE(attempt.answer.find("thirteen"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(verifications_block_workers_and_not_the_reactor) {
  PluginHarness harness;
  auto owned = std::make_unique<SlowGateway>(harness.context);
  auto& slow = *owned;
  BOOST_REQUIRE(harness.start(std::move(owned)));
  const auto verify = [&](const char* id) {
    auto subscription = *sample_delivery("x:")->subscription;
    subscription.id = id;
    auto answer = std::make_shared<std::promise<Verification>>();
    auto future = answer->get_future();
    harness.on_reactor([&] {
      slow.verify(std::make_shared<const Subscription>(subscription), "token",
                  [answer](Verification outcome) { answer->set_value(std::move(outcome)); });
      return 0;
    });
    return future;
  };
  auto blocked = verify("s-1");
  const auto failed = verify("throws").get();
  BOOST_CHECK(failed.outcome == Verification::Outcome::failed);
  BOOST_CHECK_NE(failed.answer.find("verify went wrong"), std::string::npos);
  BOOST_CHECK_EQUAL(harness.on_reactor([] { return 7; }), 7);
  slow.go();
  BOOST_CHECK_EQUAL(blocked.get().answer, "s-1");
}

BOOST_AUTO_TEST_CASE(too_many_attempts_are_given_back_at_once) {
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(std::make_unique<SlowGateway>(harness.context)));
  std::vector<std::future<Attempt>> attempts;
  for (std::uint64_t i = 1; i <= 8; ++i) attempts.push_back(harness.deliver_later(numbered(i)));
  BOOST_CHECK(harness.deliver(numbered(9)).outcome == Attempt::Outcome::retry);
}

BOOST_AUTO_TEST_CASE(stop_answers_every_attempt_once) {
  std::vector<std::future<Attempt>> attempts;
  {
    PluginHarness harness;
    BOOST_REQUIRE(harness.start(std::make_unique<SlowGateway>(harness.context)));
    for (std::uint64_t i = 1; i <= 8; ++i) attempts.push_back(harness.deliver_later(numbered(i)));
  }
  for (auto& attempt : attempts) {
    const auto outcome = attempt.get().outcome;  // a second answer would have thrown
    BOOST_CHECK(outcome == Attempt::Outcome::delivered || outcome == Attempt::Outcome::retry);
  }
}

BOOST_AUTO_TEST_SUITE_END()
