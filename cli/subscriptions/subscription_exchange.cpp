// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

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
constexpr std::uint32_t exchange_page_entries = 500;
constexpr std::size_t file_length_max = 1024 * 1024;
constexpr Duration patience = std::chrono::minutes{10};

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

void export_after(const RegistryTalk& talk, const std::string& after, const std::string& owner) {
  talk.bus.registry_list(kind, after, exchange_page_entries, [=](Result<Bus::RegistryPage> page) {
    if (!page) return talk.loop.finish(failed(page.error()));
    if (after.empty()) say_whose(*page);
    for (const auto& entry : page->entries)
      if (!export_one(entry, owner, talk.json)) return talk.loop.finish(exit_failed);
    if (!page->more || page->entries.empty()) return talk.loop.finish(exit_ok);
    export_after(talk, page->entries.back().key, owner);
  });
}

int run_export(const Global& global, const std::string& owner) {
  return talk_to_registry(
      global,
      [&](const RegistryTalk& talk) {
        if (!talk.json) print_line("subscriptions:");
        export_after(talk, "", owner);
      },
      patience);
}

// ---- import

struct ExchangeOptions {
  std::string file = "-";
  std::string period = "7d";
  std::string owner = "cli";
  bool vouch = false;
  bool dry_run = false;
};

// What becomes of one subscription of the file.
struct Fate {
  std::string outcome;  // created, edited, unchanged, refused
  std::vector<std::string_view> changed;
  std::string reason;
  Subscription next;  // to be written when it is created or edited
  std::uint64_t revision = 0;
};

Fate refuse(const std::string& reason) { return {"refused", {}, reason, {}, 0}; }

void take_decisions(Subscription& subscription, const Subscription& wanted) {
  subscription.callback = wanted.callback;
  subscription.types = wanted.types;
  subscription.sources = wanted.sources;
  subscription.filter = wanted.filter;
  subscription.edition = wanted.edition;
  subscription.language = wanted.language;
  subscription.delivery = wanted.delivery;
  subscription.labels = wanted.labels;
}

Fate fate_of_known(const RegistryEntry& entry, const Subscription& wanted, bool vouch) {
  const auto held = subscription_from_json(entry.value);
  if (!held) return refuse("what is there cannot be read: " + held.error().message);
  const auto changed = differences(*held, wanted);
  if (changed.empty()) return {"unchanged", {}, "", {}, 0};
  if (held->via == "config") return refuse("it is the configuration file's: change it there");
  Fate fate{"edited", changed, "", *held, entry.revision};
  take_decisions(fate.next, wanted);
  if (held->callback == wanted.callback) return fate;
  // Another callback has agreed to nothing yet.
  fate.next.state = vouch ? SubscriptionState::active : SubscriptionState::pending;
  fate.next.challenge_hash.clear();
  fate.next.reason.clear();
  return fate;
}

Fate fate_of_new(const Subscription& wanted, const ExchangeOptions& how, WallTime now) {
  Fate fate{"created", {}, "", wanted, 0};
  fate.next.owner = how.owner;
  fate.next.via = "cli";
  fate.next.created = fate.next.updated = now;
  fate.next.period = *parse_duration(how.period);
  fate.next.expires = now + fate.next.period;
  fate.next.state = how.vouch ? SubscriptionState::active : SubscriptionState::pending;
  return fate;
}

// One after the other, so that each line says what has happened by then.
class Import {
 public:
  Import(const RegistryTalk& talk, const ExchangeOptions& how, std::vector<Subscription> wanted)
      : talk_(talk), how_(how), wanted_(std::move(wanted)) {}

  void next() {
    if (at_ == wanted_.size()) return finish();
    const auto& wanted = wanted_[at_];
    talk_.bus.registry_get(kind, wanted.id, [this, &wanted](Result<RegistryEntry> entry) {
      if (entry) return write(fate_of_known(*entry, wanted, how_.vouch));
      if (entry.error().code != Code::notfound) return write(refuse(entry.error().message));
      write(fate_of_new(wanted, how_, system_clock().now().wall));
    });
  }

 private:
  void write(Fate fate) {
    const bool writes = fate.outcome == "created" || fate.outcome == "edited";
    if (!writes || how_.dry_run) return report(fate);
    fate.next.updated = system_clock().now().wall;
    RegistryEntry entry{kind, fate.next.id, fate.revision, to_json(fate.next, /*secrets=*/true)};
    talk_.bus.registry_put(std::move(entry), "imported",
                           [this, fate](const Result<std::uint64_t>& answer) {
                             report(answer ? fate : refuse(answer.error().message));
                           });
  }

