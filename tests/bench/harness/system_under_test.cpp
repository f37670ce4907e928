// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/system_under_test.hpp"
#include "tests/bench/harness/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/base/text.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

constexpr auto look_interval = std::chrono::milliseconds{5};
constexpr auto start_deadline = std::chrono::seconds{30};
constexpr double ns = 1e-9;

// The most that a process had in memory, in MiB (proc(5), VmHWM).
double peak_rss(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; file >> word;) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    file >> kib;
    return kib / 1024;
  }
  return 0;
}

class BenchmarkRun {
 public:
  BenchmarkRun(const Workload& workload, SystemUnderTest& system)
      : workload_(workload), system_(system), counters_(workload) {}

  Result<Outcome> run() {
    if (auto ended = run_all(); !ended)
      return fail(ended.error().code, ended.error().message + last_words_of_servers());
    return std::move(outcome_);
  }

 private:
  Status run_all() {
    auto server = system_.start(workload_, children_);
    if (!server) return tl::unexpected(server.error());
    if (auto good = start_clients(); !good) return good;
    if (auto good = warm_up(); !good) return good;
    const bool stop_one = stalled() && workload_.subscribers > Workload::stalled_subscriber;
    if (stop_one) ::kill(subscribers_.at(Workload::stalled_subscriber), SIGSTOP);
    for (auto i = workload_.subscribers - workload_.stopped; i < workload_.subscribers; ++i)
      ::kill(subscribers_.at(i), SIGSTOP);
    counters_->started = true;
    if (auto good = until_arrived(followers(workload_) - (stop_one ? 1 : 0)); !good) return good;
    if (stop_one) {
      ::kill(subscribers_.at(Workload::stalled_subscriber), SIGCONT);
      if (auto good = until_arrived(followers(workload_)); !good) return good;
    }
    outcome_.server_rss = peak_rss(*server);
    report();
    return stalled() ? replay() : Status{};
  }

  [[nodiscard]] bool stalled() const { return workload_.kind == Workload::Kind::stalled; }

  Status start_clients() {
    for (unsigned i = 0; i < workload_.subscribers; ++i) {
      auto started = subscribe(i);
      if (!started) return tl::unexpected(started.error());
      subscribers_.push_back(*started);
    }
    auto started = children_.run("publisher", [this] {
      Sender sender(workload_, counters_);
      return system_.publish(workload_, sender);
    });
    if (!started) return tl::unexpected(started.error());
    publisher_ = *started;
    return {};
  }

  Result<pid_t> subscribe(unsigned index) {
    return children_.run("subscriber " + std::to_string(index), [this, index] {
      Receiver receiver(workload_, counters_, index);
      return system_.subscribe(workload_, receiver);
    });
  }

  Status warm_up() {
    const auto deadline = mono_now() + start_deadline;
    while (!counters_.ready(workload_.subscribers)) {
      if (auto good = children_.pause(look_interval); !good) return good;
      if (mono_now() > deadline)
        return fail(Code::timeout,
                    "the subscribers got no probe within " + to_text(Duration{start_deadline}));
    }
    return {};
  }

  [[nodiscard]] bool arrived(unsigned subscribers) const {
    for (unsigned i = 0; i < subscribers; ++i)
      if (counters_->receivers.at(i).received < workload_.events) return false;
    return true;
  }

  // The publisher has ended, and everything has come, or nothing comes any more.
  Status until_arrived(unsigned subscribers) {
    auto moved = mono_now();
    std::uint64_t progress = 0;
    while (children_.running(publisher_) || !arrived(subscribers)) {
      if (auto good = children_.pause(look_interval); !good) return good;
      const auto before = std::exchange(progress, counters_.progress());
      if (progress != before) moved = mono_now();
      if (mono_now() - moved < system_.patience()) continue;
      if (!children_.running(publisher_)) return {};
      if (mono_now() - moved > start_deadline)
        return fail(Code::timeout, "the publisher got stuck: nothing has moved for " +
                                       to_text(Duration{start_deadline}));
    }
    return {};
  }

