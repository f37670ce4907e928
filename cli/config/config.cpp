// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <utility>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/config/config_file.hpp"
#include "core/base/json.hpp"

namespace sense::cli {

namespace {

std::string names_of(const std::vector<PartConfig>& parts) {
  std::string names;
  for (const auto& part : parts)
    names += (names.empty() ? "" : ", ") + part.name +
             (part.name == part.plugin ? "" : " (" + part.plugin + ")");
  return names.empty() ? "none" : names;
}

std::string json_of(const std::vector<PartConfig>& parts) {
  std::vector<std::string> values;
  for (const auto& part : parts)
    values.push_back(JsonObject().put("name", part.name).put("plugin", part.plugin).take());
  return json_array(values);
}

int run_check(const Global& global) {
  Mistakes mistakes;
  const auto file = read_config(global, mistakes);
  if (!file.path.empty() && file.root.line != 0) check_programs(file, mistakes);
  if (!mistakes.empty()) return refused(mistakes);
  for (const auto& sentence : file.broker.renamed()) log::warn(sentence);
  if (global.json) {
    print_line(JsonObject()
                   .put("file", file.path)
                   .put("data", file.data)
                   .put("plugins", file.plugins)
                   .put_raw("gateways", json_of(file.gateways))
                   .put_raw("adapters", json_of(file.adapters))
                   .put("subscriptions", file.subscriptions.size())
                   .take());
    return exit_ok;
  }
  print_line("ok: " + file.path);
  print_line("  data:          " + file.data);
  print_line("  plugins:       " + file.plugins);
  print_line("  broker:        " + file.endpoints.service);
  print_line("  gateways:      " + names_of(file.gateways));
  print_line("  adapters:      " + names_of(file.adapters));
  print_line("  subscriptions: " + std::to_string(file.subscriptions.size()));
  return exit_ok;
}

int run_describe(const Global& global) {
  const auto text = describe_config(global.plugins.empty() ? default_plugins() : global.plugins);
  if (!text) return refused(text.error());
  return std::fputs(text->c_str(), stdout) < 0 || std::fflush(stdout) != 0
             ? failed("standard output cannot be written")
             : exit_ok;
}

}  // namespace

Command config_command(const Global& global) {
  Command check{
      .name = "check",
      .summary = "Read the configuration and load its plugins, but start nothing",
      .notes =
          "Prints a summary, or each mistake with file, line and key. Files are looked at as this\n"
          "user may: check as the user that runs SENSE.\n\n"
          "Example:\n  sense config check --config config/demo.yaml",
      .run = [&global] { return run_check(global); }};
  Command describe{.name = "describe",
                   .summary = "Print a configuration with every key, explained, at its default",
                   .notes =
                       "Keys of plugins come from the plugins in --plugins.\n\n"
                       "Example:\n  sense config describe > sense.yaml",
                   .run = [&global] { return run_describe(global); }};
  return {.name = "config",
          .summary = "Check a configuration, or describe all its keys",
          .notes =
              "Examples:\n"
              "  sense config check --config /etc/sense/sense.yaml\n"
              "  sense config describe > sense.yaml",
          .subcommands = {std::move(check), std::move(describe)}};
}

}  // namespace sense::cli
