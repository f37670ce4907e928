// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/clock.hpp"
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
    result[child["name"]] = {child["pid"].is_null() ? 0 : child["pid"].get<pid_t>(),
                             child["restarts"].get<int>()};
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

BOOST_AUTO_TEST_CASE(child_that_is_down_has_no_id_and_the_time_until_it_is_started) {
  const TakenPort port;
  const Service service("gateways:\n  http: {listen: '" + port.address() + "'}\n");
  Running up(service.up());
  nlohmann::json down;
  BOOST_REQUIRE(eventually([&] {
    std::ifstream in(service.pids);
    const auto json = nlohmann::json::parse(in, nullptr, false);
    if (!json.is_object()) return false;
    down = json["children"][1];
    return down["pid"].is_null() && down["restarts"] > 1;
  }));
  BOOST_CHECK_EQUAL(down["name"], "gateway http");
  const auto pause = sense::parse_duration(down["starts-in"].get<std::string>());
  BOOST_REQUIRE(pause);
  BOOST_CHECK_GT(pause->count(), 0);
  BOOST_CHECK_LE(pause->count(), sense::Duration(std::chrono::seconds{5}).count());
  std::ifstream in(service.pids);
  const auto broker = nlohmann::json::parse(in, nullptr, false)["children"][0];
  BOOST_CHECK(broker["pid"].is_number() && !broker.contains("starts-in"));
}

BOOST_AUTO_TEST_CASE(signals_that_end_nothing_are_logged_and_every_process_lives) {
  const Service service(
      "gateways:\n  sense: {listen: ['127.0.0.1:0']}\n"
      "adapters:\n  lines: {source: '//test/lines'}\n");
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  BOOST_REQUIRE(up.wait_for("listening on="));
  BOOST_REQUIRE(up.wait_for("adapter started"));
  const auto before = children(service.pids);
  BOOST_REQUIRE_EQUAL(before.size(), 3U);
  for (const auto* name : {"HUP", "USR1", "USR2"}) {
    const int number = *name == 'H' ? SIGHUP : name[3] == '1' ? SIGUSR1 : SIGUSR2;
    up.signal(number);
    for (const auto& [child, at] : before) BOOST_REQUIRE(::kill(at.pid, number) == 0);
    const auto said = std::string(
                          "a signal came that changes nothing: to apply a changed "
                          "configuration, restart signal=") +
                      name;
    for (const auto* program : {"up: ", "broker: ", "gateway sense: ", "adapter lines: "})
      BOOST_CHECK_MESSAGE(up.wait_for(program + said), program << name << "\n" << up.err());
  }
  BOOST_CHECK(service.broker_answers());
  const auto after = children(service.pids);
  for (const auto& [name, child] : before) BOOST_CHECK_EQUAL(after.at(name).pid, child.pid);
  up.signal(SIGTERM);
  BOOST_CHECK_EQUAL(up.finish().code, 0);
}

BOOST_AUTO_TEST_CASE(hangup_ends_a_client_in_good_order_and_nothing_under_nohup) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const std::vector<std::string> words{"subscribe", "--config", service.config};
  const auto publish = [&] {
    BOOST_REQUIRE_EQUAL(
        run_sense({"publish", "{urn:t}a", "//t/a", "--config", service.config}).code, 0);
  };
  Running plain(words);
  Running kept(words, "", [] { ::signal(SIGHUP, SIG_IGN); });
  const auto shows = [](Running& program) { return contains(program.out(), "{urn:t}a"); };
  for (auto* program : {&plain, &kept})
    BOOST_REQUIRE(eventually([&] {
      publish();
      return program->wait_for("{urn:t}a", std::chrono::milliseconds{200}) && shows(*program);
    }));
  plain.signal(SIGHUP);
  BOOST_CHECK_EQUAL(plain.finish().code, 0);
  kept.signal(SIGHUP);
  const auto shown = kept.out().size();
  publish();
  BOOST_CHECK(eventually([&] {
    [[maybe_unused]] const auto more = kept.wait_for("no such text", std::chrono::milliseconds{50});
    return kept.out().size() > shown;
  }));
}

