// SPDX-License-Identifier: Apache-2.0
#include "core/http/connection.hpp"

#include "tests/core/http/coded_bodies.hpp"
#include "tests/core/http/server_fixture.hpp"

using namespace sense;
using namespace sense::test;

namespace {

std::string post(const std::string& headers, const std::string& body) {
  return "POST /x HTTP/1.1\r\nHost: localhost\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The reply to one request on a connection of its own.
HttpClient::Reply reply_to(ServerFixture& fixture, const std::string& request) {
  HttpClient client(fixture.port());
  client.write(request);
  const auto reply = client.read();
  BOOST_REQUIRE_MESSAGE(reply, request);
  return *reply;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection_tests)

BOOST_AUTO_TEST_CASE(a_coded_body_is_given_to_the_handler_decoded) {
  for (const auto& [coding, body] :
       std::vector<std::pair<std::string, std::string>>{{"gzip", gzipped},
                                                        {"GZip", gzipped},
                                                        {"x-gzip", gzipped},
                                                        {"identity, gzip", gzipped},
                                                        {"deflate", deflated},
                                                        {"identity", plain},
                                                        {"", plain},
                                                        {"gzip", gzipped.substr(0, 0)}}) {
    ServerFixture fixture;
    const auto reply = reply_to(fixture, post("Content-Encoding: " + coding + "\r\n", body));
    BOOST_CHECK_EQUAL(reply.status, 200U);
    const auto& seen = fixture.seen.at(0);
    BOOST_CHECK_EQUAL(seen.body, body.empty() ? "" : plain);
    BOOST_CHECK(seen.header("content-encoding") == nullptr);
  }
}

BOOST_AUTO_TEST_CASE(a_coded_body_may_come_in_chunks) {
  ServerFixture fixture;
  const auto reply = reply_to(
      fixture,
      "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nTransfer-Encoding: "
      "Chunked\r\n\r\n5;name=\"a b\"\r\n" +
          gzipped.substr(0, 5) + "\r\n1c\r\n" + gzipped.substr(5) +
          "\r\n0\r\nX-Trailer: a\r\n\r\n");
  BOOST_CHECK_EQUAL(reply.status, 200U);
  BOOST_CHECK_EQUAL(fixture.seen.at(0).body, plain);
}

BOOST_AUTO_TEST_CASE(an_unknown_coding_is_refused_and_the_known_ones_are_named) {
  ServerFixture fixture;
  for (const char* headers :
       {"Content-Encoding: br\r\n", "Content-Encoding: gzip, gzip\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: deflate\r\n",
        "content-encoding: AES128GCM\r\n", "Content-Encoding: gzip;q=1\r\n"}) {
    const auto reply = reply_to(fixture, post(headers, gzipped));
    BOOST_CHECK_MESSAGE(reply.status == 415U, headers);
    BOOST_CHECK_NE(reply.head.find("\r\nAccept-Encoding: gzip, deflate\r\n"), std::string::npos);
  }
  BOOST_CHECK(fixture.seen.empty());
}

BOOST_AUTO_TEST_CASE(a_coded_body_that_is_wrong_or_too_big_is_refused) {
  http::ServerOptions options;
  options.body_max = 1000;
  ServerFixture fixture(options);
  const std::string gzip = "Content-Encoding: gzip\r\n";
  BOOST_CHECK_EQUAL(reply_to(fixture, post(gzip, "no gzip")).status, 400U);
  BOOST_CHECK_EQUAL(reply_to(fixture, post(gzip, gzipped.substr(0, 20))).status, 400U);
  BOOST_CHECK_EQUAL(reply_to(fixture, post(gzip, gzipped_100000)).status, 413U);
  BOOST_CHECK(fixture.seen.empty());
  // The connection is in order: the next request on it is served.
  HttpClient client(fixture.port());
  client.write(post(gzip, "no gzip") + post("", "abc"));
  BOOST_CHECK_EQUAL(client.read()->status, 400U);
  BOOST_CHECK_EQUAL(client.read()->body, "POST /x 3");
}

BOOST_AUTO_TEST_CASE(a_transfer_coding_other_than_chunked_is_not_taken) {
  ServerFixture fixture;
  for (const char* coding : {"gzip, chunked", "gzip", "chunked, gzip", "identity",
                             "chunked, chunked", "chunked;a=b", "xchunked"}) {
    HttpClient client(fixture.port());
    client.write("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " +
                 std::string(coding) + "\r\n\r\n" + get("/smuggled"));
    const auto reply = client.read();
    BOOST_REQUIRE_MESSAGE(reply, coding);
    BOOST_CHECK_MESSAGE((reply->status == 501U || reply->status == 400U), coding << reply->status);
    BOOST_CHECK(!client.read());  // and no octet behind it is a request
  }
  BOOST_CHECK(fixture.seen.empty());
}

BOOST_AUTO_TEST_CASE(head_has_the_headers_of_get_and_no_body) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/y"));
  const auto head = client.read_head();
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->status, 200U);
  BOOST_CHECK_NE(head->head.find("\r\nContent-Length: 9\r\n"), std::string::npos);
  BOOST_CHECK_EQUAL(client.read()->body, "GET /y 0");
}

