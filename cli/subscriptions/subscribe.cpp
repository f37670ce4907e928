// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/event/recipients.hpp"
#include "core/subscription/subscription.hpp"

namespace sense::cli {

namespace {

constexpr std::size_t data_shown_max = 1024;  // in a line for people

struct WatchOptions {
  std::vector<std::string> types, sources;
  std::optional<std::uint64_t> from;
  std::uint64_t count = 0;
  std::string timeout = "0s";
};

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + printable(name);
  return text;
}

std::string text_line(const Event& event) {
  std::string line =
      std::to_string(event.sequence) + " " + (event.time ? to_rfc3339(*event.time) : "-") + " " +
      printable(event.type.display()) + " " + printable(event.source) + " " + printable(event.id);
  if (event.severity) line += " severity=" + std::to_string(*event.severity);
  if (!event.audience.empty()) line += " audience=" + names_text(event.audience);
  if (!event.except.empty()) line += " except=" + names_text(event.except);
  if (!event.subject.empty()) line += " subject=" + printable(event.subject);
  if (!event.data.empty()) line += " " + printable(event.data.substr(0, data_shown_max));
  return line;
}

class Follow {
 public:
  Follow(Loop& loop, Bus& bus, const WatchOptions& options, bool json)
      : loop_(loop), bus_(bus), options_(options), json_(json) {
    for (const auto& text : options.types) filter_.types.push_back(*TypePattern::parse(text));
    for (const auto& text : options.sources) filter_.sources.push_back(*SourcePattern::parse(text));
    for (const auto& type : filter_.types) prefixes_.push_back(type.topic_prefix());
    if (prefixes_.empty()) prefixes_.emplace_back("{");
  }

  void start() {
    if (options_.from) return follow(std::max<std::uint64_t>(*options_.from, 1) - 1);
    // A request beyond the end returns no events, only the position of the end.
    bus_.fetch(std::numeric_limits<std::int64_t>::max(), prefixes_, 1,
               [this](Result<Bus::FetchReply> reply) {
                 if (!reply && reply.error().code == Code::timeout) return start();
                 if (!reply) return loop_.finish(failed(reply.error()));
                 follow(reply->head);
               });
  }

  [[nodiscard]] std::uint64_t seen() const { return seen_; }

 private:
  void follow(std::uint64_t position) {
    say("following after event " + std::to_string(position));
    bus_.follow(position, prefixes_, [this](const Batch& batch) {
      take(batch);
      if (!loop_.finishing()) bus_.resume();
    });
  }

  void take(const Batch& batch) {
    if (batch.lost_from != 0)
      say("events " + std::to_string(batch.lost_from) + " to " + std::to_string(batch.lost_to) +
          " had left the journal already");
    for (const auto& event : batch.events) {
      // The broker has left out what is for others, unless this principal may see it.
      if (!matches(filter_, *without_recipients(event))) continue;
      if (!print_line(json_ ? to_cloudevents_json(*event) : text_line(*event)))
        return loop_.finish(exit_failed);
      if (++seen_ == options_.count) return loop_.finish(exit_ok);
    }
  }

  Loop& loop_;
  Bus& bus_;
  const WatchOptions& options_;
  bool json_;
  Subscription filter_;  // its patterns only
  std::vector<std::string> prefixes_;
  std::uint64_t seen_ = 0;
};

int run_subscribe(const Global& global, const WatchOptions& options) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  Follow follow(loop, (*session)->bus(), options, global.json);
  loop.set_interrupted_code(options.count == 0 ? exit_ok : exit_failed);
  loop.set_deadline(*parse_duration(options.timeout), [&] {
    loop.finish(failed("within " + options.timeout + " " + std::to_string(follow.seen()) + " of " +
                       std::to_string(options.count) + " events came from the broker at " +
                       (*session)->endpoint()));
  });
  follow.start();
  return loop.run();
}

}  // namespace

Command subscribe_command(const Global& global) {
  const auto options = std::make_shared<WatchOptions>();
  return {
      .name = "subscribe",
      .summary = "Watch events as the broker stores them, without a gap",
      .notes =
          "A line is: SEQUENCE TIME TYPE SOURCE ID [DATA]; with --json it is a CloudEvent. This "
          "makes no subscription in the registry:\n"
          "it ends with this program. For one that lasts see `sense subscriptions create`.\n"
          "Events for some principals only are shown to these, without the list of them; with the "
          "right to manage (as\n"
          "'local' has it, unless the access file says otherwise) all are shown, as audience=… "
          "and except=….\n\n"
          "Examples:\n"
          "  sense subscribe --type '{urn:example:printer}*' --source '//hq.example/printer/**'\n"
          "  sense subscribe --from 1 --count 100 --json",
      .options = {types_option(options->types,
                               "Only these types: {ns}local, {ns}* or *; repeatable"),
                  sources_option(options->sources,
                                 "Only these sources; /** for all below; repeatable"),
                  {.name = "--from",
                   .value_name = "N",
                   .target = &options->from,
                   .help = "Start at this sequence number (default: what is new)"},
                  {.name = "-n,--count",
                   .value_name = "N",
                   .target = &options->count,
                   .help = "End after so many events (default: never)"},
                  duration_option("--timeout", options->timeout,
                                  "Fail when that many have not come by then; 0s waits for ever")},
      .run = [&global, options] { return run_subscribe(global, *options); }};
}

}  // namespace sense::cli
