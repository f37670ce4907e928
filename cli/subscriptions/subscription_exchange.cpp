// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/input.hpp"
#include "cli/base/output.hpp"
#include "cli/subscriptions/registry_session.hpp"
#include "cli/subscriptions/subscription_commands.hpp"
#include "cli/subscriptions/subscription_file.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/subscription_edit.hpp"

namespace sense::cli {

namespace {

constexpr const char* kind = "subscription";
constexpr std::size_t file_length_max = 1024 * 1024;
constexpr Duration timeout = std::chrono::minutes{10};

// ---- export

bool export_one(const RegistryEntry& entry, const std::string& owner, bool json) {
  const auto subscription = subscription_from_json(entry.value);
  if (!subscription) {
    say("the entry " + entry.key + " cannot be read: " + subscription.error().message);
    return true;
  }
  if (!owner.empty() && subscription->owner != owner) return true;
  if (json) return print_line(to_json(*subscription, /*secrets=*/false));
  auto text = yaml_of(*subscription);
  text.pop_back();
  return print_line(text);
}

int run_export(const Global& global, const std::string& owner) {
  return with_registry_session(
      global,
      [&](const RegistrySession& session) {
        if (!session.json) print_line("subscriptions:");
        list_entries(session, kind, [owner, json = session.json](const auto& entry) {
          return export_one(entry, owner, json);
        });
      },
      timeout);
}

// ---- import

struct ImportOptions {
  std::string file = "-";
  std::string period = "7d";
  std::string owner = "cli";
  bool vouch = false;
  bool dry_run = false;
};

// The result for one subscription of the file.
struct Outcome {
  std::string verb;  // created, edited, unchanged, refused
  std::vector<std::string_view> changed;
  std::string reason;
  Subscription next;  // to be written when it is created or edited
  std::uint64_t revision = 0;
};

Outcome refuse(const std::string& reason) { return {"refused", {}, reason, {}, 0}; }

void apply_decisions(Subscription& subscription, const Subscription& wanted) {
  subscription.callback = wanted.callback;
  subscription.types = wanted.types;
  subscription.sources = wanted.sources;
  subscription.filter = wanted.filter;
  subscription.edition = wanted.edition;
  subscription.language = wanted.language;
  subscription.delivery = wanted.delivery;
  subscription.labels = wanted.labels;
}

Outcome outcome_of_known(const RegistryEntry& entry, const Subscription& wanted, bool vouch) {
  const auto held = subscription_from_json(entry.value);
  if (!held) return refuse("what is there cannot be read: " + held.error().message);
  const auto changed = differences(*held, wanted);
  if (changed.empty()) return {"unchanged", {}, "", {}, 0};
  if (held->via == "config") return refuse("it is the configuration file's: change it there");
  Outcome outcome{"edited", changed, "", *held, entry.revision};
  apply_decisions(outcome.next, wanted);
  if (held->callback == wanted.callback) return outcome;
  // The new callback has not been verified.
  outcome.next.state = vouch ? SubscriptionState::active : SubscriptionState::pending;
  outcome.next.challenge_hash.clear();
  outcome.next.reason.clear();
  return outcome;
}

Outcome outcome_of_new(const Subscription& wanted, const ImportOptions& options, WallTime now) {
  Outcome outcome{"created", {}, "", wanted, 0};
  outcome.next.owner = options.owner;
  outcome.next.via = "cli";
  outcome.next.created = outcome.next.updated = now;
  outcome.next.period = *parse_duration(options.period);
  outcome.next.expires = now + outcome.next.period;
  outcome.next.state = options.vouch ? SubscriptionState::active : SubscriptionState::pending;
  return outcome;
}

// One after the other, so that each line reports what is stored by then.
class Import {
 public:
  Import(const RegistrySession& session, const ImportOptions& options,
         std::vector<Subscription> wanted)
      : session_(session), options_(options), wanted_(std::move(wanted)) {}

  void next() {
    if (at_ == wanted_.size()) return finish();
    const auto& wanted = wanted_[at_];
    session_.bus.registry_get(kind, wanted.id, [this, &wanted](Result<RegistryEntry> entry) {
      if (entry) return write(outcome_of_known(*entry, wanted, options_.vouch));
      if (entry.error().code != Code::notfound) return write(refuse(entry.error().message));
      write(outcome_of_new(wanted, options_, system_clock().now().wall));
    });
  }

