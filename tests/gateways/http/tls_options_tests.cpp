// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/tls_options.hpp"

#include "gateways/http/http_gateway.hpp"
#include "tests/core/http/tls_client.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Settings settings(const Pairs& pairs) {
  auto options = Settings::defaults(http::http_options());
  for (const auto& [key, value] : pairs)
    BOOST_REQUIRE_MESSAGE(options.set(key, value).has_value(), key);
  return options;
}

struct TlsFixture : RoutesFixture {
  TemporaryFolder folder;
  TestAuthority authority{folder.path(), "authority"};
  TestAuthority::Signed own = authority.sign("server");
  const Pairs with_tls = {
      {"listen", "127.0.0.1:0"}, {"tls-certificate", own.certificate}, {"tls-key", own.key}};

  Pairs and_more(const Pairs& more) const {
    auto pairs = with_tls;
    pairs.insert(pairs.end(), more.begin(), more.end());
    return pairs;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tls_options_tests, TlsFixture)

BOOST_AUTO_TEST_CASE(other_machines_are_served_over_tls_or_where_that_is_said) {
  using http::Others;
  const auto others = [](const Pairs& pairs) { return http::others_of(settings(pairs)); };
  BOOST_CHECK(others({}) == Others::none);
  BOOST_CHECK(others({{"listen", "0.0.0.0:0"}}) == Others::none);
  BOOST_CHECK(others({{"allow-plain-http", "true"}}) == Others::proved);
  BOOST_CHECK(others({{"allow-anonymous", "true"}}) == Others::all);
  BOOST_CHECK(others({{"allow-anonymous", "true"}, {"allow-plain-http", "true"}}) == Others::all);
  BOOST_CHECK(others(with_tls) == Others::proved);
  BOOST_CHECK(others(and_more({{"allow-anonymous", "true"}})) == Others::all);
}

BOOST_AUTO_TEST_CASE(options_that_do_not_go_together_are_refused_by_check_and_by_start) {
  for (const auto& [key, pairs] : std::vector<std::pair<std::string, Pairs>>{
           {"tls-key", {{"tls-certificate", own.certificate}}},
           {"tls-certificate", {{"tls-key", own.key}}},
           {"tls-certificate", {{"tls-client", "required"}}},
           {"tls-client", {{"tls-client", "always"}}},
           {"tls-client-ca", and_more({{"tls-client", "optional"}})},
           {"tls-revoked", and_more({{"tls-revoked", authority.revoke({})}})},
           {"allow-plain-http", and_more({{"allow-plain-http", "true"}})}}) {
    const auto options = settings(pairs);
    const auto checked = http::http_listeners(options);
    BOOST_REQUIRE_MESSAGE(!checked, key);
    BOOST_CHECK_EQUAL(checked.error().message.substr(0, key.size() + 1), key + ":");
    const auto made = http::make_http_gateway(options, harness.context);
    BOOST_REQUIRE_MESSAGE(!made, key);
    BOOST_CHECK_EQUAL(made.error().message, checked.error().message);
  }
  BOOST_CHECK(http::http_listeners(settings(with_tls)));
}

BOOST_AUTO_TEST_CASE(certificate_proves_its_principal_and_with_a_token_the_same) {
  const std::string shop(64, 'a');
  harness.clients.principals[{Proof::Kind::certificate, "sha256:" + shop}] = "shop";
  harness.clients.principals[proof_of_token("of shop")] = "shop";
  harness.clients.principals[proof_of_token("of other")] = "other";
  const auto status = [&](const std::string& certificate, const std::string& token) {
    http::Request request;
    request.certificate = certificate;
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    const auto response = ask("GET", "/v1/sources", "", request);
    if (response.status != 200) check_problem(response, 401, Code::noaccess);
    return response.status == 200 ? harness.clients.asked.back().principal : "401";
  };
  BOOST_CHECK_EQUAL(status(shop, ""), "shop");
  BOOST_CHECK_EQUAL(status(shop, "of shop"), "shop");
  BOOST_CHECK_EQUAL(status("", "of other"), "other");
  BOOST_CHECK_EQUAL(status(shop, "of other"), "401");
  BOOST_CHECK_EQUAL(status(shop, "of none"), "401");
  BOOST_CHECK_EQUAL(status(std::string(64, 'b'), ""), "401");
  BOOST_CHECK_EQUAL(status(std::string(64, 'b'), "of shop"), "401");
}

BOOST_AUTO_TEST_CASE(certificate_of_a_proxy_is_not_that_of_its_client) {
  const std::string proxy(64, 'a');
  harness.clients.principals[{Proof::Kind::certificate, "sha256:" + proxy}] = "proxy";
  harness.clients.principals[proof_of_token("of shop")] = "shop";
  routes = std::make_shared<http::Routes>(
      harness.context,
      http::Routes::Options{.proxies = http::parse_proxies({"10.0.0.0/8"}).value()});
  const auto principal = [&](const std::string& peer, const std::string& token) {
    http::Request request;
    request.peer = peer;
    request.certificate = proxy;
    request.headers.emplace_back("x-forwarded-for", "192.0.2.7");
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    BOOST_CHECK_EQUAL(ask("GET", "/v1/sources", "", request).status, 200U);
    return harness.clients.asked.back().principal;
  };
  BOOST_CHECK_EQUAL(principal("10.1.2.3:80", ""), "anonymous");
  BOOST_CHECK_EQUAL(principal("10.1.2.3:80", "of shop"), "shop");
  BOOST_CHECK_EQUAL(principal("192.0.2.1:80", ""), "proxy");
}

BOOST_AUTO_TEST_CASE(whole_gateway_serves_a_known_certificate_and_refuses_an_unknown_one) {
  const auto shop = authority.sign("shop");
  const auto unknown = authority.sign("unknown");
  harness.clients.principals[{Proof::Kind::certificate, "sha256:" + shop.fingerprint}] = "shop";
  const auto options =
      settings(and_more({{"tls-client", "optional"}, {"tls-client-ca", authority.file()}}));
  BOOST_REQUIRE(harness.start(http::make_http_gateway(options, harness.context)));
  const auto listening = harness.gateway->listening();
  BOOST_REQUIRE(listening.size() == 1U);
  BOOST_CHECK(listening[0].starts_with("https://127.0.0.1:"));
  const auto port =
      static_cast<std::uint16_t>(std::stoul(listening[0].substr(listening[0].rfind(':') + 1)));
  const auto status = [&](const TestAuthority::Signed* certificate) {
    TlsClient client(port, {.certificate = certificate});
    return client.ask("GET /v1/sources HTTP/1.1\r\nHost: localhost\r\n\r\n").substr(9, 3);
  };
  BOOST_CHECK_EQUAL(status(&shop), "200");
  BOOST_CHECK_EQUAL(harness.clients.asked.back().principal, "shop");
  BOOST_CHECK_EQUAL(status(&unknown), "401");
  BOOST_CHECK_EQUAL(status(nullptr), "200");  // from this machine
  BOOST_CHECK_EQUAL(harness.clients.asked.back().principal, "anonymous");
}

BOOST_AUTO_TEST_SUITE_END()
