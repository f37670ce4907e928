#include <CLI/CLI.hpp>
#include <memory>

#include "cli/arrival.hpp"
#include "cli/command.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/subscription/subscription.hpp"

namespace sense::cli {

namespace {

constexpr const char* kind = "subscription";
constexpr std::uint32_t page_entries = 500;
constexpr Duration patience = std::chrono::seconds{15};

struct Wanted {
  std::string callback, id, filter;
  std::vector<std::string> types, sources, labels;
  std::string period = "1h";
  bool vouch = false;
};

template <class Pattern>
std::string joined(const std::vector<Pattern>& patterns) {
  std::string text;
  for (const auto& pattern : patterns) text += (text.empty() ? "" : ",") + pattern.text();
  return text.empty() ? "all" : text;
}

std::string line_of(const Subscription& subscription, bool json) {
  if (json) return to_json(subscription, false);
  std::string line =
      subscription.id + " " + std::string(to_text(subscription.state)) + " " +
      subscription.callback + " types=" + joined(subscription.types) +
      " sources=" + joined(subscription.sources) + " owner=" + subscription.owner +
      " expires=" + (subscription.expires ? to_rfc3339(*subscription.expires) : "never");
  if (!subscription.filter.empty()) line += " filter=" + std::string(subscription.filter.text());
  if (!subscription.reason.empty()) line += " reason=" + subscription.reason;
  return printable(line);
}

// One conversation with the registry; the loop ends with its answer.
class Registry {
 public:
  Registry(Loop& loop, Bus& bus, bool json) : loop_(loop), bus_(bus), json_(json) {}

  void list(const std::string& after) {
    bus_.registry_list(kind, after, page_entries, [this](Result<Bus::RegistryPage> page) {
      if (!page) return loop_.finish(failed(page.error()));
      for (const auto& entry : page->entries)
        if (!show(entry)) return loop_.finish(exit_failed);
      if (!page->more || page->entries.empty()) return loop_.finish(exit_ok);
      list(page->entries.back().key);
    });
  }

  void create(const Subscription& subscription) {
    bus_.registry_put(
        {kind, subscription.id, 0, to_json(subscription, true)}, "created",
        [this, created = Subscription(subscription)](Result<std::uint64_t> revision) mutable {
          if (!revision) return loop_.finish(failed(revision.error()));
          created.revision = *revision;
          print_line(line_of(created, json_));
          loop_.finish(exit_ok);
        });
  }

  void cancel(const std::string& id) {
    bus_.registry_get(kind, id, [this, id](Result<RegistryEntry> entry) {
      if (!entry) return loop_.finish(failed(about(id, entry.error())));
      const auto subscription = subscription_from_json(entry->value);
      if (subscription && subscription->via == "config")
        return loop_.finish(failed("subscription " + id +
                                   " comes from the configuration file: "
                                   "take it out there and restart the broker"));
      bus_.registry_remove(
          kind, id, entry->revision, "cancelled", [this, id](Result<std::uint64_t> revision) {
            if (!revision) return loop_.finish(failed(about(id, revision.error())));
            print_line(json_ ? "{\"cancelled\":\"" + id + "\"}" : "cancelled " + id);
            loop_.finish(exit_ok);
          });
    });
  }

 private:
  static std::string about(const std::string& id, const Error& error) {
    if (error.code == Code::notfound)
      return "there is no subscription " + id + ": see `sense subscriptions list`";
    return error.message;
  }

  bool show(const RegistryEntry& entry) {
    auto subscription = subscription_from_json(entry.value);
    if (!subscription) {
      say("the entry " + entry.key + " cannot be read: " + subscription.error().message);
      return true;
    }
    subscription->revision = entry.revision;
    return print_line(line_of(*subscription, json_));
  }

