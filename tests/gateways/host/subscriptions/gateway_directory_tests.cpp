// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/gateway_directory.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "broker/registry/management_event.hpp"
#include "core/registry/management_change.hpp"

using namespace sense;

namespace {

using namespace std::chrono_literals;

constexpr Capabilities within(Bounds latency) {
  return {.latency = latency, .digest_latency = latency, .payload_max = 1};
}
constexpr std::array<Scheme, 2> own{{{"http", within({1ms, 1s})}, {"https", within({1ms, 2s})}}};

RegistryEntry entry(const std::string& name, const std::vector<std::string>& schemes) {
  std::vector<AnnouncedScheme> announced;
  for (const auto& scheme : schemes) announced.push_back({scheme, within({1s, 30min})});
  return {"gateway", name, 1, gateway_entry(announced, {})};
}

Event change(std::uint64_t sequence, const std::string& name,
             const std::vector<std::string>& schemes) {
  auto event = entry_event(entry(name, schemes), "changed", "tester", {}, WallTime{});
  event.principal = "broker";
  event.sequence = sequence;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_directory_tests)

BOOST_AUTO_TEST_CASE(an_event_that_the_list_has_already_changes_nothing) {
  GatewayDirectory directory("web", own);
  directory.add(entry("email", {"mailto"}));
  directory.complete(10);
  BOOST_CHECK(directory.on_event(change(9, "email", {})));
  BOOST_CHECK(directory.on_event(change(10, "email", {"other"})));
  BOOST_CHECK(directory.serves_anywhere("mailto"));
  BOOST_CHECK(directory.on_event(change(11, "email", {"other"})));
  BOOST_CHECK(!directory.serves_anywhere("mailto"));
  BOOST_CHECK(directory.serves_anywhere("other"));
}

BOOST_AUTO_TEST_CASE(a_list_replaces_the_one_before) {
  GatewayDirectory directory("web", own);
  directory.add(entry("email", {"mailto"}));
  directory.complete(10);
  directory.clear();
  BOOST_CHECK(!directory.is_alone());
  directory.complete(20);
  BOOST_CHECK(!directory.serves_anywhere("mailto"));
  BOOST_CHECK(directory.serves_anywhere("https"));
}

BOOST_AUTO_TEST_CASE(it_is_alone_while_no_other_serves_a_scheme_of_its_own) {
  GatewayDirectory directory("web", own);
  BOOST_CHECK(!directory.is_alone());  // not known yet
  directory.add(entry("web", {"http", "https"}));
  directory.add(entry("email", {"mailto"}));
  directory.complete(10);
  BOOST_CHECK(directory.is_alone());
  (void)directory.on_event(change(11, "standby", {"https"}));
  BOOST_CHECK(!directory.is_alone());
  (void)directory.on_event(change(12, "standby", {}));
  BOOST_CHECK(directory.is_alone());
}

BOOST_AUTO_TEST_CASE(only_the_broker_announces_gateways) {
  GatewayDirectory directory("web", own);
  directory.complete(10);
  auto forged = change(11, "email", {"mailto"});
  forged.principal = "mallory";
  BOOST_CHECK(!directory.on_event(forged));
  BOOST_CHECK(!directory.serves_anywhere("mailto"));
}

BOOST_AUTO_TEST_CASE(all_are_listed_by_name_with_what_they_declare) {
  GatewayDirectory directory("web", own);
  directory.add(entry("email", {"mailto"}));
  directory.complete(10);
  const auto listed = directory.list();
  BOOST_REQUIRE_EQUAL(listed.size(), 2U);
  BOOST_CHECK_EQUAL(listed[0].name, "email");
  BOOST_CHECK(listed[0].schemes.at(0).capabilities == within({1s, 30min}));
  BOOST_CHECK_EQUAL(listed[1].name, "web");
  BOOST_CHECK_EQUAL(listed[1].schemes.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_latency_that_a_scheme_cannot_keep_is_refused_with_those_that_can) {
  GatewayDirectory directory("web", own);
  directory.add(entry("email", {"mailto"}));
  directory.add({"gateway", "old", 1, R"({"schemes":["old"]})"});
  directory.complete(10);
  const auto refusal = [&](const char* scheme, Duration most, std::optional<Duration> window = {}) {
    DeliveryOptions delivery;
    delivery.sparse.edit().max_latency = most;
    delivery.sparse.edit().min_interval = window;
    const auto status = directory.check_latency(delivery, scheme);
    if (status) return std::string();
    BOOST_CHECK(status.error().code == Code::badparam);
    BOOST_CHECK_EQUAL(status.error().field, "delivery");
    return status.error().message;
  };
  BOOST_CHECK_EQUAL(refusal("mailto", 1s),
                    "delivery: max-latency 1s cannot be kept by a callback mailto:, where events "
                    "take up to 30min; these can: http");
  BOOST_CHECK_EQUAL(refusal("mailto", 30min), "");
  BOOST_CHECK_EQUAL(refusal("http", 1s), "");
  BOOST_CHECK(refusal("http", 999ms).ends_with("up to 1s; no scheme here can"));
  BOOST_CHECK(refusal("https", 1s).ends_with("these can: http"));
  BOOST_CHECK_EQUAL(refusal("http", 61s, 1min), "");
  BOOST_CHECK(refusal("https", 61s, 1min).ends_with("up to 62s; these can: http"));
  BOOST_CHECK(refusal("old", 31min).find("not declared") != std::string::npos);
  BOOST_CHECK(directory.check_latency({}, "old").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
