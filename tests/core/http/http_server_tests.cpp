// SPDX-License-Identifier: Apache-2.0
#include "core/http/server.hpp"

#include "core/http/request_guard.hpp"
#include "tests/core/http/server_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_server_tests)

BOOST_AUTO_TEST_CASE(a_request_is_answered_and_the_connection_kept) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  for (int i = 0; i < 3; ++i) {
    client.write("POST /x?y HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello");
    const auto reply = client.read();
    BOOST_REQUIRE(reply);
    BOOST_CHECK_EQUAL(reply->status, 200U);
    BOOST_CHECK_EQUAL(reply->body, "POST /x?y 5");
    BOOST_CHECK_NE(reply->head.find("X-Content-Type-Options: nosniff"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_chunked_body_and_pipelined_requests_are_understood) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n" +
      get("/b"));
  BOOST_CHECK_EQUAL(client.read()->body, "POST /a 3");
  BOOST_CHECK_EQUAL(client.read()->body, "GET /b 0");
}

BOOST_AUTO_TEST_CASE(a_foreign_host_is_rejected) {
  ServerFixture fixture;
  for (const char* headers :
       {"Host: evil.example\r\n", "Host: localhost.evil.example\r\n", "Host: \r\n",
        "Host: 127.0.0.1.nip.example:80\r\n", "", "Host: localhost\r\nHost: evil.example\r\n",
        "Host: 2130706433\r\n"}) {
    HttpClient client(fixture.port());
    client.write(get("/x", headers));
    const auto reply = client.read();
    BOOST_REQUIRE_MESSAGE(reply, headers);
    BOOST_CHECK_MESSAGE((reply->status == 421U || reply->status == 400U), headers << reply->status);
    BOOST_CHECK(!client.read());  // and the connection is closed
  }
}

