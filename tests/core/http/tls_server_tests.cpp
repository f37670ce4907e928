// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/core/http/server_fixture.hpp"
#include "tests/core/http/tls_client.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

using Clients = TlsOptions::Clients;

// A server with TLS, and a CA of its clients.
struct TlsWorld {
  TemporaryFolder folder;
  TestAuthority authority{folder.path(), "authority"};
  TestAuthority::Signed own = authority.sign("server");
  std::optional<ServerFixture> fixture;

  explicit TlsWorld(Clients clients = Clients::unasked, const std::string& revoked = {},
                    http::ServerOptions options = {}) {
    options.tls = TlsOptions{own.certificate, own.key, clients,
                             clients == Clients::unasked ? "" : authority.file(), revoked};
    fixture.emplace(options);
  }
  std::uint16_t port() { return fixture->port(); }
  std::string ask(const TestAuthority::Signed* certificate, int version = TLS1_3_VERSION) {
    TlsClient::Options options;
    options.certificate = certificate;
    options.version_max = version;
    TlsClient client(port(), options);
    return client.ask(get("/x"));
  }
  void await(const char* counter, std::uint64_t least) {
    fixture->await([&] { return fixture->harness.counters[counter] >= least; });
  }
};

const std::string ok = "HTTP/1.1 200 OK\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(tls_server_tests)

BOOST_AUTO_TEST_CASE(tls_1_2_and_1_3_are_served_with_the_headers_of_tls) {
  TlsWorld world;
  for (const auto& [version, name] :
       {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    TlsClient::Options options;
    options.version_max = version;
    options.protocols = "\x02h2\x08http/1.1";
    TlsClient client(world.port(), options);
    BOOST_REQUIRE(client.connected());
    for (int i = 0; i < 2; ++i) {
      const auto head = client.ask(get("/x"));
      BOOST_CHECK(head.starts_with(ok));
      for (const char* line :
           {"\r\nStrict-Transport-Security: max-age=31536000\r\n",
            "\r\nX-Content-Type-Options: nosniff\r\n", "\r\nReferrer-Policy: no-referrer\r\n",
            "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors "
            "'none'\r\n"})
        BOOST_CHECK_MESSAGE(head.find(line) != std::string::npos, line);
      client.read_until("GET /x 0");
    }
    BOOST_CHECK_EQUAL(client.version(), name);
    BOOST_CHECK_EQUAL(client.protocol(), "http/1.1");
    BOOST_CHECK(!client.can_resume());
  }
  BOOST_CHECK_EQUAL(world.fixture->seen.at(0).certificate, "");
}

BOOST_AUTO_TEST_CASE(older_versions_and_other_protocols_are_refused) {
  TlsWorld world;
  TlsClient::Options old;
  old.version_min = TLS1_VERSION;
  old.version_max = TLS1_1_VERSION;
  BOOST_CHECK(!TlsClient(world.port(), old).connected());
  TlsClient::Options other;
  other.protocols = "\x02h2";
  BOOST_CHECK(!TlsClient(world.port(), other).connected());
  world.await("http.tls.failed", 2);
}

BOOST_AUTO_TEST_CASE(plain_http_is_answered_with_400_and_counted) {
  TlsWorld world;
  HttpClient client(world.port());
  client.write(get("/x"));
  const auto reply = client.read();
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->status, 400U);
  BOOST_CHECK_NE(reply->body.find("https://"), std::string::npos);
  BOOST_CHECK_EQUAL(reply->head.find("Strict-Transport-Security"), std::string::npos);
  BOOST_CHECK(!client.read());
  BOOST_CHECK_EQUAL(world.fixture->harness.counters["http.tls.plain"], 1U);
  BOOST_CHECK(world.fixture->seen.empty());
}

BOOST_AUTO_TEST_CASE(octets_that_are_no_handshake_are_closed) {
  TlsWorld world;
  HttpClient client(world.port());
  client.write(std::string(100, '\xff'));
  client.read_rest();
  world.await("http.tls.failed", 1);
}

