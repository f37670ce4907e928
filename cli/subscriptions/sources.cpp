// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

// What nobody reads on a terminal, and what a server that makes up sources costs us at most.
constexpr std::uint64_t sources_max = 1'000'000;
constexpr std::uint32_t page_max = 10'000;  // more than fit into any datagram

struct SourcesOptions {
  std::string uri;
  std::string after;
  std::uint64_t limit = 0;
  std::string timeout = "5s";
  SenseWay way;
};

// Asks page after page until the server has no more, or enough have come.
class Listing {
 public:
  Listing(Loop& loop, SenseTalk& talk, const SourcesOptions& wanted, bool json)
      : loop_(loop), talk_(talk), wanted_(wanted), json_(json), after_(wanted.after) {}

  void ask() {
    std::uint32_t page = 0;  // as many as fit
    if (wanted_.limit != 0)
      page = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted_.limit - seen_, page_max));
    talk_.ask_sources(after_, page,
                      [this](const Result<datagram::Message>& reply) { take(reply); });
  }

 private:
  void take(const Result<datagram::Message>& reply) {
    if (!reply) return loop_.finish(failed(reply.error()));
    const bool more = lower(reply->text("More")) == "yes";
    if (more && reply->data.empty())
      return refuse(
          "said that there are more sources, and named none: is one longer than its "
          "max-message?");
    for (const auto line : split(reply->data, '\n')) {
      if (line.empty()) continue;
      // Or it would go round in a circle.
      if (!after_.empty() && line <= after_) return refuse("does not list its sources in order");
      after_ = line;
      if (!print(after_)) return loop_.finish(exit_failed);
      if (enough(++seen_)) return end_early(more);
    }
    if (!more) return loop_.finish(exit_ok);
    ask();
  }

  [[nodiscard]] bool enough(std::uint64_t seen) const {
    return seen == sources_max || seen == wanted_.limit;
  }

  void end_early(bool more) {
    if (seen_ == sources_max && more)
      say("these are the first " + std::to_string(seen_) + " sources; for those behind them add " +
          "--after '" + after_ + "'");
    loop_.finish(exit_ok);
  }

  [[nodiscard]] bool print(const std::string& source) const {
    if (json_) return print_line(json_ascii(nlohmann::ordered_json{{"source", source}}));
    return print_line(printable(source));
  }

  void refuse(const std::string& what) { loop_.finish(failed(wanted_.uri + " " + what)); }

  Loop& loop_;
  SenseTalk& talk_;
  const SourcesOptions& wanted_;
  bool json_;
  std::string after_;
  std::uint64_t seen_ = 0;
};

int run_sources(const Global& global, const SourcesOptions& wanted) {
  std::unique_ptr<Listing> listing;
  return talk_to_sense(wanted.uri, wanted.way, wanted.timeout, [&](Loop& loop, SenseTalk& talk) {
    listing = std::make_unique<Listing>(loop, talk, wanted, global.json);
    listing->ask();
  });
}

}  // namespace

void add_source_list(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "sources", "List the sources of which a SENSE server has seen events",
      "One source a line, in order; with --json {\"source\": …}. All of them, up to 1,000,000.\n\n"
      "Examples:\n"
      "  sense sources sense://127.0.0.1:7367\n"
      "  sense sources sense://127.0.0.1:7367 --after //hq.example/printer/floor2 --limit 20");
  const auto wanted = std::make_shared<SourcesOptions>();
  command->add_option("URI", wanted->uri, "sense://HOST:PORT")->required();
  command->add_option("--after", wanted->after, "Only those that come after this one")
      ->type_name("SOURCE");
  command->add_option("-n,--limit", wanted->limit, "At most so many (default: all)")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, sources_max));
  add_duration(*command, "--timeout", wanted->timeout, "How long to wait for each answer");
  add_way(*command, wanted->way);
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_sources(cli.global, *wanted); }; });
}

}  // namespace sense::cli