BOOST_AUTO_TEST_CASE(a_response_without_content_says_no_length) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write(get("/nothing") + get("/y"));
  const auto nothing = client.read();
  BOOST_CHECK_EQUAL(nothing->status, 204U);
  BOOST_CHECK_EQUAL(nothing->head.find("Content-Length"), std::string::npos);
  BOOST_CHECK_EQUAL(client.read()->body, "GET /y 0");
}

BOOST_AUTO_TEST_CASE(an_absolute_target_names_the_host) {
  ServerFixture fixture;
  const auto status = [&](const std::string& target, const std::string& host) {
    return reply_to(fixture, "GET " + target + " HTTP/1.1\r\n" + host + "\r\n").status;
  };
  const std::string ours = "Host: localhost\r\n";
  BOOST_CHECK_EQUAL(status("http://localhost:9/a?b", ours), 200U);
  BOOST_CHECK_EQUAL(fixture.seen.at(0).target, "/a?b");
  BOOST_CHECK_EQUAL(status("HTTP://127.0.0.1", "Host: any.example\r\n"), 200U);
  BOOST_CHECK_EQUAL(fixture.seen.at(1).target, "/");
  BOOST_CHECK_EQUAL(status("http://evil.example/a", ours), 421U);
  BOOST_CHECK_EQUAL(status("http://localhost@evil.example/a", ours), 421U);
  BOOST_CHECK_EQUAL(status("http://localhost/a", ""), 400U);
  BOOST_CHECK_EQUAL(status("http://localhost/a", ours + ours), 400U);
  BOOST_CHECK_EQUAL(status("ftp://localhost/a", ours), 400U);
  BOOST_CHECK_EQUAL(fixture.seen.size(), 2U);
}

BOOST_AUTO_TEST_CASE(http_1_0_needs_no_host_and_keeps_a_connection_only_when_asked) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto kept = client.read();
  BOOST_REQUIRE(kept);
  BOOST_CHECK_EQUAL(kept->status, 200U);
  BOOST_CHECK_NE(kept->head.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  client.write("GET /b HTTP/1.0\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read()->body, "GET /b 0");
  BOOST_CHECK(!client.read());
  BOOST_CHECK_EQUAL(reply_to(fixture, "GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n").status, 421U);
  BOOST_CHECK_EQUAL(
      reply_to(fixture, "GET / HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n").status, 403U);
  // Nor does it know 100 Continue.
  BOOST_CHECK_EQUAL(
      reply_to(fixture, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
          .body,
      "POST / 2");
}

BOOST_AUTO_TEST_CASE(a_client_that_closes_says_so_and_is_closed) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n" + get("/b"));
  const auto reply = client.read();
  BOOST_CHECK_EQUAL(reply->body, "GET /a 0");
  BOOST_CHECK_NE(reply->head.find("\r\nConnection: close\r\n"), std::string::npos);
  BOOST_CHECK(!client.read());
}

BOOST_AUTO_TEST_CASE(empty_lines_before_a_request_are_skipped) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write("\r\n\r\n" + post("", "abc") + "\r\n" + get("/b") + "\r\n");
  BOOST_CHECK_EQUAL(client.read()->body, "POST /x 3");
  BOOST_CHECK_EQUAL(client.read()->body, "GET /b 0");
  client.write("\r");
  client.write("\n" + get("/c"));
  BOOST_CHECK_EQUAL(client.read()->body, "GET /c 0");
}

BOOST_AUTO_TEST_CASE(a_folded_header_is_one_line) {
  ServerFixture fixture;
  BOOST_CHECK_EQUAL(reply_to(fixture, get("/a", "Host: localhost\r\nX-Long: a\r\n  b\r\n")).status,
                    200U);
  BOOST_CHECK_EQUAL(*fixture.seen.at(0).header("x-long"), "a b");
}

BOOST_AUTO_TEST_CASE(names_of_headers_have_no_case) {
  ServerFixture fixture;
  BOOST_CHECK_EQUAL(reply_to(fixture,
                             "POST /a HTTP/1.1\r\nhOST: localhost\r\nCONTENT-LENGTH: "
                             "2\r\nX-Name: A\r\n\r\nab")
                        .body,
                    "POST /a 2");
  BOOST_CHECK_EQUAL(*fixture.seen.at(0).header("x-name"), "A");
}

BOOST_AUTO_TEST_SUITE_END()