BOOST_AUTO_TEST_CASE(supervisor_started_by_a_program_that_ignores_children_sees_them_die) {
  const Service service;
  Running up(service.up(), "", [] { ::signal(SIGCHLD, SIG_IGN); });
  BOOST_REQUIRE(service.broker_answers());
  BOOST_REQUIRE(::kill(service.broker(), SIGKILL) == 0);
  BOOST_CHECK_MESSAGE(up.wait_for("restarts=1"), up.err());
  BOOST_CHECK(service.broker_answers());
}

BOOST_AUTO_TEST_CASE(standard_descriptors_that_are_closed_do_not_become_those_of_files) {
  const Service service;
  Running up(service.up(), "", [] {
    for (const int descriptor : {0, 1, 2}) ::close(descriptor);
  });
  BOOST_REQUIRE(service.broker_answers());
  for (const auto pid : {up.pid(), service.broker()})
    for (const auto* descriptor : {"0", "1", "2"}) {
      const auto file = "/proc/" + std::to_string(pid) + "/fd/" + descriptor;
      BOOST_CHECK_EQUAL(std::filesystem::read_symlink(file), "/dev/null");
    }
  BOOST_REQUIRE(::kill(service.broker(), SIGHUP) == 0);  // something is logged
  BOOST_CHECK(service.broker_answers());
  up.signal(SIGTERM);
  BOOST_CHECK_EQUAL(up.finish().code, 0);
  BOOST_CHECK_EQUAL(run_sense({"journal", "check", "--config", service.config}).code, 0);
}

BOOST_AUTO_TEST_CASE(service_runs_in_a_folder_of_any_name_and_from_one_that_is_gone) {
  const TempFolder folder;
  for (const std::string name : {"a b", "a,b", "50%25", "\xC3\xA4\xE2\x82\xAC", "x=y;#'\""}) {
    const auto config = folder.write(
        name + "/sense.yaml",
        "data: data\nbus: {service: 'ipc://s', events: 'ipc://e', publish: 'ipc://p'}\n");
    const auto gone = (folder.path() / "gone").string();
    Running up({"up", "--config", config}, "", [gone] {
      std::filesystem::create_directory(gone);
      std::filesystem::current_path(gone);
      std::filesystem::remove(gone);
    });
    const auto ping = run_sense({"ping", "--config", config, "--timeout", "20s"});
    BOOST_CHECK_MESSAGE(ping.code == 0, name << ping.err << up.err());
    up.signal(SIGTERM);
    BOOST_CHECK_EQUAL(up.finish().code, 0);
  }
}

BOOST_AUTO_TEST_CASE(path_that_no_socket_can_have_is_refused_with_the_limit) {
  const TempFolder folder;
  const auto config = folder.write(
      std::string(100, 'd') + "/sense.yaml",
      "data: data\nbus: {service: 'ipc://s', events: 'ipc://e', publish: 'ipc://p'}\n");
  const auto outcome = run_sense({"up", "--config", config});
  BOOST_CHECK_EQUAL(outcome.code, 2);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "1 to 107 octets"), outcome.err);
}

BOOST_AUTO_TEST_CASE(file_that_may_not_grow_is_an_error_and_not_the_end_of_the_process) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const rlimit none{1, 1};  // not 0, with which a sanitizer's runtime does not start
  const auto outcome = run_sense({"journal", "export", (service.folder.path() / "export").string(),
                                  "--config", service.config},
                                 "", [none] { ::setrlimit(RLIMIT_FSIZE, &none); });
  BOOST_CHECK_EQUAL(outcome.code, 1);  // and not 128 + SIGXFSZ
  BOOST_CHECK_MESSAGE(contains(outcome.err, "sense: "), outcome.err);
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

BOOST_AUTO_TEST_CASE(second_supervisor_of_a_data_folder_is_refused_and_changes_nothing) {
  const Service service;
  Running up(service.up());
  BOOST_REQUIRE(service.broker_answers());
  const auto broker = service.broker();
  const auto second = run_sense(service.up());
  BOOST_CHECK_EQUAL(second.code, 1);
  BOOST_CHECK_MESSAGE(contains(second.err, (service.folder.path() / "data").string()), second.err);
  BOOST_CHECK_EQUAL(service.broker(), broker);  // the file of process ids is the first one's
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
