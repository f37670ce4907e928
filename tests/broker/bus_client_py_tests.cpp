// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"
#include "tests/broker/running_broker.hpp"
#include "tests/paths.hpp"

// The client that docs/bus-protocol.md promises can be written: in Python, with pyzmq and msgpack.
using namespace sense;

namespace {

const std::string python = "/usr/bin/python3";
const std::string script = testing::in_source("docs/examples/bus_client.py");

// A child process whose output can be read.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    BOOST_REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next line; empty at the end, or when none comes.
  std::string line() {
    for (;;) {
      if (const auto end = read_.find('\n'); end != std::string::npos) {
        auto first = read_.substr(0, end);
        read_.erase(0, end + 1);
        return first;
      }
      pollfd item{out_, POLLIN, 0};
      if (::poll(&item, 1, 30'000) != 1) return {};
      std::array<char, 4096> buffer{};
      const auto got = ::read(out_, buffer.data(), buffer.size());
      if (got <= 0) return {};
      read_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string read_;
};

void require_modules() {
  BOOST_REQUIRE_MESSAGE(Child({python, "-c", "import zmq, msgpack"}).wait() == 0,
                        python << " has no zmq or msgpack: install python3-zmq and python3-msgpack "
                                  "(packages.txt)");
}

std::string run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {python, script});
  Child child(std::move(arguments));
  const auto line = child.line();
  BOOST_CHECK_EQUAL(child.wait(), 0);
  return line;
}

std::string publish(const RunningBroker& broker, const std::string& type, const std::string& id) {
  return run({"publish", broker.endpoints().service, type, "//py", "data " + id, id});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bus_client_py_tests)

BOOST_AUTO_TEST_CASE(python_client_publishes_and_fetches) {
  require_modules();
  RunningBroker broker;
  broker.start();
  BOOST_CHECK_EQUAL(publish(broker, "{urn:py}one", "1"), "1");
  BOOST_CHECK_EQUAL(publish(broker, "{urn:py}two", "2"), "2");
  BOOST_CHECK_EQUAL(publish(broker, "{urn:py}one", "1"), "1");  // again: the same sequence
  BOOST_CHECK_EQUAL(run({"fetch", broker.endpoints().service, "1", "{urn:py}two "}),
                    "2 2 {urn:py}two //py data 2");
}

BOOST_AUTO_TEST_CASE(python_client_follows_over_a_restart_of_the_broker) {
  require_modules();
  RunningBroker broker;
  broker.start();
  (void)publish(broker, "{urn:py}one", "before");
  (void)publish(broker, "{urn:other}one", "not wanted");
  Child follower({python, script, "subscribe", broker.endpoints().service,
                  broker.endpoints().events, "0", "{urn:py}"});
  BOOST_CHECK_EQUAL(follower.line(), "1 before {urn:py}one //py data before");
  (void)publish(broker, "{urn:other}one", "not wanted either");
  (void)publish(broker, "{urn:py}one", "live");
  BOOST_CHECK_EQUAL(follower.line(), "4 live {urn:py}one //py data live");
  broker.restart();
  (void)publish(broker, "{urn:py}two", "after");
  BOOST_CHECK_EQUAL(follower.line(), "5 after {urn:py}two //py data after");
}

// Events with an audience are not live: marks count them, and the client fetches.
BOOST_AUTO_TEST_CASE(python_client_follows_what_names_it_and_goes_past_the_rest) {
  require_modules();
  const TemporaryFolder files;
  std::ofstream(files / "allow.yaml")
      << "principals: [{name: local, publish: ['*'], route: ['*'], subscribe: ['*']}]\n";
  std::filesystem::permissions(files / "allow.yaml", std::filesystem::perms(0600));
  RunningBroker broker([&](BrokerConfig& config) {
    BOOST_REQUIRE(config.settings.set("access-file", files / "allow.yaml"));
  });
  broker.start();
  Child follower({python, script, "subscribe", broker.endpoints().service,
                  broker.endpoints().events, "0", "{urn:py}"});
  (void)publish(broker, "{urn:py}one", "first");
  BOOST_CHECK_EQUAL(follower.line(), "1 first {urn:py}one //py data first");
  Client client(broker);
  for (const auto* audience : {"ann", "local"}) {
    auto event = make_event(audience, "{urn:py}one", "//py");
    event.audience = {audience};
    BOOST_CHECK(client.publish({encode(event)}).published.at(0).code == Code::noerror);
  }
  BOOST_CHECK_EQUAL(follower.line(), "3 local {urn:py}one //py data of local");
}

BOOST_AUTO_TEST_CASE(python_client_says_why_it_was_refused) {
  require_modules();
  RunningBroker broker;
  broker.start();
  Child child({python, script, "publish", broker.endpoints().service,
               "{urn:sense:management}subscription-created", "//py", "x"});
  BOOST_CHECK(child.line().empty());
  BOOST_CHECK_NE(child.wait(), 0);
}

BOOST_AUTO_TEST_SUITE_END()
