// SPDX-License-Identifier: Apache-2.0
// Callbacks through a forward proxy.
#include "tests/core/egress/transfer_fixture.hpp"

using namespace sense;
using namespace sense::test;

namespace {

// A proxy that answers CONNECT as it is told, and then is the server itself.
struct ProxyWorld {
  std::string to_connect = "HTTP/1.1 200 Connection established\r\nx-of-proxy: yes\r\n\r\n";
  std::vector<std::string> heads;
  std::mutex mutex;
  LoopbackServer proxy{[this](LoopbackServer::Peer& peer) {
    if (!note(peer.read_until("\r\n\r\n"))) return;
    peer.write(to_connect);
    while (note(peer.read_until("\r\n\r\n"))) {
      if (!peer.read(5)) return;
      peer.write("HTTP/1.1 204 x\r\nretry-after: 7\r\n\r\n");
    }
  }};

  bool note(const std::optional<std::string>& head) {
    const std::lock_guard lock(mutex);
    if (head) heads.push_back(head->substr(0, head->find("\r\n")));
    return head.has_value();
  }
  [[nodiscard]] TransferOptions options() const {
    TransferOptions options;
    options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
    options.keep_headers = {"retry-after", "x-of-proxy"};
    return options;
  }
  Result<TransferReply> ask(const std::string& url, std::vector<std::string> allowed = {}) {
    const auto transfer = make_transfer(allowing(std::move(allowed)), options());
    return send(*transfer, post(url)).get();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(transfer_proxy_tests, ProxyWorld)

BOOST_AUTO_TEST_CASE(a_request_goes_to_the_host_through_the_proxy) {
  const auto reply = ask("http://hooks.example:8080/in");
  BOOST_REQUIRE_MESSAGE(reply, (reply ? "" : reply.error().message));
  BOOST_CHECK_EQUAL(reply->status, 204U);
  BOOST_CHECK(reply->header("retry-after") != nullptr);
  BOOST_CHECK(reply->header("x-of-proxy") == nullptr);
  const std::vector<std::string> expected = {"CONNECT hooks.example:8080 HTTP/1.1",
                                             "POST /in HTTP/1.1"};
  BOOST_TEST(heads == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_refusal_of_the_proxy_is_no_answer_of_the_callback) {
  for (const auto* refusal : {"403 Forbidden", "407 x", "410 Gone", "502 x", "204 x"}) {
    to_connect = "HTTP/1.1 " + std::string(refusal) + "\r\nContent-Length: 0\r\n\r\n";
    if (refusal == std::string("204 x")) to_connect = "nonsense\r\n\r\n";
    const auto reply = ask("http://hooks.example:8080/in");
    BOOST_CHECK_MESSAGE((!reply && reply.error().code == Code::commerror), refusal);
  }
}

BOOST_AUTO_TEST_CASE(what_the_policy_refuses_without_a_name_server_reaches_no_proxy) {
  for (const auto* url :
       {"http://10.0.0.1:8080/", "http://127.0.0.1:8080/", "http://[::1]:8080/",
        "http://[::ffff:10.0.0.1]:8080/", "http://169.254.169.254/", "http://localhost:8080/",
        "http://a.localhost:8080/", "http://hooks.example:22/", "http://hooks.example:6379/"}) {
    const auto reply = ask(url);
    BOOST_CHECK_MESSAGE((!reply && reply.error().code == Code::noaccess), url);
  }
  BOOST_CHECK(heads.empty());
  BOOST_CHECK(ask("http://10.0.0.1:8080/", {"10.0.0.0/8"}));
}

BOOST_AUTO_TEST_CASE(a_proxy_that_is_gone_is_no_answer) {
  proxy.stop();
  const auto reply = ask("http://hooks.example:8080/in");
  BOOST_CHECK(!reply && reply.error().code == Code::commerror);
}

BOOST_AUTO_TEST_SUITE_END()
