// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

struct ParametersOptions {
  std::string uri;
  std::string timeout = "5s";
  SenseWay way;
};

bool print(const Parameters& parameters, bool json) {
  if (json) return print_line(json_ascii(nlohmann::json(parameters)));
  for (const auto& [name, value] : parameters)
    if (!print_line(printable(name) + ": " + printable(value))) return false;
  return true;
}

int run_parameters(const Global& global, const ParametersOptions& wanted) {
  std::unique_ptr<ParameterList> list;
  return talk_to_sense(wanted.uri, wanted.way, wanted.timeout, [&](Loop& loop, SenseTalk& talk) {
    list = std::make_unique<ParameterList>(
        talk, wanted.uri, [&](const Result<Parameters>& parameters) {
          if (!parameters) return loop.finish(failed(parameters.error()));
          loop.finish(print(*parameters, global.json) ? exit_ok : exit_failed);
        });
    list->ask();
  });
}

}  // namespace

void add_parameters(CLI::App& app, Cli& cli) {
  auto* command =
      add_command(app, "parameters", "Ask a SENSE server for its parameters, among them its limits",
                  "A line is: NAME: VALUE; with --json all are one object.\n\n"
                  "Examples:\n"
                  "  sense parameters sense://127.0.0.1:7367\n"
                  "  sense parameters sense://hq.example --json | jq -r '.\"max-message\"'");
  const auto wanted = std::make_shared<ParametersOptions>();
  command->add_option("URI", wanted->uri, "sense://HOST:PORT")->required();
  add_duration(*command, "--timeout", wanted->timeout, "How long to wait for the answer");
  add_way(*command, wanted->way);
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_parameters(cli.global, *wanted); }; });
}

}  // namespace sense::cli
