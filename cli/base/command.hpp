// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.hpp"

// A subcommand of `sense` describes itself in tables; command_line.hpp reads the command line by
// them. Main thread only.
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

// Where a value is stored; what it points to lives at least as long as the command. bool: a flag
// without a value; vector: the option may be given several times.
using CommandTarget =
    std::variant<bool*, int*, unsigned*, std::int64_t*, std::uint64_t*,
                 std::optional<std::uint64_t>*, std::string*, std::vector<std::string>*>;

// Bounds of a number, both included.
struct NumberRange {
  std::int64_t min = 0;
  std::optional<std::int64_t> max = std::nullopt;  // none: the largest that the target holds
};

// An option or a positional argument of a command.
struct CommandOption {
  std::string name;  // "--file", "-d,--data" with a short form; "FILE": a positional argument
  std::string value_name = {};  // stands for the value in the help; empty: by the target's type
  CommandTarget target;
  std::string help;
  bool required = false;
  bool show_default = false;  // the help shows what the target holds before the line is read
  // Why the text is refused, one sentence; empty: it is accepted. Called while the line is read, so
  // that a mistake is bad usage.
  std::function<std::string(const std::string&)> check = {};
  std::optional<NumberRange> range = std::nullopt;
  std::vector<std::string> choices = {};  // the only texts accepted; empty: any
  std::string excludes = {};              // the option that may not be given as well
  bool open_ended = false;                // vector: the help shows that more may follow
};

// A command, or a group of subcommands. What `run` and the targets refer to must outlive it.
struct Command {
  std::string name;
  std::string summary;
  std::string notes = {};  // behind the options in the help: details, examples
  std::vector<CommandOption> options = {};
  std::vector<Command> subcommands = {};  // if any, one of them must be given
  std::function<int()> run = {};          // answers the exit code; null with subcommands
  bool hidden = false;                    // not in the list of subcommands
  bool raw = false;                       // takes every argument, --help included, and reads none
};

// Several tables as one, in order.
[[nodiscard]] std::vector<CommandOption> joined(
    std::initializer_list<std::vector<CommandOption>> tables);

// Options whose text is checked.
[[nodiscard]] CommandOption duration_option(std::string name, std::string& target,
                                            std::string help);
// --type and --source: patterns, may be repeated.
[[nodiscard]] CommandOption types_option(std::vector<std::string>& target, std::string help);
[[nodiscard]] CommandOption sources_option(std::vector<std::string>& target, std::string help);

// One sentence on standard error; answers the exit code.
int failed(const Error& error);   // exit_failed
int refused(const Error& error);  // exit_usage
int failed(const std::string& sentence);
int refused(const std::string& sentence);
// One sentence each. REQUIRES: there is one.
int refused(const std::vector<Error>& errors);  // exit_usage

}  // namespace sense::cli
