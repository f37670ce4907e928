// SPDX-License-Identifier: Apache-2.0
#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>

#include "tests/core/egress/transfer_fixture.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/sense/dtls/certificates.hpp"

using namespace sense;
using namespace sense::test;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    Free(owned);
  }
};

// A server with the certificate of `name`, and a transfer that trusts `trusted`. A request reaches
// the server only when the client has accepted the certificate.
struct TlsWorld {
  TemporaryFolder folder;
  std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>> context{SSL_CTX_new(TLS_server_method())};
  std::atomic<int> requests{0};
  std::string client;  // the subject of the certificate that the last client has shown
  std::unique_ptr<LoopbackServer> server;

  explicit TlsWorld(const std::string& name) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a client that has gone
    for (const auto* each : {"localhost", "other.example"})
      datagram::test::make_certificate(folder / ".", each);
    SSL_CTX_use_certificate_chain_file(context.get(), certificate(name).c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), (folder / (name + ".key")).c_str(),
                                SSL_FILETYPE_PEM);
    server = std::make_unique<LoopbackServer>([this](LoopbackServer::Peer& peer) { serve(peer); });
  }
  std::string certificate(const std::string& name) { return folder / (name + ".pem"); }

  void serve(LoopbackServer::Peer& peer) {
    const std::unique_ptr<SSL, Freed<&SSL_free>> tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), peer.fd());
    std::array<char, 4096> request{};
    if (SSL_accept(tls.get()) != 1 || SSL_read(tls.get(), request.data(), 4096) <= 0) return;
    ++requests;
    const std::unique_ptr<X509, Freed<&X509_free>> shown(SSL_get1_peer_certificate(tls.get()));
    std::array<char, 256> subject{};
    if (shown) X509_NAME_oneline(X509_get_subject_name(shown.get()), subject.data(), 256);
    client = subject.data();
    const auto answer = http_answer("200 OK", "Connection: close\r\n");
    SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
  }
  // Refuses clients without a certificate of that name.
  void require(const std::string& name) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_load_verify_file(context.get(), certificate(name).c_str());
  }
  EndpointTls endpoint(const std::string& host, const std::string& trusted,
                       const std::string& shown) {
    if (shown.empty()) return {host, certificate(trusted), "", ""};
    return {host, certificate(trusted), certificate(shown), folder / (shown + ".key")};
  }
  Result<TransferReply> ask(const std::string& trusted, std::vector<EndpointTls> endpoints = {}) {
    TransferOptions options;
    options.endpoints = std::move(endpoints);
    if (!trusted.empty()) options.ca_file = certificate(trusted);
    const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
    auto request = post("https://localhost:" + std::to_string(server->port()) + "/hook");
    request.pinned_address = "127.0.0.1";
    return send(*transfer, request).get();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer_tls_tests)

BOOST_AUTO_TEST_CASE(server_with_a_trusted_certificate_of_its_name_is_served) {
  TlsWorld world("localhost");
  const auto reply = world.ask("localhost");
  BOOST_REQUIRE_MESSAGE(reply, (reply ? "" : reply.error().message));
  BOOST_CHECK_EQUAL(reply->status, 200U);
  BOOST_CHECK_EQUAL(world.requests, 1);
}

BOOST_AUTO_TEST_CASE(server_with_a_certificate_that_is_not_trusted_gets_no_request) {
  TlsWorld world("localhost");
  for (const auto* trusted : {"", "other.example"}) {
    const auto reply = world.ask(trusted);
    BOOST_CHECK(!reply && reply.error().code == Code::commerror);
  }
  BOOST_CHECK_EQUAL(world.requests, 0);
}

BOOST_AUTO_TEST_CASE(server_with_the_certificate_of_another_name_gets_no_request) {
  TlsWorld world("other.example");
  const auto reply = world.ask("other.example");
  BOOST_CHECK(!reply && reply.error().code == Code::commerror);
  BOOST_CHECK_EQUAL(world.requests, 0);
}

BOOST_AUTO_TEST_CASE(a_host_has_its_own_authority) {
  TlsWorld world("localhost");
  BOOST_CHECK(world.ask("", {world.endpoint("localhost", "localhost", "")}));
  BOOST_CHECK(world.ask("other.example", {world.endpoint("localhost", "localhost", "")}));
  BOOST_CHECK(!world.ask("localhost", {world.endpoint("localhost", "other.example", "")}));
  BOOST_CHECK(!world.ask("", {world.endpoint("other.example", "localhost", "")}));
  BOOST_CHECK_EQUAL(world.requests, 2);
  BOOST_CHECK_EQUAL(world.client, "");
}

BOOST_AUTO_TEST_CASE(a_certificate_is_shown_to_its_host_alone) {
  TlsWorld world("localhost");
  world.require("other.example");
  const auto reply = world.ask("", {world.endpoint("localhost", "localhost", "other.example")});
  BOOST_REQUIRE_MESSAGE(reply, (reply ? "" : reply.error().message));
  BOOST_CHECK_NE(world.client.find("other.example"), std::string::npos);
  BOOST_CHECK(!world.ask("localhost"));
  BOOST_CHECK(
      !world.ask("localhost", {world.endpoint("*.localhost", "localhost", "other.example")}));
  BOOST_CHECK_EQUAL(world.requests, 1);
}

BOOST_AUTO_TEST_SUITE_END()
