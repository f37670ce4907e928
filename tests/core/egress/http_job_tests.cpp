// SPDX-License-Identifier: Apache-2.0
// What counts as the reply to a request, over sockets.
#include "tests/core/egress/transfer_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_job_tests)

BOOST_AUTO_TEST_CASE(a_connection_cut_in_the_headers_is_an_error) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", "HTTP/1.1 20",
                           "HTTP/1.1 200 OK", "HTTP/1.1 103 Early Hints\r\n\r\n", ""}) {
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(head);
    });
    const auto transfer = make_transfer(allowing({"127.0.0.1"}));
    const auto reply = send(*transfer, post(url_of(server))).get();
    BOOST_REQUIRE_MESSAGE(!reply, head);
    BOOST_CHECK(reply.error().code == Code::commerror);
  }
}

BOOST_AUTO_TEST_CASE(once_the_head_is_read_nothing_about_the_body_changes_the_reply) {
  struct Body {
    const char* what;
    const char* headers;
    std::string octets;
    bool closes;  // afterwards; otherwise silence
  };
  const std::vector<Body> bodies = {
      {"ends early", "Content-Length: 100\r\n\r\n", "half", true},
      {"does not end", "Content-Length: 100\r\n\r\n", "half", false},
      {"an event stream", "Content-Type: text/event-stream\r\n\r\n", "data: queued\n\n", false},
      {"not a chunk", "Transfer-Encoding: chunked\r\n\r\n", "zz\r\nabc\r\n", false},
      {"a chunk cut off", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nab", true},
      {"chunks without an end", "Transfer-Encoding: chunked\r\n\r\n", "2\r\nab\r\n", false},
      {"a chunk too big", "Transfer-Encoding: chunked\r\n\r\n", "fffffffffffffffff\r\nab", false},
      {"no number", "Content-Length: abc\r\n\r\n", "half", false},
      {"a negative length", "Content-Length: -5\r\n\r\n", "half", false},
      {"two lengths", "Content-Length: 5\r\nContent-Length: 9\r\n\r\n", "half", false},
      {"a length too big", "Content-Length: 99999999999999999999999\r\n\r\n", "half", false},
      {"no gzip", "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n", "half", false},
      {"an unknown coding", "Transfer-Encoding: gzip\r\n\r\n", "half", false},
      {"codings in a wrong order", "Transfer-Encoding: chunked, gzip\r\n\r\n", "half", false},
      {"too big", "Content-Length: 200000\r\n\r\n", std::string(200'000, 'x'), false}};
  TransferOptions options;
  options.total_timeout = 60s;
  options.body_timeout = 1ms;
  const std::vector<unsigned> statuses = {200, 202, 307, 410, 422, 503};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const auto& body = bodies[i];
    const auto status = statuses[i % statuses.size()];
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      (void)peer.read(5);
      peer.write("HTTP/1.1 " + std::to_string(status) + " x\r\n" + body.headers + body.octets);
      if (!body.closes) peer.wait_for_close();
    });
    const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
    for (std::size_t connections = 1; connections <= 2; ++connections) {
      const auto reply = send(*transfer, post(url_of(server))).get();
      BOOST_REQUIRE_MESSAGE(reply, body.what << ": " << reply.error().message);
      BOOST_CHECK_EQUAL(reply->status, status);
      BOOST_CHECK_MESSAGE(!reply->body_ended, body.what);
      BOOST_CHECK_EQUAL(server.connections(), connections);  // the first one was not kept
    }
  }
}

BOOST_AUTO_TEST_CASE(a_caller_that_decides_by_the_body_waits_for_it) {
  std::promise<void> timed_out;
  LoopbackServer server([&](LoopbackServer::Peer& peer) {
    const auto head = peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
    if (head->find("/other") != std::string::npos) return peer.wait_for_close();
    timed_out.get_future().wait();
    peer.write("half");
  });
  TransferOptions options;
  options.total_timeout = 60s;
  options.body_timeout = 1ms;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  auto request = post(url_of(server));
  request.body_decides = true;
  auto patient = send(*transfer, std::move(request));
  // When this one has been given up, so would be the first.
  const auto other = send(*transfer, post(url_of(server) + "/other")).get();
  BOOST_REQUIRE(other);
  BOOST_CHECK_EQUAL(other->body, "half");
  timed_out.set_value();
  const auto reply = patient.get();
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->body, "halfhalf");
  BOOST_CHECK(reply->body_ended);
}

