// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>

#include "cli/base/commands.hpp"
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
  SenseSocketOptions socket;
};

std::string milliseconds(Duration took) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(took.count()) / 1000.0);
  return text.data();
}

void print_answer(const std::string& target, Duration took, const Parameters& parameters,
                  bool json) {
  if (json) {
    print_line(JsonObject()
                   .put_raw("target", json_string_ascii(target))
                   .put("microseconds", took.count())
                   .put_raw("parameters", json_object_ascii(parameters))
                   .take());
    return;
  }
  print_line(printable(target) + " answered in " + milliseconds(took) + " ms");
  for (const auto& [name, value] : parameters)
    print_line("  " + printable(name) + ": " + printable(value));
}

std::string silence(const std::string& target, const std::string& timeout) {
  return "no answer from " + target + " within " + timeout + ": is it running, and is this where?";
}

int ping_broker(const Global& global, const PingOptions& options) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  const auto target = (*session)->endpoint();
  const auto started = mono_now();
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(*parse_duration(options.timeout),
                    [&] { loop.finish(failed(silence(target, options.timeout))); });
  // A request may be lost while the broker is away or starting: it is repeated until the deadline.
  std::function<void()> ask = [&] {
    (*session)->bus().parameters([&](Result<Parameters> parameters) {
      if (!parameters && parameters.error().code == Code::timeout) return ask();
      if (!parameters) return loop.finish(failed(parameters.error()));
      print_answer(target, mono_now() - started, *parameters, global.json);
      loop.finish(exit_ok);
    });
  };
  ask();
  return loop.run();
}

// PARAMETERS: the first reply may only carry a cookie; the time of all requests is counted.
int ping_sense(const Global& global, const PingOptions& options) {
  std::unique_ptr<ParameterList> list;
  return with_sense_session(
      options.target, options.socket, options.timeout, [&](Loop& loop, SenseSession& session) {
        const auto started = mono_now();
        list = std::make_unique<ParameterList>(
            session, options.target, [&, started](const Result<Parameters>& parameters) {
              if (!parameters) return loop.finish(failed(parameters.error()));
              print_answer(options.target, mono_now() - started, *parameters, global.json);
              loop.finish(exit_ok);
            });
        list->ask();
      });
}

}  // namespace

Command ping_command(const Global& global) {
  const auto options = std::make_shared<PingOptions>();
  return {
      .name = "ping",
      .summary = "Ask the broker, or a SENSE gateway, for its parameters; shows how long it took",
      .notes =
          "Examples:\n"
          "  sense ping                            the broker of the configuration\n"
          "  sense ping sense://127.0.0.1:7367     a gateway, by datagram\n"
          "  sense ping sense:///run/sense/sense.sock",
      .options = joined(
          {{{.name = "TARGET",
             .target = &options->target,
             .help = "sense://HOST:PORT (default: the broker)"}},
           socket_options(options->socket),
           {duration_option("--timeout", options->timeout, "How long to wait for the answer")}}),
      .run = [&global, options] {
        return options->target.empty() ? ping_broker(global, *options)
                                       : ping_sense(global, *options);
      }};
}

}  // namespace sense::cli
