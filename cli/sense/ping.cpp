// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

struct PingOptions {
  std::string target;
  std::string timeout = "5s";
  SenseWay way;
};

std::string milliseconds(Duration took) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(took.count()) / 1000.0);
  return text.data();
}

void print_answer(const std::string& target, Duration took, const Parameters& parameters,
                  bool json) {
  if (json) {
    const nlohmann::ordered_json line{
        {"target", target}, {"microseconds", took.count()}, {"parameters", parameters}};
    print_line(json_ascii(line));
    return;
  }
  print_line(printable(target) + " answered in " + milliseconds(took) + " ms");
  for (const auto& [name, value] : parameters)
    print_line("  " + printable(name) + ": " + printable(value));
}

std::string silence(const std::string& target, const std::string& timeout) {
  return "no answer from " + target + " within " + timeout + ": is it running, and is this where?";
}

int ping_broker(const Global& global, const PingOptions& wanted) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  const auto target = (*session)->endpoint();
  const auto started = system_clock().now().mono;
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(*parse_duration(wanted.timeout),
                    [&] { loop.finish(failed(silence(target, wanted.timeout))); });
  // A request may be lost while the broker is away or starting: it is repeated until the deadline.
  std::function<void()> ask = [&] {
    (*session)->bus().parameters([&](Result<Parameters> parameters) {
      if (!parameters && parameters.error().code == Code::timeout) return ask();
      if (!parameters) return loop.finish(failed(parameters.error()));
      print_answer(target, system_clock().now().mono - started, *parameters, global.json);
      loop.finish(exit_ok);
    });
  };
  ask();
  return loop.run();
}

// PARAMETERS: the first reply may only bring a cookie, so the time of all that follow is counted.
int ping_sense(const Global& global, const PingOptions& wanted) {
  std::unique_ptr<ParameterList> list;
  return talk_to_sense(wanted.target, wanted.way, wanted.timeout, [&](Loop& loop, SenseTalk& talk) {
    const auto started = system_clock().now().mono;
    list = std::make_unique<ParameterList>(
        talk, wanted.target, [&, started](const Result<Parameters>& parameters) {
          if (!parameters) return loop.finish(failed(parameters.error()));
          print_answer(wanted.target, system_clock().now().mono - started, *parameters,
                       global.json);
          loop.finish(exit_ok);
        });
    list->ask();
  });
}

}  // namespace

void add_ping(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "ping", "Ask the broker, or a SENSE gateway, for its parameters; shows how long it took",
      "Examples:\n"
      "  sense ping                            the broker of the configuration\n"
      "  sense ping sense://127.0.0.1:7367     a gateway, by datagram\n"
      "  sense ping sense:///run/sense/sense.sock");
  const auto wanted = std::make_shared<PingOptions>();
  command->add_option("TARGET", wanted->target, "sense://HOST:PORT (default: the broker)");
  add_way(*command, wanted->way);
  add_duration(*command, "--timeout", wanted->timeout, "How long to wait for the answer");
  command->callback([&cli, wanted] {
    cli.run = [&cli, wanted] {
      return wanted->target.empty() ? ping_broker(cli.global, *wanted)
                                    : ping_sense(cli.global, *wanted);
    };
  });
}

}  // namespace sense::cli