 private:
  void write(Outcome outcome) {
    const bool writes = outcome.verb == "created" || outcome.verb == "edited";
    if (!writes || options_.dry_run) return report(outcome);
    outcome.next.updated = system_clock().now().wall;
    RegistryEntry entry{kind, outcome.next.id, outcome.revision,
                        to_json(outcome.next, /*secrets=*/true)};
    session_.bus.registry_put(std::move(entry), "imported",
                              [this, outcome](const Result<std::uint64_t>& answer) {
                                report(answer ? outcome : refuse(answer.error().message));
                              });
  }

  void report(const Outcome& outcome) {
    ++counts_[outcome.verb];
    if (!print_line(session_.json ? json_of(outcome) : text_of(outcome)))
      return session_.loop.finish(exit_failed);
    ++at_;
    next();
  }

  std::string json_of(const Outcome& outcome) const {
    nlohmann::ordered_json line = {{"id", wanted_[at_].id}, {"outcome", outcome.verb}};
    if (options_.dry_run) line["dry-run"] = true;
    if (!outcome.changed.empty()) line["changed"] = outcome.changed;
    if (!outcome.reason.empty()) line["reason"] = outcome.reason;
    return json_text(line);
  }

  std::string text_of(const Outcome& outcome) const {
    std::string line = options_.dry_run && outcome.verb != "unchanged" ? "would be " : "";
    line += outcome.verb + " " + wanted_[at_].id;
    for (const auto name : outcome.changed)
      line += (name == outcome.changed.front() ? ": " : ", ") + std::string(name);
    if (!outcome.reason.empty()) line += ": " + outcome.reason;
    return printable(line);
  }

  void finish() {
    std::string sum = std::to_string(wanted_.size()) + " subscriptions";
    for (const auto& [verb, count] : counts_) sum += ", " + std::to_string(count) + " " + verb;
    say(sum + (options_.dry_run ? "; nothing was changed" : ""));
    session_.loop.finish(counts_.contains("refused") ? exit_failed : exit_ok);
  }

  RegistrySession session_;
  const ImportOptions& options_;
  std::vector<Subscription> wanted_;
  std::size_t at_ = 0;
  std::map<std::string, std::size_t> counts_;
};

int run_import(const Global& global, const ImportOptions& options) {
  const auto text = read_input(options.file, file_length_max);
  if (!text) return refused(text.error());
  auto wanted = read_subscription_file(*text, options.file, system_clock().now().wall);
  if (!wanted) return refused(wanted.error());
  std::unique_ptr<Import> import;
  return with_registry_session(
      global,
      [&](const RegistrySession& session) {
        import = std::make_unique<Import>(session, options, std::move(*wanted));
        import->next();
      },
      timeout);
}

}  // namespace

Command subscriptions_export_command(const Global& global) {
  const auto owner = std::make_shared<std::string>();
  return {.name = "export",
          .summary = "The subscriptions as YAML, as the configuration file has them",
          .notes =
              "The list can be pasted into a configuration file, or read by `sense "
              "subscriptions import`. It says what\n"
              "their owners decided; state, owner and lease are not in it. With --json: "
              "whole records, one a line.\n\n"
              "Examples:\n"
              "  sense subscriptions export > subscriptions.yaml\n"
              "  sense subscriptions export --owner cli",
          .options = {{.name = "--owner",
                       .value_name = "NAME",
                       .target = owner.get(),
                       .help = "Only this principal's (default: those of all principals)"}},
          .run = [&global, owner] { return run_export(global, *owner); }};
}

Command subscriptions_import_command(const Global& global) {
  const auto options = std::make_shared<ImportOptions>();
  return {
      .name = "import",
      .summary = "Make the registry hold the subscriptions of a YAML file",
      .notes =
          "One that is not there (by its id) is created, one that differs is edited, and one that "
          "is as the file\nsays stays unchanged: importing twice is the same as once. Nothing is "
          "ever removed. A line for each\nsays what happened; ends with 1 when one was refused. "
          "The file has at most 1 MiB.\n\n"
          "Examples:\n"
          "  sense subscriptions import subscriptions.yaml --dry-run\n"
          "  sense subscriptions export | sense subscriptions import --config other.yaml --vouch",
      .options = {{.name = "FILE",
                   .target = &options->file,
                   .help = "With a list under `subscriptions:`; -: standard input",
                   .show_default = true},
                  duration_option("--period", options->period, "Lease of those that are created"),
                  {.name = "--owner",
                   .target = &options->owner,
                   .help = "Whose those are; your principal when you have a key",
                   .show_default = true},
                  {.name = "--vouch",
                   .target = &options->vouch,
                   .help = "Do not ask new callbacks: you know that they want to be called"},
                  {.name = "--dry-run",
                   .target = &options->dry_run,
                   .help = "Only say what would happen"}},
      .run = [&global, options] { return run_import(global, *options); }};
}

}  // namespace sense::cli
