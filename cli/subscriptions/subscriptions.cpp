// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/output.hpp"
#include "cli/subscriptions/registry_session.hpp"
#include "cli/subscriptions/subscription_commands.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t page_entries = 500;
constexpr const char* some_id = "s-01ARZ3NDEKTSV4RRFFQ69G5FAV";

struct Wanted {
  std::string callback, filter, edition, language, delivery;
  std::vector<std::string> types, sources, labels, clear;
  std::string period = "1h";
  std::string owner = "cli";
  std::uint64_t revision = 0;
  bool vouch = false;
};

// ---- list, create

bool show(const RegistryEntry& entry, bool json) {
  auto subscription = subscription_from_json(entry.value);
  if (!subscription)
    return print_line(unreadable_line(entry.key, subscription.error().message, json));
  subscription->revision = entry.revision;
  return print_line(line_of(*subscription, json));
}

void list(const RegistryTalk& talk, const std::string& after) {
  talk.bus.registry_list("subscription", after, page_entries,
                         [talk, after](Result<Bus::RegistryPage> page) {
                           if (!page) return talk.loop.finish(failed(page.error()));
                           if (after.empty()) say_whose(*page);
                           for (const auto& entry : page->entries)
                             if (!show(entry, talk.json)) return talk.loop.finish(exit_failed);
                           if (!page->more || page->entries.empty())
                             return talk.loop.finish(exit_ok);
                           list(talk, page->entries.back().key);
                         });
}

Result<Json> delivery_json(const Wanted& wanted) {
  auto delivery = Json::parse(wanted.delivery, nullptr, /*allow_exceptions=*/false);
  if (delivery.is_object()) return delivery;
  return fail(Code::badparam, "--delivery is not a JSON object such as {\"window\": 4}");
}

Result<std::map<std::string, std::string, std::less<>>> labels_of(const Wanted& wanted) {
  std::map<std::string, std::string, std::less<>> labels;
  for (const auto& label : wanted.labels) {
    const auto equals = label.find('=');
    if (equals == std::string::npos)
      return fail(Code::badparam, "--label '" + label + "' is not NAME=VALUE");
    labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return labels;
}

// A record's delivery options, as JSON has them.
Result<DeliveryOptions> delivery_of(const Wanted& wanted) {
  if (wanted.delivery.empty()) return DeliveryOptions{};
  auto delivery = delivery_json(wanted);
  if (!delivery) return tl::unexpected(delivery.error());
  const Json whole = {{"callback", wanted.callback}, {"delivery", std::move(*delivery)}};
  auto read = subscription_from_json(json_text(whole));
  if (!read) return tl::unexpected(read.error());
  return std::move(read->delivery);
}

Result<Subscriptions::Request> request_of(const Wanted& wanted) {
  Subscriptions::Request request;
  request.owner = wanted.owner;
  request.via = "cli";
  request.callback = wanted.callback;
  for (const auto& text : wanted.types) request.types.push_back(*TypePattern::parse(text));
  for (const auto& text : wanted.sources) request.sources.push_back(*SourcePattern::parse(text));
  request.filter = wanted.filter;
  request.period = *parse_duration(wanted.period);
  request.callback_proved = wanted.vouch;
  auto labels = labels_of(wanted);
  if (!labels) return tl::unexpected(labels.error());
  request.labels = std::move(*labels);
  auto delivery = delivery_of(wanted);
  if (!delivery) return tl::unexpected(delivery.error());
  request.delivery = std::move(*delivery);
  return request;
}

// What is wrong with it is said before the broker is asked.
Status check(const Subscriptions::Request& request) {
  Subscription subscription;
  subscription.id = "s";
  subscription.callback = request.callback;
  subscription.filter = request.filter;
  subscription.labels = request.labels;
  subscription.delivery = request.delivery;
  subscription.owner = request.owner;
  return validate(subscription);
}

int run_create(const Global& global, const Wanted& wanted) {
  const auto request = request_of(wanted);
  if (!request) return refused(request.error());
  if (const auto good = check(*request); !good) return refused(good.error());
  return talk_to_registry(global, [&](const RegistryTalk& talk) {
    talk.subscriptions.create(*request, talk.shown(""));
  });
}

// ---- edit

Result<std::string> patch_of(const Wanted& wanted) {
  auto patch = Json::object();
  for (const auto& name : wanted.clear) patch[name] = nullptr;
  const auto put = [&](const char* name, const std::string& text) {
    if (!text.empty()) patch[name] = text;
  };
  put("callback", wanted.callback);
  put("filter", wanted.filter);
  put("edition", wanted.edition);
  put("language", wanted.language);
  if (!wanted.types.empty()) patch["types"] = wanted.types;
  if (!wanted.sources.empty()) patch["sources"] = wanted.sources;
  const auto labels = labels_of(wanted);
  if (!labels) return tl::unexpected(labels.error());
  for (const auto& [name, value] : *labels)
    patch["labels"][name] = value.empty() ? Json(nullptr) : Json(value);
  if (!wanted.delivery.empty()) {
    auto delivery = delivery_json(wanted);
    if (!delivery) return tl::unexpected(delivery.error());
    patch["delivery"] = std::move(*delivery);
  }
  if (patch.empty()) return fail(Code::badparam, "nothing is to be edited: say what, see --help");
  return json_text(patch);
}

int run_edit(const Global& global, const std::string& id, const Wanted& wanted) {
  const auto patch = patch_of(wanted);
  if (!patch) return refused(patch.error());
  return talk_to_registry(global, [&](const RegistryTalk& talk) {
    talk.subscriptions.edit(id, wanted.revision, *patch, talk.shown(id));
  });
}

// ---- what takes an id and little else

void cancel(const RegistryTalk& talk, const std::string& id) {
  talk.subscriptions.cancel(id, "cancelled", [talk, id](const Result<SubscriptionRef>& answer) {
    if (!answer) return talk.fail_with(id, answer.error());
    print_line(talk.json ? Json{{"cancelled", id}}.dump() : "cancelled " + printable(id));
    talk.loop.finish(exit_ok);
  });
}

void test(const RegistryTalk& talk, const std::string& id) {
  talk.subscriptions.test(id, "cli", [talk, id](const Result<Receipt>& receipt) {
    if (!receipt) return talk.fail_with(id, receipt.error());
    print_line(talk.json ? Json{{"id", id}, {"sequence", receipt->sequence}}.dump()
                         : "test event " + std::to_string(receipt->sequence) +
                               " is on its way to the callback of " + printable(id));
    talk.loop.finish(exit_ok);
  });
}

using IdAction = void (*)(const RegistryTalk&, const std::string& id);

void add_for_id(CLI::App& parent, Cli& cli, const char* name, const char* help, const char* more,
                IdAction action) {
  const auto footer = std::string(more) + "Example:\n  sense subscriptions " + name + " " + some_id;
  auto* command = add_command(parent, name, help, footer.c_str());
  const auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "Its id")->required();
  command->callback([&cli, id, action] {
    cli.run = [&cli, id, action] {
      return talk_to_registry(cli.global, [&](const RegistryTalk& talk) { action(talk, *id); });
    };
  });
}

