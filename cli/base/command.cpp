// SPDX-License-Identifier: Apache-2.0
#include "cli/base/command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/event/pattern.hpp"

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

void add_globals(CLI::App& app, Global& global) {
  app.add_option("-c,--config", global.config,
                 "Configuration file (default: $SENSE_CONFIG, else /etc/sense/sense.yaml)")
      ->type_name("FILE");
  app.add_option("--data", global.data, "Folder for data, instead of the file's `data`")
      ->type_name("FOLDER");
  app.add_option("--plugins", global.plugins, "Folder of plugins, instead of the file's `plugins`")
      ->type_name("FOLDER");
  app.add_flag("--json", global.json, "Print data as JSON, one object a line");
}

// The first word that is no option, when it is not a command: what CLI11 would call an argument
// that was not expected.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
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

std::string chosen(const CLI::App& app) {
  std::string words = "sense";
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    words += " " + at->get_name();
  }
  return words;
}

int refuse_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  }
  if (const auto unknown = unknown_command(app, argc, argv); !unknown.empty())
    return refused(unknown);
  return refused(std::string(error.what()) + " (see " + chosen(app) + " --help)");
}

void add_checked(CLI::App& app, const char* name, std::vector<std::string>& target,
                 const char* help, const char* type, std::string (*check)(std::string&)) {
  app.add_option(name, target, help)
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(CLI::Validator(check, ""));
}

std::string sentence_of(const Error& error) { return error.message; }

}  // namespace

CLI::App* add_command(CLI::App& app, const char* name, const char* help, const char* examples) {
  auto* command = app.add_subcommand(name, help);
  command->footer(std::string(examples) + common_footer);
  command->fallthrough();
  return command;
}

void add_duration(CLI::App& app, const char* name, std::string& target, const char* help) {
  const auto check = [](std::string& text) {
    const auto duration = parse_duration(text);
    return duration ? std::string() : sentence_of(duration.error());
  };
  app.add_option(name, target, help)
      ->type_name("DURATION")
      ->capture_default_str()
      ->check(CLI::Validator(check, ""));
}

void add_types(CLI::App& app, std::vector<std::string>& target, const char* help) {
  add_checked(app, "-t,--type", target, help, "PATTERN", [](std::string& text) {
    const auto pattern = TypePattern::parse(text);
    return pattern ? std::string() : sentence_of(pattern.error());
  });
}

void add_sources(CLI::App& app, std::vector<std::string>& target, const char* help) {
  add_checked(app, "-s,--source", target, help, "PATTERN", [](std::string& text) {
    const auto pattern = SourcePattern::parse(text);
    return pattern ? std::string() : sentence_of(pattern.error());
  });
}

int failed(const std::string& sentence) {
  std::fprintf(stderr, "sense: %s\n", printable(sentence).c_str());
  return exit_failed;
}

int refused(const std::string& sentence) {
  failed(sentence);
  return exit_usage;
}

int failed(const Error& error) { return failed(error.message); }
int refused(const Error& error) { return refused(error.message); }

int run_command_line(int argc, char** argv, AddCommand bench) {
  CLI::App app(summary, "sense");
  Cli cli;
  cli.argc = argc;
  cli.argv = argv;
  app.footer(epilogue);
  app.require_subcommand(1);
  app.set_version_flag("--version", "sense " SENSE_VERSION);
  add_globals(app, cli.global);
  for (const auto add :
       {add_up, add_broker, add_gateway, add_adapter, add_publish, add_step, add_subscribe,
        add_subscriptions, add_listen, add_ping, add_parameters, add_source_list, add_journal,
        add_dead_letters, add_keys, add_config, add_filter, bench})
    add(app, cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse_usage(app, error, argc, argv);
  }
  return cli.run ? cli.run() : exit_usage;
}

}  // namespace sense::cli
