// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/process.hpp"
#include "tests/paths.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

namespace sense::test {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string pattern = (fs::temp_directory_path() / "sense-XXXXXX").string();
  BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& text) const {
  const auto file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

namespace {

// Written before the child reads: small enough for the pipe's own room.
int pipe_with(const std::string& input) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  BOOST_REQUIRE(::write(ends[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
  ::close(ends[1]);
  return ends[0];
}

}  // namespace

Running::Running(const std::vector<std::string>& arguments, const std::string& input,
                 const std::function<void()>& prepare) {
  const std::string program = testing::in_build("sense");
  std::vector<const char*> words{program.c_str()};
  for (const auto& argument : arguments) words.push_back(argument.c_str());
  words.push_back(nullptr);
  std::array<int, 2> out{}, err{};
  BOOST_REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0 && ::pipe2(err.data(), O_CLOEXEC) == 0);
  const int in = pipe_with(input);
  pid_ = ::fork();
  BOOST_REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(in, 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    if (prepare) prepare();
    ::execv(program.c_str(), const_cast<char* const*>(words.data()));
    ::_exit(127);
  }
  ::close(in);
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    [[maybe_unused]] const auto outcome = finish();
  }
  ::close(out_);
  ::close(err_);
}

void Running::signal(int number) const { BOOST_REQUIRE(::kill(pid_, number) == 0); }

bool Running::read_more(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                        deadline - std::chrono::steady_clock::now())
                        .count();
  std::array<pollfd, 2> ready{pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  if (left <= 0 || ::poll(ready.data(), ready.size(), static_cast<int>(left)) <= 0) return false;
  bool open = false;
  std::array<char, 65'536> buffer{};
  for (auto* const each : {&ready[0], &ready[1]}) {
    if (each->revents == 0) {
      open = open || each->fd >= 0;
      continue;
    }
    const auto size = ::read(each->fd, buffer.data(), buffer.size());
    const bool is_out = each->fd == out_;
    if (size > 0) {
      (is_out ? outcome_.out : outcome_.err).append(buffer.data(), static_cast<std::size_t>(size));
      open = true;
    } else {
      ::close(each->fd);
      (is_out ? out_ : err_) = -1;
    }
  }
  return open;
}

bool Running::wait_for(const std::string& text, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    if (contains(outcome_.out, text) || contains(outcome_.err, text)) return true;
    if (!read_more(deadline)) return contains(outcome_.out, text) || contains(outcome_.err, text);
  }
}

Outcome Running::finish() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (read_more(deadline)) {
  }
  if (std::chrono::steady_clock::now() >= deadline) ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  outcome_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome_;
}

Outcome run_sense(const std::vector<std::string>& arguments, const std::string& input,
                  const std::function<void()>& prepare) {
  return Running(arguments, input, prepare).finish();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_failure(const Outcome& outcome, const std::string& part) {
  BOOST_CHECK_MESSAGE(outcome.code == 1, outcome.err);
  BOOST_CHECK_MESSAGE(contains(outcome.err, part), outcome.err);
  BOOST_CHECK(outcome.err.starts_with("sense: "));
  BOOST_CHECK_MESSAGE(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1, outcome.err);
}

void look_again_soon() { ::poll(nullptr, 0, 20); }

std::string broker_config(const TempFolder& folder, const std::string& more) {
  return folder.write("sense.yaml",
                      "data: data\n"
                      "bus: {service: 'ipc://s', events: 'ipc://e', publish: 'ipc://p'}\n" +
                          more);
}

}  // namespace sense::test