void add_for_ids(CLI::App& parent, Cli& cli) {
  add_for_id(parent, cli, "get", "Show one subscription", "",
             [](const auto& talk, const auto& id) { talk.subscriptions.get(id, talk.shown(id)); });
  add_for_id(
      parent, cli, "pause", "Deliver nothing for the time being",
      "What matches meanwhile is kept and delivered when it is resumed, unless it expires "
      "or the\nsubscription ends.\n\n",
      [](const auto& talk, const auto& id) { talk.subscriptions.pause(id, talk.shown(id)); });
  add_for_id(
      parent, cli, "resume", "Deliver again, what was kept first",
      "Also for one that is suspended because its callback was failing.\n\n",
      [](const auto& talk, const auto& id) { talk.subscriptions.resume(id, talk.shown(id)); });
  add_for_id(parent, cli, "test", "Send an event to this subscription's callback, and to no other",
             "Its type is {urn:sense:management}subscription-test; it is delivered whatever types, "
             "sources and\nfilter the subscription has.\n\n",
             test);
  add_for_id(parent, cli, "cancel", "End a subscription; nothing follows", "", cancel);
}

// ---- the command line

void add_labels(CLI::App& command, std::vector<std::string>& target, const char* help) {
  command.add_option("--label", target, help)->type_name("LABEL")->allow_extra_args(false);
}

void add_filter_option(CLI::App& command, std::string& target) {
  command
      .add_option("--filter", target,
                  "Only events for which this is true, in CloudEvents SQL; see sense filter --help")
      ->type_name("EXPRESSION");
}

