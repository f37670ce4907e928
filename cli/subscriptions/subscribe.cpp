// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
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

std::string text_line(const Event& event) {
  std::string line =
      std::to_string(event.sequence) + " " + (event.time ? to_rfc3339(*event.time) : "-") + " " +
      printable(event.type.display()) + " " + printable(event.source) + " " + printable(event.id);
  if (event.severity) line += " severity=" + std::to_string(*event.severity);
  if (!event.subject.empty()) line += " subject=" + printable(event.subject);
  if (!event.data.empty()) line += " " + printable(event.data.substr(0, data_shown_max));
  return line;
}

class Follow {
 public:
  Follow(Loop& loop, Bus& bus, const WatchOptions& wanted, bool json)
      : loop_(loop), bus_(bus), wanted_(wanted), json_(json) {
    for (const auto& text : wanted.types) filter_.types.push_back(*TypePattern::parse(text));
    for (const auto& text : wanted.sources) filter_.sources.push_back(*SourcePattern::parse(text));
    for (const auto& type : filter_.types) prefixes_.push_back(type.topic_prefix());
    if (prefixes_.empty()) prefixes_.emplace_back("{");
  }

  void start() {
    if (wanted_.from) return follow(std::max<std::uint64_t>(*wanted_.from, 1) - 1);
    // An ask beyond the end brings no events, only where the end is.
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
      if (!matches(filter_, *event)) continue;
      if (!print_line(json_ ? to_cloudevents_json(*event) : text_line(*event)))
        return loop_.finish(exit_failed);
      if (++seen_ == wanted_.count) return loop_.finish(exit_ok);
    }
  }

  Loop& loop_;
  Bus& bus_;
  const WatchOptions& wanted_;
  bool json_;
  Subscription filter_;  // its patterns only
  std::vector<std::string> prefixes_;
  std::uint64_t seen_ = 0;
};

int run_subscribe(const Global& global, const WatchOptions& wanted) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  Follow follow(loop, (*session)->bus(), wanted, global.json);
  loop.set_interrupted_code(wanted.count == 0 ? exit_ok : exit_failed);
  loop.set_deadline(*parse_duration(wanted.timeout), [&] {
    loop.finish(failed("within " + wanted.timeout + " " + std::to_string(follow.seen()) + " of " +
                       std::to_string(wanted.count) + " events came from the broker at " +
                       (*session)->endpoint()));
  });
  follow.start();
  return loop.run();
}

}  // namespace

void add_subscribe(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "subscribe", "Watch events as the broker stores them, without a gap",
      "A line is: SEQUENCE TIME TYPE SOURCE ID [DATA]; with --json it is a CloudEvent. This makes "
      "no subscription in the registry:\n"
      "it ends with this program. For one that lasts see `sense subscriptions create`.\n\n"
      "Examples:\n"
      "  sense subscribe --type '{urn:example:printer}*' --source '//hq.example/printer/**'\n"
      "  sense subscribe --from 1 --count 100 --json");
  const auto wanted = std::make_shared<WatchOptions>();
  add_types(*command, wanted->types, "Only these types: {ns}local, {ns}* or *; repeatable");
  add_sources(*command, wanted->sources, "Only these sources; /** for all below; repeatable");
  command
      ->add_option("--from", wanted->from, "Start at this sequence number (default: what is new)")
      ->type_name("N");
  command->add_option("-n,--count", wanted->count, "End after so many events (default: never)")
      ->type_name("N");
  add_duration(*command, "--timeout", wanted->timeout,
               "Fail when that many have not come by then; 0s waits for ever");
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_subscribe(cli.global, *wanted); }; });
}

}  // namespace sense::cli
