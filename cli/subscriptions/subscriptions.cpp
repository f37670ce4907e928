// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/subscriptions/registry_session.hpp"
#include "cli/subscriptions/subscription_commands.hpp"
#include "cli/subscriptions/subscription_output.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* some_id = "s-01ARZ3NDEKTSV4RRFFQ69G5FAV";

struct SubscriptionOptions {
  std::string id, callback, filter, edition, language, delivery;
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

Result<Json> delivery_json(const SubscriptionOptions& options) {
  auto delivery = Json::parse(options.delivery, nullptr, /*allow_exceptions=*/false);
  if (delivery.is_object()) return delivery;
  return fail(Code::badparam, "--delivery is not a JSON object such as {\"window\": 4}");
}

Result<std::map<std::string, std::string, std::less<>>> labels_of(
    const SubscriptionOptions& options) {
  std::map<std::string, std::string, std::less<>> labels;
  for (const auto& label : options.labels) {
    const auto equals = label.find('=');
    if (equals == std::string::npos)
      return fail(Code::badparam, "--label '" + label + "' is not NAME=VALUE");
    labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return labels;
}

// A record's delivery options, as JSON has them.
Result<DeliveryOptions> delivery_of(const SubscriptionOptions& options) {
  if (options.delivery.empty()) return DeliveryOptions{};
  auto delivery = delivery_json(options);
  if (!delivery) return tl::unexpected(delivery.error());
  const Json whole = {{"callback", options.callback}, {"delivery", std::move(*delivery)}};
  auto read = subscription_from_json(json_text(whole));
  if (!read) return tl::unexpected(read.error());
  return std::move(read->delivery);
}

Result<Subscriptions::Request> request_of(const SubscriptionOptions& options) {
  Subscriptions::Request request;
  request.owner = options.owner;
  request.via = "cli";
  request.callback = options.callback;
  for (const auto& text : options.types) request.types.push_back(*TypePattern::parse(text));
  for (const auto& text : options.sources) request.sources.push_back(*SourcePattern::parse(text));
  request.filter = options.filter;
  request.callback_proved = options.vouch;
  auto labels = labels_of(options);
  if (!labels) return tl::unexpected(labels.error());
  request.labels = std::move(*labels);
  auto delivery = delivery_of(options);
  if (!delivery) return tl::unexpected(delivery.error());
  request.delivery = std::move(*delivery);
  // Mistakes are reported before the broker is asked. A period that is too long is none.
  if (auto good = validate(request); !good) return tl::unexpected(good.error());
  request.period = *parse_duration(options.period);
  return request;
}

int run_create(const Global& global, const SubscriptionOptions& options) {
  const auto request = request_of(options);
  if (!request) return refused(request.error());
  return with_registry_session(global, [&](const RegistrySession& session) {
    session.subscriptions.create(*request, session.shown(""));
  });
}

// ---- edit

Result<std::string> patch_of(const SubscriptionOptions& options) {
  auto patch = Json::object();
  for (const auto& name : options.clear) patch[name] = nullptr;
  const auto put = [&](const char* name, const std::string& text) {
    if (!text.empty()) patch[name] = text;
  };
  put("callback", options.callback);
  put("filter", options.filter);
  put("edition", options.edition);
  put("language", options.language);
  if (!options.types.empty()) patch["types"] = options.types;
  if (!options.sources.empty()) patch["sources"] = options.sources;
  const auto labels = labels_of(options);
  if (!labels) return tl::unexpected(labels.error());
  for (const auto& [name, value] : *labels)
    patch["labels"][name] = value.empty() ? Json(nullptr) : Json(value);
  if (!options.delivery.empty()) {
    auto delivery = delivery_json(options);
    if (!delivery) return tl::unexpected(delivery.error());
    patch["delivery"] = std::move(*delivery);
  }
  if (patch.empty()) return fail(Code::badparam, "nothing is to be edited: say what, see --help");
  return json_text(patch);
}

int run_edit(const Global& global, const SubscriptionOptions& options) {
  const auto patch = patch_of(options);
  if (!patch) return refused(patch.error());
  return with_registry_session(global, [&](const RegistrySession& session) {
    session.subscriptions.edit(options.id, options.revision, *patch, session.shown(options.id));
  });
}

// ---- commands with an id alone

void cancel(const RegistrySession& session, const std::string& id) {
  session.subscriptions.cancel(
      id, "cancelled", [session, id](const Result<SubscriptionRef>& answer) {
        if (!answer) return session.fail_with(id, answer.error());
        print_line(session.json ? Json{{"cancelled", id}}.dump() : "cancelled " + printable(id));
        session.loop.finish(exit_ok);
      });
}

void test(const RegistrySession& session, const std::string& id) {
  session.subscriptions.test(id, "cli", [session, id](const Result<Receipt>& receipt) {
    if (!receipt) return session.fail_with(id, receipt.error());
    print_line(session.json ? Json{{"id", id}, {"sequence", receipt->sequence}}.dump()
                            : "test event " + std::to_string(receipt->sequence) +
                                  " is on its way to the callback of " + printable(id));
    session.loop.finish(exit_ok);
  });
}

void rotate_secret(const RegistrySession& session, const std::string& id) {
  session.subscriptions.rotate_secret(
      id, {}, [session, id](const Result<SubscriptionRef>& rotated) {
        if (!rotated) return session.fail_with(id, rotated.error());
        const auto& secret = (*rotated)->secrets->current;
        print_line(session.json ? Json{{"id", id}, {"secret", secret}}.dump() : secret);
        session.loop.finish(exit_ok);
      });
}

using IdAction = void (*)(const RegistrySession&, const std::string& id);

CommandOption id_option(std::string& target) {
  return {.name = "ID", .target = &target, .help = "Its id", .required = true};
}

Command id_command(const Global& global, const std::string& name, const char* summary,
                   const std::string& details, IdAction action) {
  const auto id = std::make_shared<std::string>();
  return {.name = name,
          .summary = summary,
          .notes = details + "Example:\n  sense subscriptions " + name + " " + some_id,
          .options = {id_option(*id)},
          .run = [&global, id, action] {
            return with_registry_session(
                global, [&](const RegistrySession& session) { action(session, *id); });
          }};
}

Command get_command(const Global& global) {
  return id_command(global, "get", "Show one subscription", "",
                    [](const auto& session, const auto& id) {
                      session.subscriptions.get(id, session.shown(id));
                    });
}

Command pause_command(const Global& global) {
  return id_command(
      global, "pause", "Deliver nothing for the time being",
      "What matches meanwhile is kept and delivered when it is resumed, unless it expires or "
      "the\nsubscription ends.\n\n",
      [](const auto& session, const auto& id) {
        session.subscriptions.pause(id, session.shown(id));
      });
}

Command resume_command(const Global& global) {
  return id_command(global, "resume", "Deliver again, what was kept first",
                    "Also for one that is suspended because its callback was failing.\n\n",
                    [](const auto& session, const auto& id) {
                      session.subscriptions.resume(id, session.shown(id));
                    });
}

Command test_command(const Global& global) {
  return id_command(
      global, "test", "Send an event to this subscription's callback, and to no other",
      "Its type is {urn:sense:management}subscription-test; it is delivered whatever types, "
      "sources and\nfilter the subscription has.\n\n",
      test);
}

Command rotate_secret_command(const Global& global) {
  return id_command(
      global, "rotate-secret", "Make a new secret to sign its deliveries with, and print it",
      "For http: and https: callbacks (Standard Webhooks). The former one signs, too, for 24 "
      "hours, if\nthe right `manage` lets you rotate it. It is shown this once.\n\n",
      rotate_secret);
}

// ---- the command line

CommandOption labels_option(std::vector<std::string>& target, const char* help) {
  return {.name = "--label",
          .value_name = "LABEL",
          .target = &target,
          .help = help,
          .open_ended = true};
}

CommandOption filter_option(std::string& target) {
  return {.name = "--filter",
          .value_name = "EXPRESSION",
          .target = &target,
          .help =
              "Only events for which this is true, in CloudEvents SQL; see sense filter "
              "--help"};
}

Command list_command(const Global& global) {
  return {.name = "list",
          .summary = "Subscriptions, one a line, by id",
          .notes = "Example:\n  sense subscriptions list",
          .run = [&global] {
            return with_registry_session(global, [](const RegistrySession& session) {
              list_entries(session, "subscription",
                           [json = session.json](const auto& entry) { return show(entry, json); });
            });
          }};
}

std::vector<CommandOption> create_options(SubscriptionOptions& options) {
  return {
      {.name = "CALLBACK",
       .target = &options.callback,
       .help = "URI to call back",
       .required = true},
      types_option(options.types, "Only these types: {ns}local, {ns}* or *; repeatable"),
      sources_option(options.sources, "Only these sources; /** for all below; repeatable"),
      filter_option(options.filter),
      duration_option("--period", options.period, "Lease; it ends by itself after that"),
      {.name = "--delivery",
       .value_name = "JSON",
       .target = &options.delivery,
       .help = "Delivery options"},
      labels_option(options.labels, "NAME=VALUE, for yourself; repeatable"),
      {.name = "--owner",
       .target = &options.owner,
       .help = "Whose it is; your principal when you have a key",
       .show_default = true},
      {.name = "--vouch",
       .target = &options.vouch,
       .help = "Do not ask the callback: you know that it wants to be called (right: manage)"},
  };
}

Command create_command(const Global& global) {
  const auto options = std::make_shared<SubscriptionOptions>();
  return {.name = "create",
          .summary = "Create a subscription; its callback is asked before the first event",
          .notes =
              "Examples:\n"
              "  sense subscriptions create mailto:a@example.net --type '{urn:example:printer}*'\n"
              "  sense subscriptions create http://127.0.0.1:9000/in --period 1d --label team=ops\n"
              "  sense subscriptions create http://127.0.0.1:9000/in --delivery '{\"hold\": "
              "\"15min\"}'",
          .options = create_options(*options),
          .run = [&global, options] { return run_create(global, *options); }};
}

std::vector<CommandOption> edit_options(SubscriptionOptions& options) {
  return {
      id_option(options.id),
      {.name = "--callback",
       .value_name = "URI",
       .target = &options.callback,
       .help = "URI to call back"},
      types_option(options.types, "These types instead: {ns}local, {ns}* or *; repeatable"),
      sources_option(options.sources, "These sources instead; /** for all below; repeatable"),
      filter_option(options.filter),
      {.name = "--edition", .target = &options.edition, .help = "Wanted form of the payload"},
      {.name = "--language", .target = &options.language, .help = "Wanted language, a BCP 47 tag"},
      {.name = "--delivery",
       .value_name = "JSON",
       .target = &options.delivery,
       .help = "Delivery options that change; null resets"},
      labels_option(options.labels, "NAME=VALUE, or NAME= to take it away; repeatable"),
      {.name = "--clear",
       .value_name = "MEMBER",
       .target = &options.clear,
       .help = "Back to what it is when not given; repeatable",
       .open_ended = true},
      {.name = "--revision",
       .value_name = "N",
       .target = &options.revision,
       .help = "Only when this is its revision: it has not changed since you looked"},
  };
}

Command edit_command(const Global& global) {
  const auto options = std::make_shared<SubscriptionOptions>();
  return {.name = "edit",
          .summary = "Change a subscription; what is not named stays as it is",
          .notes =
              "Another callback is asked first, and nothing is delivered until it has agreed. "
              "Members for --clear:\n"
              "types, sources, filter, edition, language, delivery, labels.\n\nExamples:\n"
              "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --type "
              "'{urn:example:printer}*'\n"
              "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --clear filter "
              "--label team=ops\n"
              "  sense subscriptions edit s-01ARZ3NDEKTSV4RRFFQ69G5FAV --delivery "
              "'{\"window\": 4}'",
          .options = edit_options(*options),
          .run = [&global, options] { return run_edit(global, *options); }};
}

Command renew_command(const Global& global) {
  const auto options = std::make_shared<SubscriptionOptions>();
  return {
      .name = "renew",
      .summary = "A new lease from now on",
      .notes =
          "Example:\n  sense subscriptions renew "
          "s-01ARZ3NDEKTSV4RRFFQ69G5FAV --period 7d",
      .options = {id_option(options->id), duration_option("--period", options->period,
                                                          "Lease; it ends by itself after that")},
      .run = [&global, options] {
        return with_registry_session(global, [&](const RegistrySession& session) {
          session.subscriptions.renew(options->id, *parse_duration(options->period),
                                      session.shown(options->id));
        });
      }};
}

}  // namespace

Command subscriptions_command(const Global& global) {
  return {.name = "subscriptions",
          .summary = "Everything about subscriptions: list, create, edit, test, import ...",
          .notes =
              "Examples:\n"
              "  sense subscriptions list --json\n"
              "  sense subscriptions create mailto:a@example.net --type '{urn:example}*'\n"
              "  sense subscriptions test s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
              "  sense subscriptions export > subscriptions.yaml",
          .subcommands = {
              list_command(global), create_command(global), edit_command(global),
              renew_command(global), get_command(global), pause_command(global),
              resume_command(global), test_command(global), rotate_secret_command(global),
              id_command(global, "cancel", "End a subscription; nothing follows", "", cancel),
              subscriptions_export_command(global), subscriptions_import_command(global)}};
}

}  // namespace sense::cli
