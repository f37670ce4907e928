// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace sense::test;

BOOST_AUTO_TEST_SUITE(cli_up_tests)

namespace {

struct Child {
  pid_t pid = 0;
  int restarts = 0;
};

// What the supervisor says of its children; nothing while there is no file.
std::map<std::string, Child> children(const std::string& file) {
  std::ifstream in(file);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  std::map<std::string, Child> result;
  if (!json.is_object()) return result;
  for (const auto& child : json["children"])
    result[child["name"]] = {child["pid"].get<pid_t>(), child["restarts"].get<int>()};
  return result;
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

struct Service {
  explicit Service(const std::string& more = {})
      : config(broker_config(folder, more)), pids((folder.path() / "pids.json").string()) {}

  [[nodiscard]] std::vector<std::string> up() const {
    return {"up", "--config", config, "--pids", pids};
  }
  [[nodiscard]] bool broker_answers() const {
    return run_sense({"ping", "--config", config, "--timeout", "20s"}).code == 0;
  }
  [[nodiscard]] pid_t broker() const { return children(pids)["broker"].pid; }

  TempFolder folder;
  std::string config;
  std::string pids;
};

// A TCP port of the loopback that is taken for as long as this lives.
class TakenPort {
 public:
  TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(socket_, generic, size) == 0 && ::listen(socket_, 1) == 0);
    ::getsockname(socket_, generic, &size);
    address_ = "127.0.0.1:" + std::to_string(::ntohs(address.sin_port));
  }
  ~TakenPort() { ::close(socket_); }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  int socket_;
  std::string address_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(stop_ends_every_child_and_succeeds) {
  const Service service("gateways:\n  sense: {listen: ['127.0.0.1:0']}\n");
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const auto all = children(service.pids);
  BOOST_CHECK_EQUAL(all.size(), 2U);
  up.signal(SIGTERM);
  const auto outcome = up.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  for (const auto& [name, child] : all) BOOST_CHECK_MESSAGE(!alive(child.pid), name);
  BOOST_CHECK(!std::filesystem::exists(service.pids));
  const auto gateway = outcome.err.find("ended child=\"gateway sense\"");
  const auto broker = outcome.err.find("ended child=broker");
  BOOST_CHECK_NE(gateway, std::string::npos);
  BOOST_CHECK_MESSAGE(gateway < broker, outcome.err);
}

BOOST_AUTO_TEST_CASE(killed_child_is_started_again_and_counted) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const auto before = service.broker();
  BOOST_REQUIRE(::kill(before, SIGKILL) == 0);
  BOOST_CHECK(up.wait_for("restarts=1"));
  BOOST_CHECK_MESSAGE(contains(up.err(), "how=\"signal KILL\""), up.err());
  BOOST_CHECK(service.broker_answers());
  const auto after = children(service.pids)["broker"];
  BOOST_CHECK_NE(after.pid, before);
  BOOST_CHECK_EQUAL(after.restarts, 1);
}

BOOST_AUTO_TEST_CASE(second_death_waits_before_the_restart) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  BOOST_REQUIRE(::kill(service.broker(), SIGKILL) == 0);
  BOOST_REQUIRE(up.wait_for("after=0s restarts=1"));
  BOOST_REQUIRE(service.broker_answers());
  BOOST_REQUIRE(::kill(service.broker(), SIGKILL) == 0);
  BOOST_CHECK(up.wait_for("after=250ms restarts=2"));
  BOOST_CHECK(service.broker_answers());
}

BOOST_AUTO_TEST_CASE(children_end_when_their_supervisor_is_killed) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const auto broker = service.broker();
  up.signal(SIGKILL);
  BOOST_CHECK_EQUAL(up.finish().code, 128 + SIGKILL);
  BOOST_CHECK(eventually([&] { return !alive(broker); }));
}

BOOST_AUTO_TEST_CASE(configuration_with_a_mistake_starts_nothing) {
  const Service service("gateways:\n  http: {lissten: 1}\n");
  const auto outcome = run_sense(service.up());
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(contains(outcome.err, "did you mean 'listen'?"));
  BOOST_CHECK(!contains(outcome.err, "started"));
}

BOOST_AUTO_TEST_CASE(port_in_use_is_said_with_the_key_and_the_others_live) {
  const TakenPort port;
  const Service service("gateways:\n  http: {listen: '" + port.address() + "'}\n");
  Running up(service.up());
  BOOST_CHECK(up.wait_for(port.address()));
  BOOST_CHECK(up.wait_for("restarts=1"));
  BOOST_CHECK_MESSAGE(contains(up.err(), "listen"), up.err());
  BOOST_CHECK(service.broker_answers());
}

BOOST_AUTO_TEST_CASE(second_broker_in_the_same_folder_is_refused) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const auto second = run_sense({"broker", "--config", service.config});
  BOOST_CHECK_NE(second.code, 0);
  BOOST_CHECK_MESSAGE(contains(second.err, (service.folder.path() / "data").string()), second.err);
}

BOOST_AUTO_TEST_CASE(gateway_that_is_not_configured_is_refused_with_those_that_are) {
  const Service service("gateways:\n  sense: {listen: ['127.0.0.1:0']}\n");
  const auto outcome = run_sense({"gateway", "htpp", "--config", service.config});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK(contains(outcome.err, "it names sense"));
}

BOOST_AUTO_TEST_CASE(data_folder_that_cannot_be_made_is_a_failure_that_names_the_key) {
  const TempFolder folder;
  const auto config = folder.write("sense.yaml", "data: /proc/nowhere\n");
  const auto outcome = run_sense({"broker", "--config", config});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(contains(outcome.err, "/proc/nowhere"));
  BOOST_CHECK(contains(outcome.err, "`data`"));
}

BOOST_AUTO_TEST_SUITE_END()