BOOST_AUTO_TEST_CASE(a_get_has_no_body_and_asks_for_no_compression) {
  std::promise<HttpSeen> seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen.set_value(request);
    return http_answer("200 OK", "ETag: \"1\"\r\n", "content");
  }));
  TransferOptions options;
  options.keep_headers = {"etag"};
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  HttpRequest request;
  request.method = HttpRequest::Method::get;
  request.url = url_of(server);
  request.headers = {{"if-none-match", "\"0\""}};
  const auto reply = send(*transfer, request).get();
  BOOST_REQUIRE_MESSAGE(reply, reply.error().message);
  BOOST_CHECK_EQUAL(reply->body, "content");
  BOOST_CHECK_EQUAL(*reply->header("etag"), "\"1\"");
  const auto asked = seen.get_future().get();
  BOOST_CHECK(asked.head.starts_with("GET /hook HTTP/1.1\r\n"));
  BOOST_CHECK(asked.has("if-none-match: \"0\""));
  for (const char* name : {"Accept-Encoding", "Content-Length", "Content-Type", "Expect"})
    BOOST_CHECK_EQUAL(asked.value(name), "");
}

// What a server sends of a head is bounded, before and behind the status line of the answer.
BOOST_AUTO_TEST_CASE(a_head_without_end_ends_the_transfer) {
  for (const std::string begin :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n"}) {
    std::atomic<std::size_t> written{0};
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(begin);
      std::string lines;
      for (int i = 0; i < 1000; ++i) lines += "X-" + std::to_string(i) + ": value\r\n";
      for (int i = 0; i < 100; ++i, written += lines.size()) peer.write(lines);
      peer.write("\r\n");
      peer.wait_for_close();
    });
    TransferOptions options;
    options.total_timeout = 30s;
    const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
    const auto reply = send(*transfer, post(url_of(server))).get();
    BOOST_REQUIRE(!reply);
    BOOST_CHECK_MESSAGE(reply.error().code == Code::commerror, reply.error().message);
    BOOST_CHECK_MESSAGE(reply.error().message.find("headers") != std::string::npos,
                        reply.error().message);
  }
}

BOOST_AUTO_TEST_CASE(interim_replies_and_trailers_are_not_the_reply) {
  LoopbackServer server([](LoopbackServer::Peer& peer) {
    while (peer.read_until("\r\n\r\n") && peer.read(5))
      peer.write(
          "HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\n"
          "HTTP/1.1 103 Early Hints\r\nRetry-After: 2\r\nLink: </x>\r\n\r\n"
          "HTTP/1.1 200 OK\r\nX-Kept: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nab\r\n0\r\nRetry-After: 3\r\n\r\n");
  });
  TransferOptions options;
  options.keep_headers = {"retry-after", "x-kept"};
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  for (int i = 0; i < 2; ++i) {
    const auto reply = send(*transfer, post(url_of(server))).get();
    BOOST_REQUIRE_MESSAGE(reply, reply.error().message);
    BOOST_CHECK_EQUAL(reply->status, 200U);
    BOOST_CHECK(!reply->header("retry-after"));
    BOOST_REQUIRE(reply->header("x-kept"));
    BOOST_CHECK_EQUAL(reply->body, "ab");
    BOOST_CHECK(reply->body_ended);
  }
  BOOST_CHECK_EQUAL(server.connections(), 1U);
}

BOOST_AUTO_TEST_CASE(octets_behind_a_reply_are_not_the_reply_to_the_next_request) {
  const std::string gone = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n";
  for (const std::string first :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 38\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}) {
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      while (peer.read_until("\r\n\r\n") && peer.read(5)) peer.write(first + gone);
    });
    const auto transfer = make_transfer(allowing({"127.0.0.1"}));
    for (int i = 0; i < 3; ++i) {
      const auto reply = send(*transfer, post(url_of(server))).get();
      BOOST_REQUIRE_MESSAGE(reply, reply.error().message);
      BOOST_CHECK_LT(reply->status, 300U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_no_http_is_an_error_to_try_again) {
  for (const char* text : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "220 relay ESMTP\r\n",
                           "HTTP/1.1 x OK\r\n\r\n", "\x15\x03\x01"}) {
    LoopbackServer server([&](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(text);
    });
    const auto transfer = make_transfer(allowing({"127.0.0.1"}));
    const auto reply = send(*transfer, post(url_of(server))).get();
    BOOST_REQUIRE_MESSAGE(!reply, text);
    BOOST_CHECK_MESSAGE((reply.error().code == Code::commerror), reply.error().message);
  }
}

BOOST_AUTO_TEST_CASE(an_endless_answer_is_kept_to_its_limit) {
  LoopbackServer server([](LoopbackServer::Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + std::string(300'000, 'x'));
    peer.wait_for_close();
  });
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  const auto reply = send(*transfer, post(url_of(server))).get();
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->status, 200U);
  BOOST_CHECK_EQUAL(reply->body.size(), 64U * 1024U);
}

BOOST_AUTO_TEST_SUITE_END()