BOOST_AUTO_TEST_CASE(each_certificate_of_a_client_is_judged) {
  TemporaryFolder elsewhere;
  TestAuthority other(elsewhere.path(), "authority");
  for (const auto clients : {Clients::optional, Clients::required}) {
    TlsWorld world(clients);
    const auto good = world.authority.sign("good");
    const auto expired = world.authority.sign("expired", -3600);
    const auto foreign = other.sign("foreign");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      world.fixture->harness.on_reactor([&] { world.fixture->seen.clear(); });
      BOOST_CHECK(world.ask(&good, version).starts_with(ok));
      BOOST_REQUIRE(world.fixture->seen.size() == 1U);
      BOOST_CHECK_EQUAL(world.fixture->seen.at(0).certificate, good.fingerprint);
      BOOST_CHECK_EQUAL(world.ask(&expired, version), "");
      BOOST_CHECK_EQUAL(world.ask(&foreign, version), "");
      const auto none = world.ask(nullptr, version);
      BOOST_CHECK_EQUAL(none.starts_with(ok), clients == Clients::optional);
      BOOST_CHECK_EQUAL(world.fixture->seen.size(), clients == Clients::optional ? 2U : 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(revoked_certificate_is_refused_and_others_are_served) {
  TemporaryFolder lists;
  TlsWorld first;  // only for its CA
  const auto good = first.authority.sign("good");
  const auto revoked = first.authority.sign("revoked");
  http::ServerOptions options;
  options.tls = TlsOptions{first.own.certificate, first.own.key, Clients::required,
                           first.authority.file(), first.authority.revoke({revoked})};
  ServerFixture fixture(options);
  const auto served = [&](const TestAuthority::Signed& certificate) {
    TlsClient client(fixture.port(), {.certificate = &certificate});
    return client.ask(get("/x")).starts_with(ok);
  };
  BOOST_CHECK(served(good));
  BOOST_CHECK(!served(revoked));
}

BOOST_AUTO_TEST_CASE(files_are_read_again_and_broken_ones_change_nothing) {
  TlsWorld world;
  const auto before = world.own.fingerprint;
  BOOST_CHECK_EQUAL(TlsClient(world.port()).server_fingerprint(), before);
  TlsClient open(world.port());
  std::filesystem::rename(world.own.certificate, world.own.certificate + ".kept");
  std::ofstream(world.own.certificate) << "no certificate";
  world.await("http.tls.not-loaded", 1);
  BOOST_CHECK_EQUAL(TlsClient(world.port()).server_fingerprint(), before);
  const auto loaded = world.fixture->harness.counters["http.tls.loaded"].load();
  const auto next = world.authority.sign("server");  // over the same files
  world.await("http.tls.loaded", loaded + 1);
  BOOST_CHECK_EQUAL(TlsClient(world.port()).server_fingerprint(), next.fingerprint);
  BOOST_CHECK(open.ask(get("/x")).starts_with(ok));  // an open connection stays
}

BOOST_AUTO_TEST_CASE(connections_and_streams_of_a_revoked_certificate_end) {
  TlsWorld first;
  const auto good = first.authority.sign("good");
  const auto revoked = first.authority.sign("revoked");
  http::ServerOptions options;
  options.tls = TlsOptions{first.own.certificate, first.own.key, Clients::optional,
                           first.authority.file(), first.authority.revoke({})};
  ServerFixture fixture(options);
  TlsClient kept(fixture.port(), {.certificate = &good});
  TlsClient idle(fixture.port(), {.certificate = &revoked});
  TlsClient busy(fixture.port(), {.certificate = &revoked});
  TlsClient stream(fixture.port(), {.certificate = &revoked});
  for (auto* client : {&kept, &idle}) {
    BOOST_CHECK(client->ask(get("/x")).starts_with(ok));
    client->read_until("GET /x 0");
  }
  busy.write(get("/never"));
  BOOST_CHECK(stream.ask(get("/stream")).starts_with(ok));
  fixture.await([&] { return fixture.held.size() == 1; });
  first.authority.revoke({revoked});
  for (auto* client : {&idle, &busy, &stream}) BOOST_CHECK_EQUAL(client->read_rest(), "");
  fixture.await([&] { return fixture.sources.at(0)->ends == 1; });
  fixture.harness.on_reactor([&] { fixture.held.at(0)({}); });
  BOOST_CHECK(kept.ask(get("/x")).starts_with(ok));
  BOOST_CHECK_EQUAL(fixture.harness.counters["http.tls.withdrawn"], 3U);
}

BOOST_AUTO_TEST_CASE(slow_handshake_is_ended_at_the_deadline) {
  http::ServerOptions options;
  options.header_timeout = 100ms;
  TlsWorld world(Clients::unasked, {}, options);
  HttpClient slow(world.port());
  slow.write(std::string("\x16\x03\x01\x02", 4));  // a record that does not go on
  BOOST_CHECK(!slow.read_head());
  world.await("http.tls.timed-out", 1);
}

BOOST_AUTO_TEST_CASE(a_thousand_half_open_handshakes_keep_no_client_out) {
  rlimit files{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  http::ServerOptions options;
  options.connections_max = 64;
  TlsWorld world(Clients::unasked, {}, options);
  std::vector<std::unique_ptr<HttpClient>> half_open;
  for (int i = 0; i < 1000; ++i) {
    half_open.push_back(std::make_unique<HttpClient>(world.port()));
    if (i % 2 == 0) half_open.back()->write(std::string("\x16\x03\x01\x02", 4));
    if (i % 100 == 99) BOOST_CHECK(world.ask(nullptr).starts_with(ok));
  }
  BOOST_CHECK_GE(world.fixture->harness.counters["http.connections.displaced"], 900U);
}

BOOST_AUTO_TEST_CASE(stream_goes_over_tls_and_ends_in_good_order) {
  TlsWorld world;
  for (const bool by_server : {false, true}) {
    TlsClient client(world.port());
    BOOST_CHECK(client.ask(get("/stream")).starts_with(ok));
    auto& source = *world.fixture->sources.back();
    world.fixture->harness.on_reactor([&] {
      for (const char* text : {"a", "bc"})
        BOOST_CHECK(source.stream->push(std::make_shared<const std::string>(text)) ==
                    http::ResponseStream::Push::taken);
    });
    BOOST_CHECK_EQUAL(client.read_until("bc\r\n").back(), '\n');
    world.fixture->harness.on_reactor(
        [&] { by_server ? world.fixture->server->close() : source.stream->end(); });
    BOOST_CHECK_EQUAL(client.read_rest(), "0\r\n\r\n");
    BOOST_CHECK(client.ended_by_server());
    BOOST_CHECK_EQUAL(source.ends, by_server ? 1 : 0);
  }
}

BOOST_AUTO_TEST_CASE(connection_that_is_not_kept_ends_with_close_notify) {
  TlsWorld world;
  TlsClient client(world.port());
  BOOST_CHECK(client.ask("GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .starts_with(ok));
  BOOST_CHECK_EQUAL(client.read_rest(), "GET /x 0");
  BOOST_CHECK(client.ended_by_server());
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_used_name_the_key) {
  TemporaryFolder folder;
  TestAuthority authority(folder.path(), "authority");
  const auto own = authority.sign("server");
  const auto other = authority.sign("other");
  const auto refused = [](const TlsOptions& options) {
    const auto made = make_tls_context(options);
    return made ? "" : made.error().message.substr(0, made.error().message.find(':'));
  };
  const auto with = [&](Clients clients, const std::string& authorities,
                        const std::string& revoked) {
    return TlsOptions{own.certificate, own.key, clients, authorities, revoked};
  };
  BOOST_CHECK_EQUAL(refused(with(Clients::unasked, "", "")), "");
  BOOST_CHECK_EQUAL(refused({own.certificate, "", Clients::unasked, "", ""}), "tls-key");
  BOOST_CHECK_EQUAL(refused({"", own.key, Clients::unasked, "", ""}), "tls-certificate");
  BOOST_CHECK_EQUAL(refused({own.certificate, other.key, Clients::unasked, "", ""}), "tls-key");
  BOOST_CHECK_EQUAL(refused({folder / "none", own.key, Clients::unasked, "", ""}),
                    "tls-certificate");
  ::chmod(other.key.c_str(), 0644);
  BOOST_CHECK_EQUAL(refused({other.certificate, other.key, Clients::unasked, "", ""}), "tls-key");
  BOOST_CHECK_EQUAL(refused(with(Clients::required, "", "")), "tls-client-ca");
  BOOST_CHECK_EQUAL(refused(with(Clients::unasked, authority.file(), "")), "tls-client-ca");
  BOOST_CHECK_EQUAL(refused(with(Clients::required, own.key, "")), "tls-client-ca");
  BOOST_CHECK_EQUAL(refused(with(Clients::optional, authority.file(), own.key)), "tls-revoked");
  BOOST_CHECK_EQUAL(refused(with(Clients::unasked, "", authority.revoke({}))), "tls-revoked");
}

BOOST_AUTO_TEST_SUITE_END()
