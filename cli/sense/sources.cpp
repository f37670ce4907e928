// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

// More than a terminal can show, and the bound on what a server that invents sources costs us.
constexpr std::uint64_t sources_max = 1'000'000;
constexpr std::uint32_t page_max = 10'000;  // more than fit into any datagram

struct SourcesOptions {
  std::string uri;
  std::string after;
  std::uint64_t limit = 0;
  std::string timeout = "5s";
  SenseSocketOptions socket;
};

// Requests page after page until the server has no more, or the limit is reached.
class Listing {
 public:
  Listing(Loop& loop, SenseSession& session, const SourcesOptions& options, bool json)
      : loop_(loop), session_(session), options_(options), json_(json), after_(options.after) {}

  void ask() {
    std::uint32_t page = 0;  // as many as fit
    if (options_.limit != 0)
      page = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.limit - seen_, page_max));
    session_.ask_sources(after_, page,
                         [this](const Result<datagram::Message>& reply) { take(reply); });
  }

 private:
  void take(const Result<datagram::Message>& reply) {
    if (!reply) return loop_.finish(failed(reply.error()));
    const bool more = lower(reply->text("More")) == "yes";
    if (const auto omitted = reply->number("Omitted"); omitted && *omitted > 0)
      say(options_.uri + " passed over " + std::to_string(*omitted) +
          " sources that are longer than its datagrams");
    if (more && reply->data.empty())
      return refuse(
          "said that there are more sources, and named none: is one longer than its "
          "max-message?");
    for (const auto line : split(reply->data, '\n')) {
      if (line.empty()) continue;
      // Asking again could bring the same page for ever.
      if (!after_.empty() && line <= after_) return refuse("does not list its sources in order");
      after_ = line;
      if (!print(after_)) return loop_.finish(exit_failed);
      if (enough(++seen_)) return end_early(more);
    }
    if (!more) return loop_.finish(exit_ok);
    ask();
  }

  [[nodiscard]] bool enough(std::uint64_t seen) const {
    return seen == sources_max || seen == options_.limit;
  }

  void end_early(bool more) {
    if (seen_ == sources_max && more)
      say("these are the first " + std::to_string(seen_) + " sources; for those behind them add " +
          "--after '" + after_ + "'");
    loop_.finish(exit_ok);
  }

  [[nodiscard]] bool print(const std::string& source) const {
    if (json_) return print_line(JsonObject().put_raw("source", json_string_ascii(source)).take());
    return print_line(printable(source));
  }

  void refuse(const std::string& what) { loop_.finish(failed(options_.uri + " " + what)); }

  Loop& loop_;
  SenseSession& session_;
  const SourcesOptions& options_;
  bool json_;
  std::string after_;
  std::uint64_t seen_ = 0;
};

int run_sources(const Global& global, const SourcesOptions& options) {
  std::unique_ptr<Listing> listing;
  return with_sense_session(
      options.uri, options.socket, options.timeout, [&](Loop& loop, SenseSession& session) {
        listing = std::make_unique<Listing>(loop, session, options, global.json);
        listing->ask();
      });
}

}  // namespace

Command sources_command(const Global& global) {
  const auto options = std::make_shared<SourcesOptions>();
  return {
      .name = "sources",
      .summary = "List the sources of which a SENSE server has seen events",
      .notes =
          "One source a line, in order; with --json {\"source\": …}. All of them, up to "
          "1,000,000.\n\n"
          "Examples:\n"
          "  sense sources sense://127.0.0.1:7367\n"
          "  sense sources sense://127.0.0.1:7367 --after //hq.example/printer/floor2 --limit 20",
      .options = joined(
          {{{.name = "URI", .target = &options->uri, .help = "sense://HOST:PORT", .required = true},
            {.name = "--after",
             .value_name = "SOURCE",
             .target = &options->after,
             .help = "Only those that come after this one"},
            {.name = "-n,--limit",
             .value_name = "N",
             .target = &options->limit,
             .help = "At most so many (default: all)",
             .range = NumberRange{1, sources_max}},
            duration_option("--timeout", options->timeout, "How long to wait for each answer")},
           socket_options(options->socket)}),
      .run = [&global, options] { return run_sources(global, *options); }};
}

}  // namespace sense::cli
