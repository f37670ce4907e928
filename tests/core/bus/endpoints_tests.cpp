// SPDX-License-Identifier: Apache-2.0
#include "core/bus/endpoints.hpp"

#include <boost/test/unit_test.hpp>

using sense::bus_endpoints;
using sense::bus_options;
using sense::Settings;

namespace {

std::string refusal(std::initializer_list<std::pair<const char*, std::string>> values) {
  auto settings = Settings::defaults(bus_options());
  for (const auto& [key, value] : values)
    if (auto good = settings.set(key, value); !good) return good.error().message;
  const auto endpoints = bus_endpoints(settings);
  return endpoints ? "accepted" : endpoints.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(endpoints_tests)

BOOST_AUTO_TEST_CASE(the_defaults_are_sockets_under_run) {
  const auto endpoints = bus_endpoints(Settings::defaults(bus_options()));
  BOOST_REQUIRE(endpoints.has_value());
  BOOST_CHECK_EQUAL(endpoints->service, "ipc:///run/sense/service");
  BOOST_CHECK_EQUAL(endpoints->events, "ipc:///run/sense/events");
  BOOST_CHECK_EQUAL(endpoints->publish, "ipc:///run/sense/publish");
}

BOOST_AUTO_TEST_CASE(several_endpoints_are_a_list_of_which_clients_use_the_first) {
  BOOST_CHECK_EQUAL(refusal({{"events", "ipc:///run/x , tcp://127.0.0.1:5000"}}), "accepted");
  BOOST_CHECK_EQUAL(sense::client_endpoint("ipc:///run/x , tcp://127.0.0.1:5000"), "ipc:///run/x");
  BOOST_CHECK_EQUAL(sense::endpoint_list("ipc:///run/x , tcp://127.0.0.1:5000")[1],
                    "tcp://127.0.0.1:5000");
  for (const auto* list : {"ipc:///run/x,", ",", "ipc:///run/x,inproc://a", "ipc:///run/x,tcp://",
                           "ipc:///run/x,ipc:///run/x"})
    BOOST_CHECK_NE(refusal({{"events", list}}), "accepted");
}

BOOST_AUTO_TEST_CASE(a_comma_in_a_path_does_not_make_two_endpoints) {
  BOOST_CHECK_EQUAL(sense::client_endpoint("ipc:///data, old,x/s"), "ipc:///data, old,x/s");
  BOOST_CHECK_EQUAL(
      refusal(
          {{"service", "ipc:///a,b/s"}, {"events", "ipc:///a,b/e"}, {"publish", "ipc:///a,b/p"}}),
      "accepted");
  const auto list = sense::endpoint_list("ipc:///a,b/s ,tcp://127.0.0.1:5000, ipc:///c,");
  BOOST_REQUIRE_EQUAL(list.size(), 4U);
  BOOST_CHECK_EQUAL(list[0], "ipc:///a,b/s");
  BOOST_CHECK_EQUAL(list[1], "tcp://127.0.0.1:5000");
  BOOST_CHECK_EQUAL(list[2], "ipc:///c");
  BOOST_CHECK_EQUAL(list[3], "");
}

BOOST_AUTO_TEST_CASE(prefixes_of_an_external_bus_are_separated_by_every_comma) {
  auto settings = Settings::defaults(bus_options());
  BOOST_REQUIRE(settings.set("external", "tcp://127.0.0.1:5000").has_value());
  BOOST_REQUIRE(settings.set("external-take", "a,b").has_value());
  BOOST_CHECK_EQUAL(bus_endpoints(settings)->external.take.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_foreign_proxy_has_no_namespace_of_the_service) {
  for (const auto* ns : {"urn:sense:management", "urn:sense:gateway"})
    BOOST_CHECK_NE(refusal({{"external-namespace", ns}}), "accepted");
  BOOST_CHECK_EQUAL(refusal({{"external-namespace", "urn:sense:gateways"}}), "accepted");
}

BOOST_AUTO_TEST_CASE(other_transports_are_refused) {
  for (const auto* endpoint :
       {"inproc://a", "udp://a:1", "pgm://a", "/run/x", "IPC:///a", "tcp://", "ipc://"})
    BOOST_CHECK_NE(refusal({{"publish", endpoint}, {"allow-plaintext-tcp", "true"}}), "accepted");
}

BOOST_AUTO_TEST_CASE(a_path_too_long_for_a_socket_is_refused) {
  BOOST_CHECK_EQUAL(refusal({{"service", "ipc://" + std::string(107, 'a')}}), "accepted");
  BOOST_CHECK_NE(refusal({{"service", "ipc://" + std::string(108, 'a')}}).find("107"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(two_roles_cannot_share_an_endpoint) {
  BOOST_CHECK_NE(refusal({{"service", "ipc:///run/sense/events"}}).find("three different"),
                 std::string::npos);
  BOOST_CHECK_EQUAL(refusal({{"service", "tcp://127.0.0.1:*"},
                             {"events", "tcp://127.0.0.1:*"},
                             {"publish", "tcp://127.0.0.1:*"},
                             {"allow-plaintext-tcp", "true"}}),
                    "accepted");
}

BOOST_AUTO_TEST_SUITE_END()
