// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

// The built executable as a child process, seen from outside only.
namespace sense::test {

inline constexpr std::chrono::seconds patience{30};

struct Outcome {
  int code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};

// A folder of its own, removed at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Writes a file in it and answers its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

// `sense ARGUMENTS...` as it runs. Killed, if need be, at the end of its life.
class Running {
 public:
  // `prepare` is called in the child, before the program is there.
  explicit Running(const std::vector<std::string>& arguments, const std::string& input = {},
                   const std::function<void()>& prepare = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Until that text has been written to standard output or error. False when it ends or the time
  // is over before.
  [[nodiscard]] bool wait_for(const std::string& text, std::chrono::milliseconds time = patience);
  // Until it ends; kills it when the time is over.
  [[nodiscard]] Outcome finish();
  [[nodiscard]] const std::string& out() const { return outcome_.out; }
  [[nodiscard]] const std::string& err() const { return outcome_.err; }

 private:
  // False when both ends are closed or the time is over.
  bool read_more(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Outcome outcome_;
};

[[nodiscard]] Outcome run_sense(const std::vector<std::string>& arguments,
                                const std::string& input = {},
                                const std::function<void()>& prepare = {});

[[nodiscard]] bool contains(const std::string& text, const std::string& part);
// Checks that a command ended with 1, and with one sentence on standard error that has that part.
void check_failure(const Outcome& outcome, const std::string& part);
// Asks again and again until it is so, or patience is over.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition);
// Gives the processor away for an instant between two looks.
void look_again_soon();

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    look_again_soon();
  }
  return true;
}

// A configuration with a broker alone, everything in `folder`, then `more`.
[[nodiscard]] std::string broker_config(const TempFolder& folder, const std::string& more = {});

}  // namespace sense::test
