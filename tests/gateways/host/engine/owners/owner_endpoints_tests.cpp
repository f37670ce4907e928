// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/owner_endpoints.hpp"

#include <boost/test/unit_test.hpp>

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
