// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/runner.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "core/base/text.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

namespace {

constexpr std::size_t output_max = 64 * 1024;
constexpr auto look_interval = std::chrono::milliseconds{50};

std::string summary(const Workload& workload, const Outcome& outcome) {
  std::string text = workload.kind == Workload::Kind::latency
                         ? "p50 " + shown(outcome.p50) + " ms, p99 " + shown(outcome.p99) + " ms"
                         : shown(rate_of(outcome)) + " events/s";
  if (outcome.replay_seconds > 0)
    text += ", peak memory " + shown(outcome.server_rss) + " MiB, replay " +
            shown(static_cast<double>(workload.events) / outcome.replay_seconds) + " events/s";
  if (!outcome.missed.empty()) {
    text += ", missed by plain subscribers:";
    for (const auto missed : outcome.missed) text += " " + shown_count(missed);
  }
  if (const auto missing = lost(workload, outcome); missing > 0)
    text += ", LOST " + std::to_string(missing) + " events";
  return text;
}

// It may take part more than once, with different workloads: "sense", "sense_gateway".
bool is_sense(const std::string& name) { return name.starts_with(sense_name); }

}  // namespace

double rate_of(const Outcome& outcome) {
  if (outcome.seconds <= 0) return 0;
  if (outcome.received.empty()) return static_cast<double>(outcome.acknowledged) / outcome.seconds;
  const auto sum =
      std::accumulate(outcome.received.begin(), outcome.received.end(), std::uint64_t{0});
  return static_cast<double>(sum) / static_cast<double>(outcome.received.size()) / outcome.seconds;
}

void Runner::leave_out(const std::string& name, const std::string& why) {
  if (absent_.emplace(name, why).second)
    std::fprintf(stderr, "sense: without %s: %s\n", name.c_str(), printable(why).c_str());
}

Result<std::string> Runner::output_of(const std::string& name,
                                      const std::vector<std::string>& command) {
  const int out = ::memfd_create("outcome", MFD_CLOEXEC);
  if (out < 0) return fail(Code::system, "no memory for the outcome of " + name);
  auto pid = children_.run(name, command, out, STDERR_FILENO);
  Status ended;
  while (pid && ended && children_.running(*pid)) ended = children_.pause(look_interval);
  if (pid) children_.stop(*pid);
  std::string text(output_max, '\0');
  const auto size = ::pread(out, text.data(), text.size(), 0);
  ::close(out);
  if (!pid) return tl::unexpected(pid.error());
  if (!ended) return tl::unexpected(ended.error());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.substr(0, text.find('\n'));
}

Result<Outcome> Runner::run(const std::string& name, const Workload& workload) {
  auto command = is_sense(name) ? sense_ : std::vector{peers_ + "/" + name};
  if (!is_sense(name) && !std::filesystem::exists(command.front())) {
    Outcome outcome;
    outcome.absent = command.front() +
                     " is not there: install what tests/bench/packages.txt names, configure and "
                     "build again (tests/bench/run does it), or name the folder with --peers";
    return outcome;
  }
  const auto words = to_words(workload);
  command.insert(command.end(), words.begin(), words.end());
  const auto line = output_of(name, command);
  if (!line) return tl::unexpected(line.error());
  return parse_outcome(*line);
}

Result<Runner::Outcomes> Runner::side_by_side(const std::string& title,
                                              std::vector<std::string> names,
                                              const WorkloadOf& workload_of, unsigned runs) {
  Outcomes outcomes;
  for (unsigned number = 1; number <= runs; ++number) {
    for (const auto& name : names) {
      if (absent_.contains(name)) continue;
      const auto workload = workload_of(name);
      auto outcome = run(name, workload);
      if (!outcome) return tl::unexpected(outcome.error());
      if (!outcome->absent.empty()) {
        leave_out(name, outcome->absent);
        continue;
      }
      std::fprintf(stderr, "%s, run %u of %u: %s: %s\n", title.c_str(), number, runs, name.c_str(),
                   summary(workload, *outcome).c_str());
      if (is_sense(name) && lost(workload, *outcome) > 0)
        return fail(Code::internalerror, "SENSE lost " + std::to_string(lost(workload, *outcome)) +
                                             " acknowledged events: that is a bug");
      outcomes[name].push_back(std::move(*outcome));
    }
    std::rotate(names.begin(), names.begin() + 1, names.end());
  }
  return outcomes;
}

}  // namespace sense::bench
