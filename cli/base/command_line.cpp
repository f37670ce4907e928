// SPDX-License-Identifier: Apache-2.0
#include "cli/base/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <type_traits>

#include "core/base/text.hpp"

namespace sense::cli {

namespace {

constexpr const char* summary =
    "SENSE: an event notification service that you run yourself.\n"
    "Events come in (SNMP traps, HTTP, datagrams), subscriptions say who is told of which, and "
    "how.";

constexpr const char* epilogue =
    "Examples:\n"
    "  sense up --config config/demo.yaml              start everything that the file names\n"
    "  sense publish '{urn:example}jam' //hq/printer/4 publish one event\n"
    "  printer-monitor | sense step --source //hq/4    publish the lines of a pipeline\n"
    "  sense subscribe --type '{urn:example}*'         watch events as they are stored\n"
    "  sense listen sense://127.0.0.1:7367             be called back, by datagrams\n"
    "  sense config check                              is the configuration good?\n"
    "  sense COMMAND --help                            more about a command\n"
    "\n"
    "Environment: SENSE_CONFIG  the configuration file when --config is not given\n"
    "Exit codes:  0 it worked   1 it failed   2 bad usage or bad configuration";

constexpr const char* common_footer =
    "\n\nEvery command also takes --config FILE, --data FOLDER, --plugins FOLDER and --json.\n"
    "Exit codes: 0 it worked, 1 it failed, 2 bad usage or bad configuration";

std::vector<CommandOption> global_options(Global& global) {
  return {
      {.name = "-c,--config",
       .value_name = "FILE",
       .target = &global.config,
       .help = "Configuration file (default: $SENSE_CONFIG, else /etc/sense/sense.yaml)"},
      {.name = "--data",
       .value_name = "FOLDER",
       .target = &global.data,
       .help = "Folder for data, instead of the file's `data`"},
      {.name = "--plugins",
       .value_name = "FOLDER",
       .target = &global.plugins,
       .help = "Folder of plugins, instead of the file's `plugins`"},
      {.name = "--json", .target = &global.json, .help = "Print data as JSON, one object a line"},
  };
}

// ---- from the tables to CLI11

// Without an upper bound, the value's name says so.
CLI::Validator at_least(std::int64_t min) {
  return {[min](std::string& text) {
            std::int64_t value = 0;
            if (CLI::detail::lexical_cast(text, value) && value >= min) return std::string();
            return "Value " + text + " is not a number from " + std::to_string(min) + " up";
          },
          min == 0 ? "NONNEGATIVE" : "POSITIVE"};
}

template <class Target>
void check_range(CLI::Option& option, const NumberRange& range, Target*) {
  if constexpr (std::is_integral_v<Target> && !std::is_same_v<Target, bool>) {
    if (range.max)
      option.check(CLI::Range(static_cast<Target>(range.min), static_cast<Target>(*range.max)));
    else
      option.check(at_least(range.min));
  }
}

CLI::Option* add_target(CLI::App& app, const CommandOption& option, bool* target) {
  return app.add_flag(option.name, *target, option.help);
}

template <class Target>
CLI::Option* add_target(CLI::App& app, const CommandOption& option, Target* target) {
  return app.add_option(option.name, *target, option.help);
}

// One value each time that it is given: what follows may be an argument.
CLI::Option* add_target(CLI::App& app, const CommandOption& option,
                        std::vector<std::string>* target) {
  auto* added = app.add_option(option.name, *target, option.help);
  if (!option.name.starts_with('-')) return added;
  if (!option.open_ended) added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return added->allow_extra_args(false);
}

void add_option(CLI::App& app, const CommandOption& option) {
  auto* added = std::visit(
      [&](auto* target) {
        auto* made = add_target(app, option, target);
        if (option.range) check_range(*made, *option.range, target);
        return made;
      },
      option.target);
  if (!option.value_name.empty()) added->type_name(option.value_name);
  if (option.required) added->required();
  if (option.show_default) added->capture_default_str();
  if (option.check)
    added->check(
        CLI::Validator([check = option.check](std::string& text) { return check(text); }, ""));
  if (!option.choices.empty()) added->check(CLI::IsMember(option.choices));
  if (!option.excludes.empty()) added->excludes(app.get_option(option.excludes));
}

void add_command(CLI::App& app, const Command& command, std::function<int()>& chosen) {
  auto* added = app.add_subcommand(command.name, command.summary);
  if (command.hidden) added->group("");
  if (command.raw) {
    added->prefix_command();
    added->set_help_flag();
  } else {
    added->footer(command.notes + common_footer);
    added->fallthrough();
  }
  for (const auto& option : command.options) add_option(*added, option);
  for (const auto& subcommand : command.subcommands) add_command(*added, subcommand, chosen);
  if (!command.subcommands.empty()) added->require_subcommand(1);
  if (command.run) added->callback([&chosen, run = command.run] { chosen = run; });
}

// ---- what is wrong with a line

// The first word that is no option, when it is not a command: what CLI11 would call an argument
// that was not expected.
std::string unknown_command(const std::vector<Command>& commands, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto& command : commands) names.push_back(command.name);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) return {};
    if (std::find(names.begin(), names.end(), word) != names.end()) return {};
    const auto near = nearest(word, names);
    return "there is no command '" + printable(word) + "'" +
           (near.empty() ? "" : ", did you mean '" + near + "'?") + " (see sense --help)";
  }
  return {};
}

std::string chosen_words(const CLI::App& app) {
  std::string words = "sense";
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    words += " " + at->get_name();
  }
  return words;
}

int refuse_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv,
                 const std::vector<Command>& commands) {
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  }
  if (const auto unknown = unknown_command(commands, argc, argv); !unknown.empty())
    return refused(unknown);
  return refused(std::string(error.what()) + " (see " + chosen_words(app) + " --help)");
}

}  // namespace

int run_command_line(int argc, char** argv, Global& global, const std::vector<Command>& commands) {
  CLI::App app(summary, "sense");
  app.footer(epilogue);
  app.require_subcommand(1);
  app.set_version_flag("--version", "sense " SENSE_VERSION);
  std::function<int()> chosen;
  for (const auto& option : global_options(global)) add_option(app, option);
  for (const auto& command : commands) add_command(app, command, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse_usage(app, error, argc, argv, commands);
  }
  return chosen ? chosen() : exit_usage;
}

}  // namespace sense::cli
