// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace sense::snmp_test {

// A program of the package `snmp`, started with neither configuration nor MIBs of this machine.
// Killed at the end, if it still runs.
class Program {
 public:
  Program(const std::string& name, std::initializer_list<std::string> arguments) {
    std::vector<std::string> words = {name};
    words.insert(words.end(), arguments);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string path = "PATH=/usr/bin:/bin";
    std::string config = "SNMPCONFPATH=/nonexistent";
    std::string mibs = "MIBS=";
    std::string mib_folders = "MIBDIRS=/nonexistent";
    std::string persistent = "SNMP_PERSISTENT_DIR=/nonexistent";
    char* environment[] = {path.data(),        config.data(),     mibs.data(),
                           mib_folders.data(), persistent.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    started_ =
        ::posix_spawnp(&pid_, name.c_str(), &actions, nullptr, argv.data(), environment) == 0;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (!started_ || exit_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] bool started() const { return started_; }

  // The exit code, once it has ended; -1 for a signal.
  [[nodiscard]] std::optional<int> ended() {
    int status = 0;
    if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return exit_;
  }

 private:
  pid_t pid_ = -1;
  bool started_ = false;
  std::optional<int> exit_;
};

}  // namespace sense::snmp_test
