// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace sense::test;

BOOST_AUTO_TEST_SUITE(cli_listen_tests)

namespace {

// Sends octets to 127.0.0.1:port and answers all that comes back until the other side closes.
std::string response_to(int port, const std::string& request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  ::close(socket);
  return answer;
}

std::string http(const std::string& start, const std::string& headers,
                 const std::string& body = {}) {
  return start + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct HttpListener {
  explicit HttpListener(std::vector<std::string> more = {}) : running(words(std::move(more))) {
    BOOST_REQUIRE(running.wait_for("/in\n"));
    port = std::stoi(running.err().substr(running.err().find("127.0.0.1:") + 10));
  }
  static std::vector<std::string> words(std::vector<std::string> more) {
    more.insert(more.begin(), {"listen", "http://127.0.0.1:0/in"});
    return more;
  }
  Running running;
  int port = 0;
};

constexpr const char* event_headers =
    "ce-specversion: 1.0\r\nce-id: e1\r\nce-type: {urn:a}b\r\nce-source: //c/%C3%A9\r\n"
    "sense-subscription: s-1\r\nsense-number: 7\r\n";

constexpr const char* mail =
    "From: <sense@localhost>\r\nTo: <a@example.net>\r\nSubject: x\r\n"
    "Sense-Subscription: ops\r\nSense-Number: 3\r\nSense-Event-Id: e9\r\n"
    "Subject:\r\n folded\r\n\r\n"
    "id: e9\r\nsource: //c/=\r\nd\r\ntype: {urn:a}=62\r\n\r\nSense-Event-Id: not in the body\r\n";

}  // namespace

BOOST_AUTO_TEST_CASE(http_event_is_printed_and_accepted) {
  HttpListener listener({"--count", "1", "--timeout", "25s"});
  const auto answer = response_to(listener.port, http("POST /in", event_headers, "hello"));
  BOOST_CHECK_MESSAGE(answer.starts_with("HTTP/1.1 204"), answer);
  const auto outcome = listener.running.finish();
  BOOST_CHECK_EQUAL(outcome.code, 0);
  BOOST_CHECK_EQUAL(outcome.out, "delivered http://127.0.0.1:" + std::to_string(listener.port) +
                                     "/in {urn:a}b //c/\xc3\xa9 #7 e1\n");
}

BOOST_AUTO_TEST_CASE(structured_http_event_is_the_same_event) {
  HttpListener listener({"--count", "1", "--timeout", "25s", "--json"});
  const auto answer = response_to(
      listener.port,
      http("POST /in", "Content-Type: application/cloudevents+json\r\nsense-number: 2\r\n",
           R"({"specversion":"1.0","id":"e1","type":"{urn:a}b","source":"//c",)"
           R"("datacontenttype":"text/plain","data":"x"})"));
  BOOST_CHECK_MESSAGE(answer.starts_with("HTTP/1.1 204"), answer);
  const auto line = nlohmann::json::parse(listener.running.finish().out);
  BOOST_CHECK_EQUAL(line["id"], "e1");
  BOOST_CHECK_EQUAL(line["type"], "{urn:a}b");
  BOOST_CHECK_EQUAL(line["number"], "2");
  BOOST_CHECK_EQUAL(line["data"], "x");
}

BOOST_AUTO_TEST_CASE(handshake_allows_who_asks) {
  const HttpListener listener;
  const auto answer =
      response_to(listener.port, http("OPTIONS /in", "WebHook-Request-Origin: me\r\n"));
  BOOST_CHECK(answer.starts_with("HTTP/1.1 200"));
  BOOST_CHECK(contains(answer, "WebHook-Allowed-Origin: me\r\n"));
}

BOOST_AUTO_TEST_CASE(what_is_no_event_is_refused_and_not_printed) {
  HttpListener listener;
  BOOST_CHECK(contains(response_to(listener.port, http("GET /in", "")), " 405 "));
  BOOST_CHECK(
      contains(response_to(listener.port, http("POST /elsewhere", event_headers)), " 404 "));
  BOOST_CHECK(contains(response_to(listener.port, http("POST /in", "ce-id: x\r\n")), " 400 "));
  BOOST_CHECK(contains(response_to(listener.port, http("POST /in",
                                                       "Content-Type: "
                                                       "application/cloudevents+json\r\n",
                                                       "{")),
                       " 400 "));
  response_to(listener.port, "nonsense\r\n\r\n");
  BOOST_CHECK(contains(response_to(listener.port, http("POST /in", event_headers)), " 204 "));
  listener.running.signal(SIGTERM);
  const auto outcome = listener.running.finish();
  BOOST_CHECK_EQUAL(outcome.code, 0);
  BOOST_CHECK_EQUAL(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
}

BOOST_AUTO_TEST_CASE(new_mail_is_printed_whether_the_mailbox_is_old_or_new) {
  const TempFolder folder;
  folder.write("mail/old/new/1", "Sense-Event-Id: before\n\n");
  Running listener({"listen", "maildir:" + (folder.path() / "mail").string(), "--count", "2",
                    "--timeout", "25s"});
  BOOST_REQUIRE(listener.wait_for("waiting for mail"));
  folder.write("mail/old/tmp/2", mail);
  std::filesystem::rename(folder.path() / "mail/old/tmp/2", folder.path() / "mail/old/new/2");
  BOOST_REQUIRE(listener.wait_for(" e9\n"));
  folder.write("mail/fresh/tmp/3", mail);
  std::filesystem::create_directories(folder.path() / "mail/fresh/new");
  std::filesystem::rename(folder.path() / "mail/fresh/tmp/3", folder.path() / "mail/fresh/new/3");
  const auto outcome = listener.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  const std::string line = "delivered mailto:a@example.net {urn:a}b //c/d #3 e9\n";
  BOOST_CHECK_EQUAL(outcome.out, line + line);
}

BOOST_AUTO_TEST_CASE(mail_folder_may_come_later) {
  const TempFolder folder;
  Running listener({"listen", "maildir:" + (folder.path() / "a/b/mail").string(), "--count", "1",
                    "--timeout", "25s"});
  BOOST_REQUIRE(listener.wait_for("waiting for mail"));
  const auto ready = folder.write("ready", mail);
  std::filesystem::create_directories(folder.path() / "a/b/mail/box/new");
  std::filesystem::rename(ready, folder.path() / "a/b/mail/box/new/1");
  BOOST_CHECK_EQUAL(listener.finish().code, 0);
}

BOOST_AUTO_TEST_CASE(listener_that_gets_nothing_fails_and_says_what_is_missing) {
  const TempFolder folder;
  const auto mail_uri = "maildir:" + folder.path().string();
  for (const auto& uri :
       {std::string("sense://127.0.0.1:9"), std::string("http://127.0.0.1:0/in"), mail_uri}) {
    const auto outcome = run_sense({"listen", uri, "--count", "2", "--timeout", "300ms"});
    BOOST_CHECK_EQUAL(outcome.code, 1);
    BOOST_CHECK_MESSAGE(contains(outcome.err, "0 of 2"), outcome.err);
    BOOST_CHECK(contains(outcome.err, uri));
  }
}

BOOST_AUTO_TEST_CASE(unreachable_http_gateway_is_waited_for_aloud) {
  Running listener({"listen", "http://127.0.0.1:0/in", "--subscribe", "http://127.0.0.1:9"});
  BOOST_CHECK(listener.wait_for("waiting for the gateway at http://127.0.0.1:9"));
  listener.signal(SIGINT);
  BOOST_CHECK_EQUAL(listener.finish().code, 0);
}

BOOST_AUTO_TEST_SUITE_END()
