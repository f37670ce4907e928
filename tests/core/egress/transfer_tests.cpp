// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer.hpp"

#include <atomic>
#include <thread>

#include "tests/core/egress/transfer_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

// Spellings of 127.0.0.1 and this host that callers may use.
const std::vector<std::string> notations = {"127.0.0.1",
                                            "127.1",
                                            "127.0.1",
                                            "0x7f.0.0.1",
                                            "0x7f.1",
                                            "0x7f000001",
                                            "0x7F000001",
                                            "2130706433",
                                            "017700000001",
                                            "0177.0.0.1",
                                            "0177.0.0.01",
                                            "00000177.0.0.1",
                                            "127.0.0.0x1",
                                            "127.00.00.01",
                                            "127.0.0.2",
                                            "127.255.255.254",
                                            "0",
                                            "0.0.0.0",
                                            "0x0",
                                            "00",
                                            "0.0",
                                            "localhost",
                                            "LOCALHOST",
                                            "LocalHost",
                                            "[::1]",
                                            "[0:0:0:0:0:0:0:1]",
                                            "[::0001]",
                                            "[::ffff:127.0.0.1]",
                                            "[::FFFF:7F00:1]",
                                            "[::ffff:7f00:0001]",
                                            "[0:0:0:0:0:ffff:127.0.0.1]",
                                            "[::127.0.0.1]",
                                            "[64:ff9b::127.0.0.1]",
                                            "[64:ff9b::7f00:1]",
                                            "[2002:7f00:1::]",
                                            "[::]",
                                            "[fe80::1]",
                                            "[fc00::1]",
                                            "[ff02::1]",
                                            "127.0.0.1.",
                                            "127%2e0%2e0%2e1",
                                            "%6cocalhost"};

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer_tests)

BOOST_AUTO_TEST_CASE(a_request_arrives_as_it_was_given) {
  HttpSeen seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen = request;
    return http_answer("202 Accepted", "Retry-After: 7\r\nX-Other: no\r\n", "thanks");
  }));
  TransferOptions options;
  options.keep_headers = {"retry-after"};
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  auto request = post(url_of(server), std::string("a\0b", 3));
  request.headers = {{"Content-Type", "text/plain"}, {"ce-empty", ""}};
  const auto reply = send(*transfer, std::move(request)).get();
  BOOST_REQUIRE_MESSAGE(reply, reply.error().message);
  BOOST_CHECK_EQUAL(reply->status, 202U);
  BOOST_CHECK_EQUAL(reply->body, "thanks");
  BOOST_REQUIRE(reply->header("retry-after"));
  BOOST_CHECK_EQUAL(*reply->header("retry-after"), "7");
  BOOST_CHECK(!reply->header("x-other"));
  BOOST_CHECK_EQUAL(seen.body, std::string("a\0b", 3));
  BOOST_CHECK(seen.has("Content-Type: text/plain"));
  BOOST_CHECK(seen.head.starts_with("POST /hook HTTP/1.1\r\n"));
  BOOST_CHECK_EQUAL(seen.head.find("Expect"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_claims_to_be_a_form) {
  HttpSeen seen;
  LoopbackServer server(http_answers([&](const HttpSeen& request) {
    seen = request;
    return http_answer("200 OK");
  }));
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  BOOST_REQUIRE(send(*transfer, post(url_of(server))).get());
  BOOST_CHECK_EQUAL(seen.head.find("Content-Type"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_notation_of_this_host_gets_a_connection) {
  LoopbackServer v4(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }), "0.0.0.0");
  LoopbackServer v6(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }), "::1",
                    v4.port());
  const auto transfer = make_transfer(EgressPolicy{});
  std::size_t policy_said_no = 0;
  for (const auto& notation : notations) {
    const auto reply = send(*transfer, post(url_of(v4, notation))).get();
    BOOST_CHECK_MESSAGE(!reply, notation << " was answered");
    if (!reply && reply.error().code == Code::noaccess) ++policy_said_no;
  }
  BOOST_CHECK_EQUAL(v4.connections(), 0U);
  BOOST_CHECK_EQUAL(v6.connections(), 0U);
  BOOST_TEST_MESSAGE("notations: " << notations.size() << ", refused by the policy: "
                                   << policy_said_no << ", connections: 0");
  BOOST_CHECK_GE(policy_said_no, 35U);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_not_allowed_gets_no_connection) {
  const LoopbackServer server(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  const auto network = make_transfer(allowing({"127.0.0.0/8"}));
  for (const char* port : {"22", "25", "6379"}) {
    const auto reply =
        send(*network, post("http://127.0.0.1:" + std::string(port) + "/hook")).get();
    BOOST_REQUIRE_MESSAGE(!reply, port);
    BOOST_CHECK_MESSAGE(reply.error().code == Code::noaccess, reply.error().message);
  }
  const auto port = std::to_string(server.port());
  const auto other = make_transfer(allowing({"127.0.0.0/8:" + std::to_string(server.port() - 1)}));
  const auto denied = send(*other, post(url_of(server))).get();
  BOOST_REQUIRE(!denied);
  BOOST_CHECK(denied.error().code == Code::noaccess);
  BOOST_CHECK_EQUAL(server.connections(), 0U);
  const auto named = make_transfer(allowing({"127.0.0.0/8:" + port}));
  BOOST_CHECK(send(*named, post(url_of(server))).get());
}

// The address is given with each request; tests/integration/rebinding.py moves a name.
BOOST_AUTO_TEST_CASE(same_host_at_a_denied_address_gets_no_connection) {
  LoopbackServer allowed(
      http_answers([](const HttpSeen&) { return http_answer("200 OK", "Connection: close\r\n"); }),
      "127.0.0.2");
  LoopbackServer denied(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }),
                        "127.0.0.1", allowed.port());
  const auto transfer = make_transfer(allowing({"127.0.0.2"}));
  for (int round = 0; round < 3; ++round) {
    auto good = post(url_of(allowed, "rebinding.example"));
    good.pinned_address = "127.0.0.2";
    const auto first = send(*transfer, std::move(good)).get();
    BOOST_REQUIRE_MESSAGE(first, first.error().message);
    auto bad = post(url_of(denied, "rebinding.example"));
    bad.pinned_address = "127.0.0.1";
    const auto second = send(*transfer, std::move(bad)).get();
    BOOST_REQUIRE(!second);
    BOOST_CHECK(second.error().code == Code::noaccess);
  }
  BOOST_CHECK_EQUAL(allowed.connections(), 3U);
  BOOST_CHECK_EQUAL(denied.connections(), 0U);
}

