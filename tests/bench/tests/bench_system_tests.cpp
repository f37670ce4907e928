// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/bench/harness/system_under_test.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::bench;

BOOST_AUTO_TEST_SUITE(bench_system_tests)

namespace {

constexpr std::size_t octets = 64;

Workload workload_in(const TemporaryFolder& folder) {
  Workload workload;
  workload.events = 1'000;
  workload.octets = octets;
  workload.folder = folder.path();
  return workload;
}

// A bus that is a socket from the publisher to its one subscriber; misbehaves as told.
struct Wire : SystemUnderTest {
  std::uint64_t lose_every = 0;
  bool acknowledges = true;
  bool publisher_fails = false;
  bool server_dies = false;
  std::array<int, 2> ends{};

  Wire() { BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0); }
  ~Wire() override {
    ::close(ends[0]);
    ::close(ends[1]);
  }

  Result<pid_t> start(const Workload&, Children& children) override {
    return children.run("wire", [this]() -> Status {
      if (server_dies) return fail(Code::system, "the server is tired");
      for (;;) ::pause();
    });
  }
  Status publish(const Workload&, Sender& sender) override {
    if (publisher_fails) return fail(Code::system, "the publisher is tired");
    const auto send = [&](std::string_view data) {
      return ::send(ends[0], data.data(), data.size(), 0) == static_cast<ssize_t>(data.size());
    };
    sender.warm_up(send);
    std::uint64_t number = 0;
    while (const auto data = sender.next()) {
      if (lose_every == 0 || ++number % lose_every != 0) send(*data);
      if (acknowledges) sender.acknowledged();
    }
    return {};
  }
  Status subscribe(const Workload&, Receiver& receiver) override {
    for (std::array<char, octets> data{};;)
      if (const auto size = ::recv(ends[1], data.data(), data.size(), 0); size > 0)
        receiver.take({data.data(), static_cast<std::size_t>(size)});
  }
};

// Nothing of ours is left in the folder, and we are where we were.
struct LeavesNothing {
  TemporaryFolder folder;
  std::filesystem::path before = std::filesystem::current_path();
  ~LeavesNothing() {
    BOOST_CHECK(std::filesystem::is_empty(folder.path()));
    BOOST_CHECK_EQUAL(std::filesystem::current_path(), before);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(everything_that_arrived_and_was_acknowledged_is_counted) {
  const LeavesNothing check;
  Wire wire;
  const auto outcome = run(workload_in(check.folder), wire);
  BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
  BOOST_CHECK_EQUAL(outcome->acknowledged, 1'000U);
  BOOST_TEST(outcome->received == std::vector<std::uint64_t>{1'000},
             boost::test_tools::per_element());
  BOOST_CHECK_GT(outcome->seconds, 0);
  BOOST_CHECK_GT(outcome->server_rss, 0);
}

BOOST_AUTO_TEST_CASE(loss_is_seen_and_does_not_hang) {
  const LeavesNothing check;
  Wire wire;
  wire.lose_every = 100;
  wire.acknowledges = false;
  const auto workload = workload_in(check.folder);
  const auto outcome = run(workload, wire);
  BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
  BOOST_CHECK_EQUAL(lost(workload, *outcome), 10U);
}

BOOST_AUTO_TEST_CASE(open_loop_keeps_its_schedule_and_measures_from_it) {
  const LeavesNothing check;
  Wire wire;
  auto workload = workload_in(check.folder);
  workload.kind = Workload::Kind::latency;
  workload.rate = 5'000;
  const auto outcome = run(workload, wire);
  BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
  BOOST_CHECK_GE(outcome->seconds, 0.19);
  BOOST_CHECK_GT(outcome->p50, 0);
  BOOST_CHECK_GE(outcome->p99, outcome->p50);
}

BOOST_AUTO_TEST_CASE(publisher_that_fails_fails_the_run_by_name) {
  const LeavesNothing check;
  Wire wire;
  wire.publisher_fails = true;
  const auto outcome = run(workload_in(check.folder), wire);
  BOOST_REQUIRE(!outcome);
  BOOST_CHECK_EQUAL(outcome.error().message, "publisher ended with exit code 1");
}

BOOST_AUTO_TEST_CASE(server_that_dies_fails_the_run_by_name) {
  const LeavesNothing check;
  Wire wire;
  wire.server_dies = true;
  const auto outcome = run(workload_in(check.folder), wire);
  BOOST_REQUIRE(!outcome);
  BOOST_CHECK_EQUAL(outcome.error().message, "wire ended with exit code 1");
}

BOOST_AUTO_TEST_CASE(server_that_dies_is_said_with_the_last_words_of_each) {
  struct Two final : Wire {
    Result<pid_t> start(const Workload&, Children& children) override {
      auto well = start_server(children, {"sh", "-c", "echo all is well; exec sleep 60"});
      if (!well) return well;
      return start_server(children, {"sh", "-c", "echo first; echo something is wrong; exit 3"});
    }
    Status publish(const Workload&, Sender&) override {
      for (;;) ::pause();
    }
  } wire;
  const LeavesNothing check;
  const auto outcome = run(workload_in(check.folder), wire);
  BOOST_REQUIRE(!outcome);
  BOOST_CHECK(outcome.error().message.starts_with("sh ended with exit code 3"));
  BOOST_CHECK_NE(outcome.error().message.find("; a server's last words: something is wrong"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(word_to_stop_ends_the_run) {
  const LeavesNothing check;
  struct Stopped final : Wire {
    Status publish(const Workload&, Sender&) override {
      ::kill(::getppid(), SIGTERM);
      for (;;) ::pause();
    }
  } wire;
  const auto outcome = run(workload_in(check.folder), wire);
  BOOST_REQUIRE(!outcome);
  BOOST_CHECK(to_string(outcome.error()).starts_with("8 INTERRUPTED"));
}

BOOST_AUTO_TEST_CASE(folder_that_cannot_be_used_is_an_error) {
  Wire wire;
  Workload workload;
  workload.folder = "/nowhere/at/all";
  const auto outcome = run(workload, wire);
  BOOST_REQUIRE(!outcome);
  BOOST_CHECK_NE(outcome.error().message.find("/nowhere/at/all"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
