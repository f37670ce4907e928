// SPDX-License-Identifier: Apache-2.0
#include "cli/base/command.hpp"

#include <cstdio>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/event/pattern.hpp"

namespace sense::cli {

namespace {

template <class Parsed>
std::string fault_of(const Parsed& parsed) {
  return parsed ? std::string() : parsed.error().message;
}

}  // namespace

std::vector<CommandOption> joined(std::initializer_list<std::vector<CommandOption>> tables) {
  std::vector<CommandOption> all;
  for (const auto& table : tables) all.insert(all.end(), table.begin(), table.end());
  return all;
}

CommandOption duration_option(std::string name, std::string& target, std::string help) {
  return {.name = std::move(name),
          .value_name = "DURATION",
          .target = &target,
          .help = std::move(help),
          .show_default = true,
          .check = [](const std::string& text) { return fault_of(parse_duration(text)); }};
}

CommandOption types_option(std::vector<std::string>& target, std::string help) {
  return {.name = "-t,--type",
          .value_name = "PATTERN",
          .target = &target,
          .help = std::move(help),
          .check = [](const std::string& text) { return fault_of(TypePattern::parse(text)); }};
}

CommandOption sources_option(std::vector<std::string>& target, std::string help) {
  return {.name = "-s,--source",
          .value_name = "PATTERN",
          .target = &target,
          .help = std::move(help),
          .check = [](const std::string& text) { return fault_of(SourcePattern::parse(text)); }};
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

int refused(const std::vector<Error>& errors) {
  for (const auto& error : errors) refused(error);
  return exit_usage;
}

}  // namespace sense::cli