BOOST_AUTO_TEST_CASE(redirects_are_not_followed) {
  LoopbackServer target(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  for (const char* status : {"301 x", "302 x", "303 x", "307 x", "308 x"}) {
    LoopbackServer server(http_answers([&](const HttpSeen&) {
      return http_answer(status, "Location: " + url_of(target) + "\r\n");
    }));
    const auto transfer = make_transfer(allowing({"127.0.0.1"}));
    const auto reply = send(*transfer, post(url_of(server))).get();
    BOOST_REQUIRE(reply);
    BOOST_CHECK_EQUAL(reply->status, std::stoul(std::string(status).substr(0, 3)));
  }
  BOOST_CHECK_EQUAL(target.connections(), 0U);
}

BOOST_AUTO_TEST_CASE(proxies_of_the_environment_are_ignored) {
  LoopbackServer proxy(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  LoopbackServer server(http_answers([](const HttpSeen&) { return http_answer("204 x"); }));
  const auto address = "http://127.0.0.1:" + std::to_string(proxy.port());
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
    ::setenv(name, address.c_str(), 1);
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  const auto reply = send(*transfer, post(url_of(server))).get();
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->status, 204U);
  BOOST_CHECK_EQUAL(proxy.connections(), 0U);
}

BOOST_AUTO_TEST_CASE(other_protocols_and_malformed_requests_are_refused_at_once) {
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/_x",
                          "smtp://127.0.0.1/", "dict://127.0.0.1/", "ldap://127.0.0.1/",
                          "http:///x", "http://user:secret@127.0.0.1/", "http://127.0.0.1:99999/",
                          "", "127.0.0.1", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y"}) {
    const auto reply = send(*transfer, post(url)).get();
    BOOST_CHECK_MESSAGE(!reply, url);
    if (!reply) BOOST_CHECK(reply.error().code == Code::badparam);
  }
  auto request = post("http://127.0.0.1:1/");
  request.headers = {{"ce-id", "a\r\nX-Injected: b"}};
  const auto reply = send(*transfer, std::move(request)).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::badparam);
}

