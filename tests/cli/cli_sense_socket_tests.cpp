// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "tests/cli/with_broker.hpp"

using namespace sense::test;

// `sense ping` and `sense listen` against a gateway that listens on a path, on IPX and on
// AppleTalk.

namespace {

// A UDP port that was free at every address a moment ago.
std::string free_udp_port() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  BOOST_REQUIRE(::bind(socket, generic, size) == 0);
  ::getsockname(socket, generic, &size);
  ::close(socket);
  return std::to_string(::ntohs(address.sin_port));
}

struct WithGateway {
  WithGateway()
      : ipx_port(free_udp_port()),
        ddp_group("239.192.76.84:" + free_udp_port() + "@127.0.0.1"),
        path((folder.path() / "sense.sock").string()),
        allowed(
            folder.write("allow.yaml",
                         "principals:\n  - {name: anonymous, publish: ['*'], subscribe: ['*']}\n")),
        broker("broker: {access-file: '" + allowed + "'}\ngateways:\n  sense:\n    listen: ['" +
               path + "', '2a.7f000001.ipx:16385', '12.34.ddp:129']\n    ipx-port: " + ipx_port +
               "\n    ddp-group: '" + ddp_group + "'\n"),
        gateway({"gateway", "sense", "--config", broker.config}),
        uris({"sense://" + path, "sense://0000002a.00007f000001.ipx:16385",
              "sense://12.34.ddp:129"}) {}

  [[nodiscard]] std::vector<std::string> words(const std::string& command, const std::string& uri,
                                               const std::vector<std::string>& more) const {
    std::vector<std::string> all = {command, uri, "--ipx-port", ipx_port, "--ddp-group", ddp_group};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TempFolder folder;
  std::string ipx_port;
  std::string ddp_group;
  std::string path;
  std::string allowed;  // AppleTalk has no addresses of this machine alone
  WithBroker broker;
  Running gateway;
  std::vector<std::string> uris;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_sense_socket_tests)

BOOST_AUTO_TEST_CASE(gateway_is_pinged_and_listened_to_over_every_transport) {
  const WithGateway with;
  for (const auto& uri : with.uris) {
    BOOST_TEST_CONTEXT(uri) {
      const auto ping = run_sense(with.words("ping", uri, {"--timeout", "20s"}));
      BOOST_CHECK_MESSAGE(ping.code == 0, ping.err);
      BOOST_CHECK(contains(ping.out, uri + " answered in"));
      Running listener(with.words("listen", uri, {"--count", "1", "--timeout", "25s"}));
      BOOST_REQUIRE_MESSAGE(listener.wait_for("subscribed as"), listener.err());
      BOOST_CHECK_EQUAL(with.broker.sense({"publish", "{urn:a}b", "//c/d", "--data", "x"}).code, 0);
      const auto outcome = listener.finish();
      BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
      BOOST_CHECK_MESSAGE(contains(outcome.out, " {urn:a}b //c/d #1 "), outcome.out);
      BOOST_CHECK_MESSAGE(contains(outcome.err, "subscribing at " + uri + "\n"), outcome.err);
    }
  }
  // What the clients had bound is gone; the gateway is still there.
  unsigned files = 0;
  for (const auto& file : std::filesystem::directory_iterator(with.folder.path()))
    files += file.is_socket() ? 1 : 0;
  BOOST_CHECK_EQUAL(files, 1U);
}

BOOST_AUTO_TEST_CASE(own_address_may_be_named) {
  const WithGateway with;
  const std::vector<std::string> own = {(with.folder.path() / "mine.sock").string(),
                                        "2a.7f000009.ipx:20480", "12.35.ddp:200"};
  for (std::size_t i = 0; i < own.size(); ++i) {
    Running listener(with.words("listen", with.uris[i], {"--bind", own[i]}));
    BOOST_CHECK_MESSAGE(listener.wait_for("subscribed as"), listener.err());
    BOOST_CHECK_MESSAGE(listener.wait_for(own[i].substr(own[i].find('.') + 1)), listener.err());
    listener.signal(SIGTERM);
    BOOST_CHECK_EQUAL(listener.finish().code, 0);
  }
}

BOOST_AUTO_TEST_CASE(way_that_cannot_be_gone_is_refused_with_a_sentence) {
  const TempFolder folder;
  const auto path = "sense://" + (folder.path() / "absent.sock").string();
  const auto refused = [](std::vector<std::string> words, const std::string& sentence) {
    words.insert(words.end(), {"--timeout", "300ms"});
    const auto outcome = run_sense(words);
    BOOST_CHECK_NE(outcome.code, 0);
    BOOST_CHECK_MESSAGE(contains(outcome.err, sentence), outcome.err);
  };
  refused({"ping", path}, "nothing listens at " + path);
  refused({"ping", path, "--bind", "127.0.0.1:1"}, "an address of IPv4");
  refused({"ping", path, "--key", "/no/such/key"}, "make one with `sense keys shared NAME");
  refused({"publish", "{a}b", "//c", "--key", "k"}, "--key is for --via");
  refused({"listen", "http://127.0.0.1:0/x", "--key", "k", "--count", "1"},
          "are for sense:// only");
  refused({"ping", "sense://12.34.ddp"}, "NETWORK.NODE.ddp:SOCKET");
  refused({"ping", "sense://2a.7f000001.ipx"}, "NETWORK.NODE.ipx:SOCKET");
  refused({"ping", "sense://12.34.ddp:129", "--ddp-group", "192.0.2.1:9"}, "--ddp-group");
  refused({"ping", "sense://2a.7f000001.ipx:16385", "--bind", "2a.c0000207.ipx:0"}, "--bind");
  BOOST_CHECK(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_SUITE_END()