  void report(const Fate& fate) {
    ++counts_[fate.outcome];
    if (!print_line(talk_.json ? json_of(fate) : text_of(fate)))
      return talk_.loop.finish(exit_failed);
    ++at_;
    next();
  }

  std::string json_of(const Fate& fate) const {
    nlohmann::ordered_json line = {{"id", wanted_[at_].id}, {"outcome", fate.outcome}};
    if (how_.dry_run) line["dry-run"] = true;
    if (!fate.changed.empty()) line["changed"] = fate.changed;
    if (!fate.reason.empty()) line["reason"] = fate.reason;
    return json_text(line);
  }

  std::string text_of(const Fate& fate) const {
    std::string line = how_.dry_run && fate.outcome != "unchanged" ? "would be " : "";
    line += fate.outcome + " " + wanted_[at_].id;
    for (const auto name : fate.changed)
      line += (name == fate.changed.front() ? ": " : ", ") + std::string(name);
    if (!fate.reason.empty()) line += ": " + fate.reason;
    return printable(line);
  }

  void finish() {
    std::string sum = std::to_string(wanted_.size()) + " subscriptions";
    for (const auto& [outcome, count] : counts_)
      sum += ", " + std::to_string(count) + " " + outcome;
    say(sum + (how_.dry_run ? "; nothing was changed" : ""));
    talk_.loop.finish(counts_.contains("refused") ? exit_failed : exit_ok);
  }

  RegistryTalk talk_;
  const ExchangeOptions& how_;
  std::vector<Subscription> wanted_;
  std::size_t at_ = 0;
  std::map<std::string, std::size_t> counts_;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return fail(Code::notfound, path + " cannot be read");
  std::string text;
  for (std::istreambuf_iterator<char> at(in), end; at != end; ++at) {
    if (text.size() == file_length_max)
      return fail(Code::datatoobig, path + " is longer than 1 MiB: import it in parts");
    text += *at;
  }
  return text;
}

int run_import(const Global& global, const ExchangeOptions& how) {
  const auto text = read_file(how.file);
  if (!text) return refused(text.error());
  auto wanted = read_subscription_file(*text, how.file, system_clock().now().wall);
  if (!wanted) return refused(wanted.error());
  std::unique_ptr<Import> import;
  return talk_to_registry(
      global,
      [&](const RegistryTalk& talk) {
        import = std::make_unique<Import>(talk, how, std::move(*wanted));
        import->next();
      },
      patience);
}

}  // namespace

void add_export(CLI::App& parent, Cli& cli) {
  auto* command = add_command(
      parent, "export", "The subscriptions as YAML, as the configuration file has them",
      "The list can be pasted into a configuration file, or read by `sense subscriptions import`. "
      "It says what\ntheir owners decided; state, owner and lease are not in it. With --json: "
      "whole records, one a line.\n\n"
      "Examples:\n"
      "  sense subscriptions export > subscriptions.yaml\n"
      "  sense subscriptions export --owner cli");
  const auto owner = std::make_shared<std::string>();
  command->add_option("--owner", *owner, "Only this principal's (default: everybody's)")
      ->type_name("NAME");
  command->callback(
      [&cli, owner] { cli.run = [&cli, owner] { return run_export(cli.global, *owner); }; });
}

void add_import(CLI::App& parent, Cli& cli) {
  auto* command = add_command(
      parent, "import", "Make the registry hold the subscriptions of a YAML file",
      "One that is not there (by its id) is created, one that differs is edited, and one that is "
      "as the file\nsays stays unchanged: importing twice is the same as once. Nothing is ever "
      "removed. A line for each\nsays what happened; ends with 1 when one was refused. The file "
      "has at most 1 MiB.\n\n"
      "Examples:\n"
      "  sense subscriptions import subscriptions.yaml --dry-run\n"
      "  sense subscriptions export | sense subscriptions import --config other.yaml --vouch");
  const auto how = std::make_shared<ExchangeOptions>();
  command->add_option("FILE", how->file, "With a list under `subscriptions:`; -: standard input")
      ->capture_default_str();
  add_duration(*command, "--period", how->period, "Lease of those that are created");
  command->add_option("--owner", how->owner, "Whose those are; your principal when you have a key")
      ->capture_default_str();
  command->add_flag("--vouch", how->vouch,
                    "Do not ask new callbacks: you know that they want to be called");
  command->add_flag("--dry-run", how->dry_run, "Only say what would happen");
  command->callback(
      [&cli, how] { cli.run = [&cli, how] { return run_import(cli.global, *how); }; });
}

}  // namespace sense::cli
