#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <variant>

#include "cli/arrival.hpp"
#include "cli/command.hpp"
#include "cli/sense_shell.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

using Parameters = std::map<std::string, std::string>;

struct Wanted {
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

int ping_broker(const Global& global, const Wanted& wanted) {
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

Parameters parse_parameters(const std::string& data) {
  Parameters parameters;
  for (const auto line : split(data, '\n')) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
      parameters.emplace(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return parameters;
}

// PARAMETERS: the first reply may only bring a cookie, so the second one's time is counted too.
int ping_sense(const Global& global, const Wanted& wanted) {
  Loop loop;
  auto peer = open_peer(loop.io(), wanted.target, wanted.way);
  if (!peer) return refused(peer.error());
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(*parse_duration(wanted.timeout),
                    [&] { loop.finish(failed(silence(wanted.target, wanted.timeout))); });
  datagram::ClientOptions options;
  options.tag_prefix = random_token(60);
  options.retry_interval = std::chrono::milliseconds{500};
  const auto started = system_clock().now();
  const auto on_notice = [&](const datagram::Notice& notice) {
    if (const auto* answer = std::get_if<datagram::Answered>(&notice)) {
      print_answer(wanted.target, system_clock().now().mono - started.mono,
                   parse_parameters(answer->reply.data), global.json);
      loop.finish(exit_ok);
    } else if (const auto* failure = std::get_if<datagram::Failed>(&notice)) {
      loop.finish(failed(wanted.target + ": " + failure->error.message));
    }
  };
  SenseShell shell(std::move(*peer), std::move(options), on_notice, [] {});
  shell.receive();
  shell.handle(shell.client().parameters(started));
  return loop.run();
}

}  // namespace

void add_ping(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "ping", "Ask the broker, or a SENSE gateway, for its parameters; shows how long it took",
      "Examples:\n"
      "  sense ping                            the broker of the configuration\n"
      "  sense ping sense://127.0.0.1:7367     a gateway, by datagram\n"
      "  sense ping sense:///run/sense/sense.sock");
  const auto wanted = std::make_shared<Wanted>();
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