BOOST_AUTO_TEST_CASE(connections_are_used_again) {
  LoopbackServer server(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  for (int i = 0; i < 20; ++i) BOOST_REQUIRE(send(*transfer, post(url_of(server))).get());
  BOOST_CHECK_EQUAL(server.connections(), 1U);
}

BOOST_AUTO_TEST_CASE(connections_are_used_again_while_many_wait_for_slow_endpoints) {
  LoopbackServer stopped(http_answers([](const HttpSeen&) { return std::string(); }), "0.0.0.0");
  LoopbackServer lively(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  TransferOptions options;
  options.total_timeout = 60s;
  options.in_flight_max = 60;
  const auto transfer = make_transfer(allowing({"127.0.0.0/8"}), options);
  std::vector<std::future<Result<TransferReply>>> stuck;
  for (int i = 1; i <= 20; ++i)
    stuck.push_back(send(*transfer, post(url_of(stopped, "127.0.1." + std::to_string(i)))));
  while (stopped.connections() < 20) std::this_thread::yield();
  for (int i = 0; i < 50; ++i) BOOST_REQUIRE(send(*transfer, post(url_of(lively))).get());
  BOOST_CHECK_EQUAL(lively.connections(), 1U);
}

BOOST_AUTO_TEST_CASE(a_stopped_endpoint_does_not_delay_another) {
  LoopbackServer stopped(http_answers([](const HttpSeen&) { return std::string(); }));
  LoopbackServer lively(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  TransferOptions options;
  options.total_timeout = 60s;
  options.in_flight_max = 16;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  std::vector<std::future<Result<TransferReply>>> stuck;
  for (int i = 0; i < 500; ++i) stuck.push_back(send(*transfer, post(url_of(stopped))));
  for (int i = 0; i < 200; ++i) {
    auto reply = send(*transfer, post(url_of(lively)));
    BOOST_REQUIRE(reply.wait_for(20s) == std::future_status::ready);
    BOOST_REQUIRE(reply.get());
  }
  transfer->stop();
  for (auto& each : stuck) {
    const auto reply = each.get();
    BOOST_REQUIRE(!reply);
    BOOST_CHECK(reply.error().code == Code::interrupted);
  }
}

BOOST_AUTO_TEST_CASE(a_silent_endpoint_times_out_and_says_so) {
  LoopbackServer stopped(http_answers([](const HttpSeen&) { return std::string(); }));
  TransferOptions options;
  options.total_timeout = 200ms;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  const auto reply = send(*transfer, post(url_of(stopped))).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::timeout);
  BOOST_CHECK_EQUAL(reply.error().message.find("http://127.0.0.1:"), 0U);
}

BOOST_AUTO_TEST_CASE(what_waits_behind_a_silent_endpoint_is_given_back) {
  LoopbackServer stopped(http_answers([](const HttpSeen&) { return std::string(); }));
  TransferOptions options;
  options.total_timeout = 60s;
  options.waiting_timeout = 300ms;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  std::vector<std::future<Result<TransferReply>>> all;
  for (int i = 0; i < 10; ++i) all.push_back(send(*transfer, post(url_of(stopped))));
  const auto last = all.back().get();
  BOOST_REQUIRE(!last);
  BOOST_CHECK(last.error().code == Code::timeout);
}

BOOST_AUTO_TEST_CASE(a_dripping_answer_is_cut_off_by_the_deadline) {
  LoopbackServer server([](LoopbackServer::Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nX: ");
    peer.wait_for_close();
  });
  TransferOptions options;
  options.total_timeout = 200ms;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  const auto reply = send(*transfer, post(url_of(server))).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::timeout);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_is_an_error_to_try_again) {
  std::uint16_t port = 0;
  {
    LoopbackServer gone([](LoopbackServer::Peer&) {});
    port = gone.port();
  }
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  const auto reply = send(*transfer, post("http://127.0.0.1:" + std::to_string(port) + "/")).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::commerror);
}

BOOST_AUTO_TEST_CASE(too_many_unfinished_requests_are_refused_at_once) {
  LoopbackServer stopped(http_answers([](const HttpSeen&) { return std::string(); }));
  TransferOptions options;
  options.unfinished_max = 3;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}), options);
  std::vector<std::future<Result<TransferReply>>> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(send(*transfer, post(url_of(stopped))));
  const auto refused = send(*transfer, post(url_of(stopped))).get();
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(requests_while_it_stops_are_answered_once_each) {
  LoopbackServer server(http_answers([](const HttpSeen&) { return http_answer("200 OK"); }));
  constexpr int senders = 4, each = 200;
  std::atomic<int> sent = 0, answered = 0;
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  std::vector<std::thread> threads;
  for (int i = 0; i < senders; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < each; ++n) {
        transfer->http(post(url_of(server)), [&](const auto&) { ++answered; });
        ++sent;
      }
    });
  while (sent < each) std::this_thread::yield();
  transfer->stop();
  for (auto& thread : threads) thread.join();
  BOOST_CHECK_EQUAL(answered, senders * each);
}

BOOST_AUTO_TEST_CASE(after_stop_requests_are_refused) {
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  transfer->stop();
  const auto reply = send(*transfer, post("http://127.0.0.1:1/")).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::interrupted);
}

BOOST_AUTO_TEST_CASE(a_plain_server_is_no_tls_server) {
  LoopbackServer server([](LoopbackServer::Peer& peer) {
    (void)peer.read(5);
    peer.write(http_answer("200 OK"));
    peer.wait_for_close();
  });
  const auto transfer = make_transfer(allowing({"127.0.0.1"}));
  auto url = url_of(server);
  url.insert(4, "s");
  const auto reply = send(*transfer, post(url)).get();
  BOOST_REQUIRE(!reply);
  BOOST_CHECK(reply.error().code == Code::commerror);
}

BOOST_AUTO_TEST_SUITE_END()
