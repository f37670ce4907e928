// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace CLI {
class App;
}

// The shape of a subcommand: `add_NAME` declares its options and, when it was chosen, leaves in
// Cli::run what is to be done. Main thread only.
namespace sense::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;  // bad usage or bad configuration

// Options before or after every subcommand. Empty: the default.
struct Global {
  std::string config;   // --config
  std::string data;     // --data: instead of the file's `data`
  std::string plugins;  // --plugins: instead of the file's `plugins`
  bool json = false;    // --json
};

// Lives as long as the command line; `run` is set by the subcommand that was chosen.
struct Cli {
  Global global;
  std::function<int()> run;
  // As main() was given them.
  int argc = 0;
  char** argv = nullptr;
};

using AddCommand = void (*)(CLI::App&, Cli&);
void add_broker(CLI::App& app, Cli& cli);
void add_gateway(CLI::App& app, Cli& cli);
void add_adapter(CLI::App& app, Cli& cli);
void add_up(CLI::App& app, Cli& cli);
void add_publish(CLI::App& app, Cli& cli);
void add_step(CLI::App& app, Cli& cli);
void add_subscribe(CLI::App& app, Cli& cli);
void add_subscriptions(CLI::App& app, Cli& cli);
void add_listen(CLI::App& app, Cli& cli);
void add_ping(CLI::App& app, Cli& cli);
void add_parameters(CLI::App& app, Cli& cli);
void add_source_list(CLI::App& app, Cli& cli);
void add_keys(CLI::App& app, Cli& cli);
void add_config(CLI::App& app, Cli& cli);
void add_filter(CLI::App& app, Cli& cli);
void add_journal(CLI::App& app, Cli& cli);
void add_dead_letters(CLI::App& app, Cli& cli);
void add_bench(CLI::App& app, Cli& cli);

// Declares the whole command line, reads it, runs the subcommand and answers the exit code.
[[nodiscard]] int run_command_line(int argc, char** argv, AddCommand bench = add_bench);

// A subcommand of `app` that takes the global options too; help ends with `examples`.
[[nodiscard]] CLI::App* add_command(CLI::App& app, const char* name, const char* help,
                                    const char* examples);
// Options whose text is checked while the command line is read, so that mistakes are usage errors.
void add_duration(CLI::App& app, const char* name, std::string& target, const char* help);
void add_types(CLI::App& app, std::vector<std::string>& target, const char* help);
void add_sources(CLI::App& app, std::vector<std::string>& target, const char* help);

// One sentence on standard error; answers the exit code.
int failed(const Error& error);   // exit_failed
int refused(const Error& error);  // exit_usage
int failed(const std::string& sentence);
int refused(const std::string& sentence);

}  // namespace sense::cli
