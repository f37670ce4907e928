// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/owner_endpoints.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <vector>

using namespace sense;

namespace {

Subscription of(const char* owner, const char* callback) {
  Subscription subscription;
  subscription.owner = owner;
  subscription.callback = callback;
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(owner_endpoints_tests)

BOOST_AUTO_TEST_CASE(callbacks_are_counted_once_for_each_owner) {
  OwnerEndpoints endpoints;
  for (const auto* callback : {"https://a/1", "https://a/1", "https://a/2"})
    endpoints.add(of("ada", callback));
  endpoints.add(of("grace", "https://a/1"));
  BOOST_CHECK_EQUAL(endpoints.count(owner_key(of("ada", ""))), 2U);
  BOOST_CHECK(!endpoints.has_room(of("ada", "https://a/3"), 2));
  BOOST_CHECK(endpoints.has_room(of("ada", "https://a/2"), 2));  // it is there already
  BOOST_CHECK(endpoints.has_room(of("ada", "https://a/3"), 0));
  BOOST_CHECK(endpoints.has_room(of("grace", "https://a/3"), 2));
}

BOOST_AUTO_TEST_CASE(last_subscription_to_a_callback_gives_its_room_back) {
  OwnerEndpoints endpoints;
  for (int i = 0; i < 2; ++i) endpoints.add(of("ada", "https://a/1"));
  endpoints.remove(of("ada", "https://a/1"));
  BOOST_CHECK(!endpoints.has_room(of("ada", "https://a/2"), 1));
  endpoints.remove(of("ada", "https://a/1"));
  BOOST_CHECK(endpoints.has_room(of("ada", "https://a/2"), 1));
}

BOOST_AUTO_TEST_CASE(counts_are_right_however_owners_share_callbacks) {
  const std::array owners = {"ada", "grace", "alan", "config"};
  const std::array callbacks = {"https://a/1", "https://a/2", "https://a/3"};
  OwnerEndpoints endpoints;
  std::vector<Subscription> held;
  std::uint32_t random = 7;
  for (int i = 0; i < 5000; ++i) {
    random = random * 1664525 + 1013904223;
    const auto choice = random >> 8U;
    if (held.size() > choice % 12) {
      endpoints.remove(held[choice % held.size()]);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(choice % held.size()));
    } else {
      auto made = of(owners[choice / 16 % owners.size()], callbacks[choice / 64 % 3]);
      if (made.owner == "config") made.via = "config";
      endpoints.add(held.emplace_back(made));
    }
    std::map<std::string, std::set<std::string>> of_owner;
    std::map<std::string, std::size_t> at;
    for (const auto& each : held) {
      if (each.via != "config") of_owner[each.owner].insert(each.callback);
      ++at[each.callback];
    }
    for (const auto* owner : {"ada", "grace", "alan"})
      BOOST_REQUIRE_EQUAL(endpoints.count(owner_key(of(owner, ""))), of_owner[owner].size());
    for (const auto* callback : callbacks)
      BOOST_REQUIRE_EQUAL(endpoints.count_for(callback), at[callback]);
  }
}

BOOST_AUTO_TEST_CASE(subscriptions_of_the_configuration_are_not_counted) {
  OwnerEndpoints endpoints;
  auto configured = of("config", "https://a/1");
  configured.via = "config";
  endpoints.add(configured);
  BOOST_CHECK_EQUAL(owner_key(configured), 0U);
  configured.callback = "https://a/2";
  BOOST_CHECK(endpoints.has_room(configured, 1));
}

BOOST_AUTO_TEST_CASE(host_of_a_callback_is_no_principal_of_its_name) {
  BOOST_CHECK_NE(owner_key(of("anonymous", "https://shop/")), owner_key(of("shop", "https://x/")));
  BOOST_CHECK_EQUAL(owner_key(of("anonymous", "https://shop/")),
                    owner_key(of("anonymous", "http://SHOP:8080/b")));
}

BOOST_AUTO_TEST_SUITE_END()