BOOST_AUTO_TEST_CASE(an_unguarded_server_takes_any_host_and_origin) {
  http::ServerOptions options;
  options.guarded = false;
  options.server_name = "a test";
  ServerFixture fixture(options);
  for (const char* headers :
       {"Host: any.example\r\n", "", "Host: any.example\r\nOrigin: http://evil.example\r\n"}) {
    HttpClient client(fixture.port());
    client.write(get("/x", headers));
    const auto reply = client.read();
    BOOST_REQUIRE_MESSAGE(reply, headers);
    BOOST_CHECK_EQUAL(reply->status, 200U);
    BOOST_CHECK_NE(reply->head.find("Server: a test\r\n"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_web_page_of_another_origin_is_rejected) {
  ServerFixture fixture;
  const auto ask = [&](const std::string& origin) {
    HttpClient client(fixture.port());
    client.write(get("/x", "Host: localhost\r\nOrigin: " + origin + "\r\n"));
    return client.read()->status;
  };
  BOOST_CHECK_EQUAL(ask("http://evil.example"), 403U);
  BOOST_CHECK_EQUAL(ask("null"), 403U);
  BOOST_CHECK_EQUAL(ask("http://localhost:8080"), 200U);
}

BOOST_AUTO_TEST_CASE(the_guard_decides_by_address_host_and_origin) {
  const http::RequestGuard closed({"localhost", "[::1]", "Sense.Example"}, http::Others::none);
  const http::RequestGuard open({"localhost"}, http::Others::all);
  const auto head = [](const char* from, std::vector<std::string_view> hosts = {"localhost:8080"}) {
    http::RequestGuard::Head made;
    made.from = boost::asio::ip::make_address(from);
    made.hosts = std::move(hosts);
    return made;
  };
  for (const char* text : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"})
    BOOST_CHECK_MESSAGE(!closed.refusal(head(text)), text);
  for (const char* text : {"10.0.0.1", "8.8.8.8", "::ffff:10.0.0.1", "fe80::1", "::", "0.0.0.0"}) {
    const auto refusal = closed.refusal(head(text));
    BOOST_REQUIRE_MESSAGE(refusal, text);
    BOOST_CHECK_EQUAL(refusal->status, 403U);
    BOOST_CHECK_NE(refusal->body.find("tls-certificate"), std::string::npos);
    BOOST_CHECK_MESSAGE(!open.refusal(head(text)), text);
  }
  // With TLS, say, others are served what has a proof, and asked for one.
  const http::RequestGuard asking({"localhost"}, http::Others::proved);
  auto proved = head("10.0.0.1");
  const auto asked = asking.refusal(proved);
  BOOST_REQUIRE(asked);
  BOOST_CHECK_EQUAL(asked->status, 401U);
  BOOST_CHECK_EQUAL(asked->headers.back().second, "Bearer realm=\"sense\"");
  BOOST_CHECK(!asking.is_closed_to(proved.from));
  proved.proved = true;
  BOOST_CHECK(!asking.refusal(proved));
  BOOST_CHECK(closed.refusal(proved).has_value());
  BOOST_CHECK(closed.is_closed_to(proved.from));
  BOOST_CHECK(!asking.refusal(head("127.0.0.1")));
  // What carries its own permission may come from anywhere, but not under a foreign name.
  auto permitted = head("10.0.0.1");
  permitted.permitted = true;
  BOOST_CHECK(!closed.refusal(permitted));
  permitted.hosts = {"evil.example"};
  BOOST_CHECK(closed.refusal(permitted).has_value());
  const auto refused = [&](const char* host) {
    return closed.refusal(head("127.0.0.1", {host})).has_value();
  };
  for (const char* host : {"LOCALHOST", "[::1]:80", "[::1]", "sense.example:1", " localhost "})
    BOOST_CHECK_MESSAGE(!refused(host), host);
  for (const char* host : {"[::1", "::1", "local", "localhost.", "a@localhost", "[::2]:80"})
    BOOST_CHECK_MESSAGE(refused(host), host);
  // No Host at all is a matter of the version; a foreign one never is.
  auto old = head("127.0.0.1", {});
  BOOST_CHECK(closed.refusal(old).has_value());
  old.host_optional = true;
  BOOST_CHECK(!closed.refusal(old));
  old.hosts = {"evil.example"};
  BOOST_CHECK(closed.refusal(old).has_value());
  old.hosts = {"localhost", "localhost"};
  BOOST_CHECK(closed.refusal(old).has_value());
}

BOOST_AUTO_TEST_CASE(a_target_is_a_path_an_url_or_an_asterisk) {
  const auto parsed = [](const char* method, const char* target) {
    const auto found = http::parse_target(method, target);
    return found ? std::string(found->authority) + " " + found->path : "";
  };
  BOOST_CHECK_EQUAL(parsed("GET", "/a?b"), " /a?b");
  BOOST_CHECK_EQUAL(parsed("GET", "//a/b"), " //a/b");
  BOOST_CHECK_EQUAL(parsed("GET", "http://localhost:80/a?b"), "localhost:80 /a?b");
  BOOST_CHECK_EQUAL(parsed("GET", "HTTPS://[::1]"), "[::1] /");
  BOOST_CHECK_EQUAL(parsed("GET", "http://a?b"), "a /?b");
  BOOST_CHECK_EQUAL(parsed("GET", "http://a@localhost/"), "a@localhost /");
  BOOST_CHECK_EQUAL(parsed("OPTIONS", "*"), " *");
  BOOST_CHECK_EQUAL(parsed("OPTIONS", "http://a"), "a *");
  for (const char* target :
       {"", "*", "a", "localhost:80", "ftp://localhost/", "http:///a", "http:/a", "://a/b"})
    BOOST_CHECK_EQUAL(parsed("GET", target), "");
}

BOOST_AUTO_TEST_CASE(listen_is_an_address_and_a_port) {
  for (const char* text : {"127.0.0.1:0", "[::1]:8080", "0.0.0.0:65535", "[::]:1"})
    BOOST_CHECK_MESSAGE(http::parse_listen(text).has_value(), text);
  for (const char* text : {"", "8080", ":8080", "localhost:80", "127.0.0.1", "127.0.0.1:", "::1:80",
                           "127.0.0.1:65536", "127.0.0.1:80x", "[127.0.0.1]:80", "[::1]"})
    BOOST_CHECK_MESSAGE(!http::parse_listen(text), text);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_named) {
  ServerFixture fixture;
  http::ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(fixture.port());
  const auto second = fixture.harness.on_reactor([&] {
    return http::Server::open(fixture.harness.reactor, options, fixture.harness.counters,
                              [](http::Request, http::Respond) {})
        .has_value();
  });
  BOOST_CHECK(!second);
}

BOOST_AUTO_TEST_CASE(slow_headers_are_ended_at_the_deadline) {
  http::ServerOptions options;
  options.header_timeout = 200ms;
  ServerFixture fixture(options);
  HttpClient client(fixture.port());
  client.write("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 1000 && !client.closed_within(20ms); ++i) client.write("X: y\r\n");
  BOOST_CHECK(client.closed());
}

BOOST_AUTO_TEST_CASE(a_slow_body_is_ended_at_the_deadline) {
  http::ServerOptions options;
  options.body_timeout = 200ms;
  ServerFixture fixture(options);
  HttpClient client(fixture.port());
  client.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  for (int i = 0; i < 1000 && !client.closed_within(20ms); ++i) client.write("x");
  BOOST_CHECK(client.closed());
}

BOOST_AUTO_TEST_CASE(bodies_and_headers_over_the_limit_are_refused) {
  http::ServerOptions options;
  options.body_max = 1000;
  options.header_max = 2000;
  ServerFixture fixture(options);
  const auto status = [&](const std::string& request) {
    HttpClient client(fixture.port());
    client.write(request);
    const auto reply = client.read();
    BOOST_REQUIRE(reply);
    return reply->status;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  BOOST_CHECK_EQUAL(status(post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')), 200U);
  BOOST_CHECK_EQUAL(status(post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')), 413U);
  BOOST_CHECK_EQUAL(status(post + "Content-Length: 99999999999\r\n\r\n"), 413U);
  BOOST_CHECK_EQUAL(status(post + "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                           std::string(2000, 'x') + "\r\n0\r\n\r\n"),
                    413U);
  BOOST_CHECK_EQUAL(status(get("/", "Host: localhost\r\nX: " + std::string(3000, 'x') + "\r\n")),
                    431U);
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_refused) {
  ServerFixture fixture;
  for (const std::string text :
       {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        "GET localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\nab",
        "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"}) {
    HttpClient client(fixture.port());
    client.write(text);
    const auto reply = client.read();
    BOOST_CHECK_MESSAGE((!reply || reply->status == 400U), text);
  }
}

BOOST_AUTO_TEST_CASE(expect_continue_is_answered_before_the_body_comes) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read()->status, 100U);
  client.write("ab");
  BOOST_CHECK_EQUAL(client.read()->body, "POST / 2");
}

BOOST_AUTO_TEST_CASE(a_handler_that_does_not_respond_is_given_up) {
  http::ServerOptions options;
  options.answer_timeout = 100ms;
  ServerFixture fixture(options);
  HttpClient client(fixture.port());
  client.write(get("/never"));
  const auto reply = client.read();
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->status, 504U);
  fixture.harness.on_reactor([&] { fixture.held.at(0)({}); });  // too late: changes nothing
  BOOST_CHECK(!client.read());
}

BOOST_AUTO_TEST_CASE(a_second_response_to_one_request_changes_nothing) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  for (int i = 0; i < 3; ++i) {
    client.write(get("/twice"));
    BOOST_CHECK(client.read()->body.empty());
    client.write(get("/once"));
    BOOST_CHECK_EQUAL(client.read()->body, "GET /once 0");
  }
}

BOOST_AUTO_TEST_CASE(a_newcomer_takes_the_place_of_the_client_that_has_waited_longest) {
  http::ServerOptions options;
  options.connections_max = 2;
  ServerFixture fixture(options);
  HttpClient first(fixture.port());
  HttpClient second(fixture.port());
  for (auto* client : {&first, &second}) {
    client->write(get("/"));
    BOOST_CHECK_EQUAL(client->read()->status, 200U);
  }
  HttpClient third(fixture.port());
  third.write(get("/"));
  BOOST_CHECK_EQUAL(third.read()->status, 200U);
  BOOST_CHECK(!first.read());
  second.write(get("/"));
  BOOST_CHECK_EQUAL(second.read()->status, 200U);
  BOOST_CHECK_EQUAL(fixture.harness.counters["http.connections.displaced"], 1U);
}

// Sockets that send nothing, or headers that never end.
BOOST_AUTO_TEST_CASE(idle_sockets_keep_no_client_out) {
  http::ServerOptions options;
  options.connections_max = 8;
  ServerFixture fixture(options);
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (int i = 0; i < 64; ++i) {
    idle.push_back(std::make_unique<HttpClient>(fixture.port()));
    if (i % 2 == 0) idle.back()->write("GET / HTTP/1.1\r\nHost: loc");
  }
  for (int i = 0; i < 8; ++i) {
    HttpClient client(fixture.port());
    client.write(get("/"));
    const auto answer = client.read();
    BOOST_REQUIRE(answer);
    BOOST_CHECK_EQUAL(answer->status, 200U);
  }
}

BOOST_AUTO_TEST_CASE(connections_over_the_limit_are_closed_and_come_back_when_there_is_room) {
  http::ServerOptions options;
  options.connections_max = 2;
  ServerFixture fixture(options);
  HttpClient first(fixture.port());
  HttpClient second(fixture.port());
  // One after the other, so that the first is held first.
  for (std::size_t held = 0; auto* client : {&first, &second}) {
    client->write(get("/never"));
    ++held;
    while (fixture.harness.on_reactor([&] { return fixture.held.size() < held; }))
      std::this_thread::yield();
  }
  HttpClient third(fixture.port());
  BOOST_CHECK(!third.read());
  BOOST_CHECK_EQUAL(fixture.harness.counters["http.connections.turned-away"], 1U);
  fixture.harness.on_reactor([&] { fixture.held.front()({}); });
  BOOST_CHECK_EQUAL(first.read()->status, 200U);
  HttpClient again(fixture.port());
  again.write(get("/"));
  BOOST_CHECK_EQUAL(again.read()->status, 200U);
}

BOOST_AUTO_TEST_CASE(close_ends_connections_with_a_request_in_progress) {
  ServerFixture fixture;
  HttpClient idle(fixture.port());
  HttpClient busy(fixture.port());
  busy.write(get("/never"));
  while (fixture.harness.on_reactor([&] { return fixture.held.empty(); }))
    std::this_thread::yield();
  fixture.harness.on_reactor([&] { fixture.server->close(); });
  BOOST_CHECK(!idle.read());
  BOOST_CHECK(!busy.read());
  fixture.harness.on_reactor([&] { fixture.held.at(0)({}); });
}

BOOST_AUTO_TEST_SUITE_END()