  Loop& loop_;
  Bus& bus_;
  bool json_;
};

template <class Action>
int with_registry(const Global& global, Action action) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(patience, [&] {
    loop.finish(failed("no answer from the broker at " + (*session)->endpoint() +
                       " within 15s: is it running?"));
  });
  Registry registry(loop, (*session)->bus(), global.json);
  action(registry);
  return loop.run();
}

Result<Subscription> subscription_of(const Wanted& wanted, WallTime now) {
  Subscription subscription;
  subscription.id = "s-" + random_token(130);
  subscription.owner = "cli";
  subscription.via = "cli";
  subscription.created = subscription.updated = now;
  subscription.callback = wanted.callback;
  for (const auto& text : wanted.types) subscription.types.push_back(*TypePattern::parse(text));
  for (const auto& text : wanted.sources)
    subscription.sources.push_back(*SourcePattern::parse(text));
  subscription.filter = wanted.filter;
  subscription.period = *parse_duration(wanted.period);
  subscription.expires = now + subscription.period;
  subscription.state = wanted.vouch ? SubscriptionState::active : SubscriptionState::pending;
  for (const auto& label : wanted.labels) {
    const auto equals = label.find('=');
    if (equals == std::string::npos)
      return fail(Code::badparam, "--label '" + label + "' is not NAME=VALUE");
    subscription.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (auto good = validate(subscription); !good) return tl::unexpected(good.error());
  return subscription;
}

int run_create(const Global& global, const Wanted& wanted) {
  const auto subscription = subscription_of(wanted, system_clock().now().wall);
  if (!subscription) return refused(subscription.error());
  return with_registry(global, [&](Registry& registry) { registry.create(*subscription); });
}

void add_create(CLI::App& parent, Cli& cli) {
  auto* command = add_command(
      parent, "create", "Create a subscription; its callback is asked before the first event",
      "Examples:\n"
      "  sense subscriptions create mailto:a@example.net --type '{urn:example:printer}*'\n"
      "  sense subscriptions create http://127.0.0.1:9000/in --period 1d --label team=ops");
  const auto wanted = std::make_shared<Wanted>();
  command->add_option("CALLBACK", wanted->callback, "URI to call back")->required();
  add_types(*command, wanted->types, "Only these types: {ns}local, {ns}* or *; repeatable");
  add_sources(*command, wanted->sources, "Only these sources; /** for all below; repeatable");
  command
      ->add_option(
          "--filter", wanted->filter,
          "Only events for which this is true, in CloudEvents SQL; see sense filter --help")
      ->type_name("EXPRESSION");
  add_duration(*command, "--period", wanted->period, "Lease; it ends by itself after that");
  command->add_option("--label", wanted->labels, "NAME=VALUE, for yourself; repeatable")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command->add_flag("--vouch", wanted->vouch,
                    "Do not ask the callback: you know that it wants to be called");
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_create(cli.global, *wanted); }; });
}

}  // namespace

void add_subscriptions(CLI::App& app, Cli& cli) {
  auto* command =
      add_command(app, "subscriptions", "List, create and cancel subscriptions",
                  "Examples:\n"
                  "  sense subscriptions list --json\n"
                  "  sense subscriptions create mailto:a@example.net --type '{urn:example}*'\n"
                  "  sense subscriptions cancel s-01ARZ3NDEKTSV4RRFFQ69G5FAV");
  command->require_subcommand(1);
  auto* list = add_command(*command, "list", "Everybody's subscriptions, one a line, by id",
                           "Example:\n  sense subscriptions list");
  list->callback([&cli] {
    cli.run = [&cli] {
      return with_registry(cli.global, [](Registry& registry) { registry.list(""); });
    };
  });
  add_create(*command, cli);
  auto* cancel = add_command(*command, "cancel", "End a subscription; nothing follows",
                             "Example:\n  sense subscriptions cancel s-01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const auto id = std::make_shared<std::string>();
  cancel->add_option("ID", *id, "Its id")->required();
  cancel->callback([&cli, id] {
    cli.run = [&cli, id] {
      return with_registry(cli.global, [&](Registry& registry) { registry.cancel(*id); });
    };
  });
}

}  // namespace sense::cli
