// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/sense/dtls/certificates.hpp"
#include "tests/gateways/sense/dtls/dtls_pair.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

struct Folder {
  TemporaryFolder folder;
  std::string gateway = folder / "gateway.example.pem";
  std::string gateway_key = folder / "gateway.example.key";
  std::string client = folder / "hp4.example.pem";
  std::string client_key = folder / "hp4.example.key";

  Folder() {
    for (const auto* name : {"gateway.example", "hp4.example", "other.example"})
      make_certificate(folder / ".", name);
  }
};

// A client that trusts the gateway's certificate and may have one of its own.
DtlsPeer client_of(DtlsWorld& world, const std::string& authorities) {
  return DtlsPeer(world, dtls_peer(9000), std::nullopt, authorities);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dtls_certificates_tests)

BOOST_AUTO_TEST_CASE(client_that_trusts_the_certificate_has_a_session_without_a_name) {
  Folder files;
  DtlsWorld world({files.gateway, files.gateway_key, {}});
  auto client = client_of(world, files.gateway);
  BOOST_REQUIRE_MESSAGE(client.connect(), client.connection->problem());
  BOOST_CHECK_EQUAL(client.connection->suite(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  client.say("hello");
  BOOST_REQUIRE_EQUAL(world.received.size(), 1U);
  BOOST_CHECK_EQUAL(world.received[0].session->key, "");
  BOOST_CHECK_EQUAL(world.received[0].session->certificate_subject, "");
  DtlsPeer keyed(world, dtls_peer(9001));
  BOOST_CHECK(keyed.connect());
}

BOOST_AUTO_TEST_CASE(client_refuses_a_certificate_that_it_does_not_trust_or_of_another_host) {
  Folder files;
  DtlsWorld world({files.gateway, files.gateway_key, {}});
  auto client = client_of(world, files.client);
  BOOST_CHECK(!client.connect());
  BOOST_CHECK_EQUAL(client.connection->problem(), "self-signed certificate");
  BOOST_CHECK_EQUAL(world.count("failed"), 1U);

  DtlsWorld elsewhere({files.folder / "other.example.pem", files.folder / "other.example.key", {}});
  auto misled = client_of(elsewhere, files.folder / "other.example.pem");
  BOOST_CHECK(!misled.connect());
  BOOST_CHECK_EQUAL(misled.connection->problem(), "hostname mismatch");
  BOOST_CHECK_EQUAL(elsewhere.server.sessions(), 0U);
}

BOOST_AUTO_TEST_CASE(verified_client_certificate_is_passed_on_with_what_it_says) {
  Folder files;
  DtlsWorld world({files.gateway, files.gateway_key, files.client});
  auto without = client_of(world, files.gateway);
  (void)without.connect();
  without.exchange();
  BOOST_CHECK(!without.is_open());
  BOOST_CHECK_EQUAL(world.server.sessions(), 0U);

  const auto context = made(make_dtls_client({false, files.gateway}));
  SSL_CTX_use_certificate_chain_file(context.get(), files.client.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), files.client_key.c_str(), SSL_FILETYPE_PEM);
  auto with = client_of(world, files.gateway);
  with.connection = made(DtlsConnection::client(context, std::nullopt, "gateway.example"));
  BOOST_REQUIRE_MESSAGE(with.connect(), with.connection->problem());
  with.say("hello");
  BOOST_REQUIRE_EQUAL(world.received.size(), 1U);
  BOOST_CHECK_EQUAL(world.received[0].session->certificate_subject, "CN=hp4.example");
  BOOST_CHECK_EQUAL(world.received[0].session->certificate_fingerprint.size(), 64U);
  BOOST_CHECK_EQUAL(world.received[0].session->key, "");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_named) {
  Folder files;
  const auto said = [](const DtlsServerFiles& wanted, bool keys) {
    const auto context = make_dtls_server(wanted, keys);
    return context ? std::string() : context.error().message;
  };
  BOOST_CHECK_EQUAL(said({files.gateway, files.gateway_key, {}}, false), "");
  BOOST_CHECK_EQUAL(said({}, false), "DTLS needs shared keys or a certificate");
  BOOST_CHECK_NE(said({files.gateway, {}, {}}, true).find("go together"), std::string::npos);
  BOOST_CHECK_NE(said({{}, {}, files.client}, true).find("go together"), std::string::npos);
  BOOST_CHECK_NE(said({files.gateway, files.client_key, {}}, true).find("hp4.example.key"),
                 std::string::npos);
  BOOST_CHECK_NE(said({files.folder / "none", files.gateway_key, {}}, true).find("/none"),
                 std::string::npos);
  ::chmod(files.gateway_key.c_str(), 0644);
  BOOST_CHECK_NE(said({files.gateway, files.gateway_key, {}}, true).find("chmod 600"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_versions_and_suites_are_refused) {
  DtlsWorld world;
  for (const auto* suites :
       {"PSK-AES128-CBC-SHA256", "PSK-AES128-CCM8", "ECDHE-PSK-AES128-CBC-SHA256"}) {
    DtlsPeer client(world, dtls_peer(9000), hp4_key, {}, suites);
    BOOST_CHECK_MESSAGE(!client.connect(), suites);
  }
  const auto context = made(make_dtls_client({true, {}}));
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), DTLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), DTLS1_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "PSK@SECLEVEL=0");
  DtlsPeer old(world, dtls_peer(9001));
  old.connection = made(DtlsConnection::client(context, hp4_key, ""));
  BOOST_CHECK(!old.connect());
  BOOST_CHECK_EQUAL(world.count("opened"), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