void add_create(CLI::App& parent, Cli& cli) {
  auto* command = add_command(
      parent, "create", "Create a subscription; its callback is asked before the first event",
      "Examples:\n"
      "  sense subscriptions create mailto:a@example.net --type '{urn:example:printer}*'\n"
      "  sense subscriptions create http://127.0.0.1:9000/in --period 1d --label team=ops\n"
      "  sense subscriptions create http://127.0.0.1:9000/in --delivery '{\"hold\": \"15min\"}'");
  const auto wanted = std::make_shared<Wanted>();
  command->add_option("CALLBACK", wanted->callback, "URI to call back")->required();
  add_types(*command, wanted->types, "Only these types: {ns}local, {ns}* or *; repeatable");
  add_sources(*command, wanted->sources, "Only these sources; /** for all below; repeatable");
  add_filter_option(*command, wanted->filter);
  add_duration(*command, "--period", wanted->period, "Lease; it ends by itself after that");
  command->add_option("--delivery", wanted->delivery, "Delivery options")->type_name("JSON");
  add_labels(*command, wanted->labels, "NAME=VALUE, for yourself; repeatable");
  command->add_option("--owner", wanted->owner, "Whose it is; your principal when you have a key")
      ->capture_default_str();
  command->add_flag("--vouch", wanted->vouch,
                    "Do not ask the callback: you know that it wants to be called (right: manage)");
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_create(cli.global, *wanted); }; });
}

void add_edit(CLI::App& parent, Cli& cli) {
  auto* command = add_command(
      parent, "edit", "Change a subscription; what is not named stays as it is",
      "Another callback is asked first, and nothing is delivered until it has agreed. Members for "
      "--clear:\ntypes, sources, filter, edition, language, delivery, labels.\n\nExamples:\n"
      "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --type '{urn:example:printer}*'\n"
      "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --clear filter --label team=ops\n"
      "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --delivery '{\"window\": 4}'");
  const auto wanted = std::make_shared<Wanted>();
  const auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "Its id")->required();
  command->add_option("--callback", wanted->callback, "URI to call back")->type_name("URI");
  add_types(*command, wanted->types, "These types instead: {ns}local, {ns}* or *; repeatable");
  add_sources(*command, wanted->sources, "These sources instead; /** for all below; repeatable");
  add_filter_option(*command, wanted->filter);
  command->add_option("--edition", wanted->edition, "Wanted form of the payload");
  command->add_option("--language", wanted->language, "Wanted language, a BCP 47 tag");
  command->add_option("--delivery", wanted->delivery, "Delivery options that change; null resets")
      ->type_name("JSON");
  add_labels(*command, wanted->labels, "NAME=VALUE, or NAME= to take it away; repeatable");
  command->add_option("--clear", wanted->clear, "Back to what it is when not given; repeatable")
      ->type_name("MEMBER")
      ->allow_extra_args(false);
  command
      ->add_option("--revision", wanted->revision,
                   "Only when this is its revision: nobody has changed it since you looked")
      ->type_name("N");
  command->callback([&cli, id, wanted] {
    cli.run = [&cli, id, wanted] { return run_edit(cli.global, *id, *wanted); };
  });
}

void add_renew(CLI::App& parent, Cli& cli) {
  auto* command = add_command(parent, "renew", "A new lease from now on",
                              "Example:\n  sense subscriptions renew "
                              "s-01ARZ3NDEKTSV4RRFFQ69G5FAV --period 7d");
  const auto id = std::make_shared<std::string>();
  const auto period = std::make_shared<std::string>("1h");
  command->add_option("ID", *id, "Its id")->required();
  add_duration(*command, "--period", *period, "Lease; it ends by itself after that");
  command->callback([&cli, id, period] {
    cli.run = [&cli, id, period] {
      return talk_to_registry(cli.global, [&](const RegistryTalk& talk) {
        talk.subscriptions.renew(*id, *parse_duration(*period), talk.shown(*id));
      });
    };
  });
}

}  // namespace

void add_subscriptions(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "subscriptions", "Everything about subscriptions: list, create, edit, test, import ...",
      "Examples:\n"
      "  sense subscriptions list --json\n"
      "  sense subscriptions create mailto:a@example.net --type '{urn:example}*'\n"
      "  sense subscriptions test s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
      "  sense subscriptions export > subscriptions.yaml");
  command->require_subcommand(1);
  auto* all = add_command(*command, "list", "Subscriptions, one a line, by id",
                          "Example:\n  sense subscriptions list");
  all->callback([&cli] {
    cli.run = [&cli] {
      return talk_to_registry(cli.global, [](const RegistryTalk& talk) { list(talk, ""); });
    };
  });
  add_create(*command, cli);
  add_edit(*command, cli);
  add_renew(*command, cli);
  add_for_ids(*command, cli);
  add_export(*command, cli);
  add_import(*command, cli);
}

}  // namespace sense::cli
