// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

struct ParametersOptions {
  std::string uri;
  std::string timeout = "5s";
  SenseSocketOptions socket;
};

bool print(const Parameters& parameters, bool json) {
  if (json) return print_line(json_object_ascii(parameters));
  for (const auto& [name, value] : parameters)
    if (!print_line(printable(name) + ": " + printable(value))) return false;
  return true;
}

int run_parameters(const Global& global, const ParametersOptions& options) {
  std::unique_ptr<ParameterList> list;
  return with_sense_session(
      options.uri, options.socket, options.timeout, [&](Loop& loop, SenseSession& session) {
        list = std::make_unique<ParameterList>(
            session, options.uri, [&](const Result<Parameters>& parameters) {
              if (!parameters) return loop.finish(failed(parameters.error()));
              loop.finish(print(*parameters, global.json) ? exit_ok : exit_failed);
            });
        list->ask();
      });
}

}  // namespace

Command parameters_command(const Global& global) {
  const auto options = std::make_shared<ParametersOptions>();
  return {
      .name = "parameters",
      .summary = "Ask a SENSE server for its parameters, among them its limits",
      .notes =
          "A line is: NAME: VALUE; with --json all are one object.\n\n"
          "Examples:\n"
          "  sense parameters sense://127.0.0.1:7367\n"
          "  sense parameters sense://hq.example --json | jq -r '.\"max-message\"'",
      .options = joined(
          {{{.name = "URI", .target = &options->uri, .help = "sense://HOST:PORT", .required = true},
            duration_option("--timeout", options->timeout, "How long to wait for the answer")},
           socket_options(options->socket)}),
      .run = [&global, options] { return run_parameters(global, *options); }};
}

}  // namespace sense::cli