  void report() {
    auto last = counters_->acknowledged_ns.load();
    outcome_.acknowledged = counters_->acknowledged;
    for (unsigned i = 0; i < followers(workload_); ++i) {
      const auto& slot = counters_->receivers.at(i);
      outcome_.received.push_back(slot.received);
      last = std::max(last, slot.last_ns.load());
    }
    if (stalled())
      for (auto i = followers(workload_); i < workload_.subscribers; ++i)
        outcome_.missed.push_back(
            workload_.events -
            std::min(workload_.events, counters_->receivers.at(i).received.load()));
    outcome_.seconds = static_cast<double>(last - counters_->first_ns) * ns;
    if (counters_.samples() != nullptr) report_latency();
  }

  void report_latency() {
    std::vector<std::uint32_t> samples;
    std::copy_if(counters_.samples(), counters_.samples() + workload_.events,
                 std::back_inserter(samples), [](auto sample) { return sample != 0; });
    std::sort(samples.begin(), samples.end());
    const auto milliseconds = [&](double share) {
      return samples.empty() ? 0 : percentile(samples, share) * SharedCounters::sample_ns * 1e-6;
    };
    outcome_.p50 = milliseconds(0.50);
    outcome_.p99 = milliseconds(0.99);
  }

  Status replay() {
    const auto& slot = counters_->receivers.at(workload_.subscribers);
    const auto started = now_ns();
    if (auto reader = subscribe(workload_.subscribers); !reader)
      return tl::unexpected(reader.error());
    auto moved = mono_now();
    std::uint64_t received = 0;
    while (received < workload_.events) {
      if (auto good = children_.pause(look_interval); !good) return good;
      const auto before = std::exchange(received, slot.received.load());
      if (received != before) moved = mono_now();
      if (mono_now() - moved > system_.patience())
        return fail(Code::timeout, "the replay ended after " + std::to_string(received) + " of " +
                                       std::to_string(workload_.events) + " events");
    }
    outcome_.replay_seconds = static_cast<double>(slot.last_ns - started) * ns;
    return {};
  }

  const Workload& workload_;
  SystemUnderTest& system_;
  SharedCounters counters_;
  Children children_;
  pid_t publisher_ = 0;
  std::vector<pid_t> subscribers_;
  Outcome outcome_;
};

}  // namespace

Result<Outcome> run(const Workload& workload, SystemUnderTest& system) {
  if (auto why = system.absent(workload); !why.empty()) {
    Outcome outcome;
    outcome.absent = std::move(why);
    return outcome;
  }
  WorkFolder folder;
  if (auto good = folder.enter(workload.folder); !good) return tl::unexpected(good.error());
  return BenchmarkRun(workload, system).run();
}

int run_system(const std::vector<std::string>& words, SystemUnderTest& system) {
  const auto say = [](const Error& error) {
    std::fprintf(stderr, "sense: %s\n", printable(error.message).c_str());
  };
  const auto workload = parse_workload(words);
  if (!workload) {
    say(workload.error());
    return 2;
  }
  const auto outcome = run(*workload, system);
  if (!outcome) {
    say(outcome.error());
    return 1;
  }
  std::puts(to_json(*outcome).c_str());
  return 0;
}

namespace {

// Closes itself.
struct TcpSocket {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  TcpSocket() = default;
  ~TcpSocket() { ::close(fd); }
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;
};

}  // namespace

Result<std::uint16_t> free_port() {
  const TcpSocket socket;
  auto address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(socket.fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return fail(Code::addrnotavail,
                std::string("127.0.0.1 has no free TCP port: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

Status await_port(Children& children, std::uint16_t port) {
  const auto deadline = mono_now() + std::chrono::seconds{10};
  const auto address = loopback(port);
  while (mono_now() < deadline) {
    const TcpSocket socket;
    if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return {};
    if (auto good = children.pause(std::chrono::milliseconds{20}); !good) return good;
  }
  return fail(Code::timeout, "the server does not listen on port " + std::to_string(port));
}

}  // namespace sense::bench
