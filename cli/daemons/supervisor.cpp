// SPDX-License-Identifier: Apache-2.0
#include "cli/daemons/supervisor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/base/command.hpp"
#include "cli/daemons/daemon_signals.hpp"
#include "core/base/log.hpp"

namespace sense::cli {

namespace {

constexpr Duration idle = std::chrono::hours{1};

}  // namespace

Duration RestartPauses::next(Duration ran) {
  if (ran >= trusted_after) pause_ = Duration{0};
  const auto answer = pause_;
  pause_ = pause_ == Duration{0} ? first : std::min(pause_ * 2, longest);
  return answer;
}

Supervisor::Supervisor(const SignalQueue& signals, std::vector<ChildSpec> specs,
                       std::string pids_file)
    : signals_(signals), pids_file_(std::move(pids_file)) {
  for (auto& spec : specs) children_.push_back({std::move(spec), 0, mono_now(), {}, 0});
}

Status Supervisor::run() {
  const auto ended = serve();
  stop_all();
  std::error_code ignored;
  if (!pids_file_.empty()) std::filesystem::remove(pids_file_, ignored);
  return ended;
}

Status Supervisor::serve() {
  while (stops_ == 0) {
    if (auto good = start_due(); !good) return good;
    wait_until(next_due());
    if (auto good = reap(); !good) return good;
  }
  return {};
}

Status Supervisor::start_due() {
  bool changed = false;
  for (auto& child : children_) {
    if (child.pid != 0 || child.since > mono_now()) continue;
    if (auto good = start(child); !good) return good;
    changed = true;
  }
  if (changed) write_pids();
  return {};
}

Status Supervisor::start(Child& child) {
  std::vector<const char*> arguments{"sense"};
  for (const auto& argument : child.spec.arguments) arguments.push_back(argument.c_str());
  arguments.push_back(nullptr);
  const auto pid = fork_child(signals_, SIGTERM, [&] {
    ::execv("/proc/self/exe", const_cast<char* const*>(arguments.data()));
    return exit_failed;
  });
  if (pid < 0)
    return fail(Code::system,
                "no process can be started for " + child.spec.name + ": " + std::strerror(errno));
  child.pid = pid;
  child.since = mono_now();
  ++child.starts;
  log::info("started", {{"child", child.spec.name}, {"pid", std::to_string(pid)}});
  return {};
}

Status Supervisor::reap() {
  bool changed = false;
  for (auto& child : children_) {
    int wait_status = 0;
    if (child.pid == 0 || ::waitpid(child.pid, &wait_status, WNOHANG) != child.pid) continue;
    changed = true;
    if (auto good = died(child, wait_status); !good) return good;
  }
  if (changed) write_pids();
  return {};
}

Status Supervisor::died(Child& child, int wait_status) {
  child.pid = 0;
  const auto how = how_it_ended(wait_status);
  if (stops_ > 0) {
    log::info("ended", {{"child", child.spec.name}, {"how", how}});
    return {};
  }
  // It would fail in the same way each time. After a first success the file may be in the middle
  // of an edit: then it is tried again.
  if (child.starts == 1 && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == exit_usage)
    return fail(Code::badparam, child.spec.name + " cannot run with this configuration: see above");
  const auto pause = child.pauses.next(mono_now() - child.since);
  child.since = mono_now() + pause;
  log::warn("a process died and is started again", {{"child", child.spec.name},
                                                    {"how", how},
                                                    {"after", to_text(pause)},
                                                    {"restarts", std::to_string(child.starts)}});
  return {};
}

// Until then, or until a signal comes.
void Supervisor::wait_until(MonoTime deadline) {
  for (auto number = signals_.next(deadline - mono_now()); number; number = signals_.next({})) {
    if (*number == SIGINT || *number == SIGTERM)
      ++stops_;
    else if (*number != SIGCHLD)
      log_restart_needed(*number);
  }
}

MonoTime Supervisor::next_due() const {
  auto due = mono_now() + idle;
  for (const auto& child : children_)
    if (child.pid == 0) due = std::min(due, child.since);
  return due;
}

void Supervisor::stop_all() {
  stops_ = std::max(stops_, 1U);
  log::info("stopping");
  std::set<int> stages;
  for (const auto& child : children_) stages.insert(child.spec.stage);
  for (const int stage : stages) stop_stage(stage);
}

// A second signal ends the waiting.
void Supervisor::stop_stage(int stage) {
  signal_stage(stage, SIGTERM);
  const auto deadline = mono_now() + stop_deadline;
  const auto stops = stops_;
  while (running(stage) && mono_now() < deadline && stops_ == stops) {
    wait_until(deadline);
    [[maybe_unused]] const auto good = reap();
  }
  signal_stage(stage, SIGKILL);
  for (auto& child : children_) {
    if (child.spec.stage != stage || child.pid == 0) continue;
    log::warn("killed: it did not stop in time", {{"child", child.spec.name}});
    ::waitpid(child.pid, nullptr, 0);
    child.pid = 0;
  }
}

void Supervisor::signal_stage(int stage, int number) const {
  for (const auto& child : children_)
    if (child.spec.stage == stage && child.pid != 0) ::kill(child.pid, number);
}

bool Supervisor::running(int stage) const {
  return std::any_of(children_.begin(), children_.end(), [&](const Child& child) {
    return child.spec.stage == stage && child.pid != 0;
  });
}

// Written beside and renamed, so that a reader sees the old list or the new one.
void Supervisor::write_pids() const {
  if (pids_file_.empty()) return;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& child : children_) {
    list.push_back({{"name", child.spec.name},
                    {"pid", nullptr},
                    {"restarts", child.starts == 0 ? 0 : child.starts - 1}});
    if (child.pid != 0)
      list.back()["pid"] = child.pid;
    else if (stops_ == 0)
      list.back()["starts-in"] = to_text(std::max(child.since - mono_now(), Duration{0}));
  }
  const nlohmann::ordered_json all{{"pid", ::getpid()}, {"children", list}};
  const auto beside = pids_file_ + ".new";
  std::error_code error;
  {
    std::ofstream out(beside);
    out << all.dump(2) << "\n";
    if (!out.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(beside, pids_file_, error);
  if (error)
    log::warn("the file of process ids cannot be written",
              {{"file", pids_file_}, {"why", error.message()}});
}

}  // namespace sense::cli
