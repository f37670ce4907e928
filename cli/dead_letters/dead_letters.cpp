// SPDX-License-Identifier: Apache-2.0
#include "cli/dead_letters/dead_letters.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/output.hpp"
#include "cli/config/config_file.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/host/store/dead_letter_view.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint32_t page_letters = 1000;

// The folder of the gateway: of the configuration, or below --data, or --data itself when the store
// is there.
Result<std::string> folder_of(const Global& global, const std::string& gateway) {
  std::error_code code;
  const auto below = "gateway-" + gateway;
  if (!global.data.empty()) {
    const auto data = fs::absolute(global.data).lexically_normal();
    if (fs::exists(data / "gateway.db", code)) return data.string();
    if (!fs::exists(config_path(global), code)) return (data / below).string();
  }
  const auto file = load_config(global);
  if (!file) return tl::unexpected(file.error());
  auto folder = file->data + "/" + below;
  // What a gateway left that the configuration does not name any more can be looked at, too.
  if (fs::exists(folder, code)) return folder;
  const auto part = find_part(file->gateways, "gateway", gateway, file->path);
  if (!part) return tl::unexpected(part.error());
  return folder;
}

Result<DeadLetterView> open_letters(const Global& global, const std::string& gateway) {
  const auto folder = folder_of(global, gateway);
  if (!folder) return tl::unexpected(folder.error());
  return DeadLetterView::open(*folder);
}

Json json_of(const StoredDeadLetter& letter) {
  const auto& dead = letter.dead_letter;
  return {{"id", letter.id},
          {"time", to_rfc3339(letter.time)},
          {"subscription", dead.subscription},
          {"number", dead.number},
          {"sequence", dead.sequence},
          {"attempts", dead.attempts},
          {"reason", dead.reason},
          {"answer", dead.answer}};
}

std::string line_of(const StoredDeadLetter& letter) {
  const auto& dead = letter.dead_letter;
  return printable(std::to_string(letter.id) + " " + to_rfc3339(letter.time) + " " +
                   dead.subscription + " #" + std::to_string(dead.number) + " event=" +
                   std::to_string(dead.sequence) + " attempts=" + std::to_string(dead.attempts) +
                   " " + dead.reason + (dead.answer.empty() ? "" : ": " + dead.answer));
}

// ---- list, get

int run_list(const Global& global, const LettersWanted& wanted) {
  auto view = open_letters(global, wanted.gateway);
  if (!view) return failed(view.error());
  DeadLetterQuery query;
  query.subscription = wanted.subscription;
  query.since = selection_of(wanted).since.value_or(WallTime{});
  query.after = wanted.after;
  query.limit = page_letters;
  std::uint64_t shown = 0;
  for (;;) {
    const auto page = view->dead_letters(query);
    if (!page) return failed(page.error());
    for (const auto& letter : page->dead_letters) {
      if (wanted.limit != 0 && shown == wanted.limit) {
        say("there are more: --after " + std::to_string(query.after));
        return exit_ok;
      }
      if (!print_line(global.json ? json_ascii(json_of(letter)) : line_of(letter)))
        return exit_failed;
      query.after = letter.id;
      ++shown;
    }
    query.after = page->next;
    if (!page->more) return exit_ok;
  }
}

void print_fields(const Json& fields) {
  for (const auto& [name, value] : fields.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : json_text(value);
    print_line(name + ":" + std::string(14 - std::min<std::size_t>(name.size(), 13), ' ') +
               printable(text));
  }
}

int run_get(const Global& global, const LettersWanted& wanted) {
  auto view = open_letters(global, wanted.gateway);
  if (!view) return failed(view.error());
  DeadLetterQuery query;
  query.after = wanted.id - 1;
  query.upto = wanted.id;
  const auto page = view->dead_letters(query);
  if (!page) return failed(page.error());
  if (page->dead_letters.empty())
    return failed("gateway " + wanted.gateway + " has no dead letter " + std::to_string(wanted.id) +
                  ": see `sense deadletters list " + wanted.gateway + "`");
  auto json = json_of(page->dead_letters.front());
  const auto event = view->event(wanted.id);
  json["event"] = event ? Json::parse(to_cloudevents_json(**event), nullptr, false) : Json();
  if (global.json)
    print_line(json_ascii(json));
  else
    print_fields(json);
  return event ? exit_ok : failed(event.error());
}

// ---- the command line

std::string check_time(std::string& text) {
  const auto time = parse_rfc3339(text);
  return time ? std::string() : time.error().message;
}

void add_gateway_name(CLI::App& command, LettersWanted& wanted) {
  command.add_option("GATEWAY", wanted.gateway, "Its name under `gateways:`")->required();
}

void add_some(CLI::App& command, LettersWanted& wanted) {
  command.add_option("--subscription", wanted.subscription, "Only those of this subscription")
      ->type_name("ID");
  command.add_option("--since", wanted.since, "Only those that died then or later (RFC 3339)")
      ->type_name("TIME")
      ->check(CLI::Validator(check_time, ""));
}

using Run = int (*)(const Global&, const LettersWanted&);

void run_with(CLI::App& command, Cli& cli, const std::shared_ptr<LettersWanted>& wanted, Run run) {
  command.callback(
      [&cli, wanted, run] { cli.run = [&cli, wanted, run] { return run(cli.global, *wanted); }; });
}

void add_list(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "list", "Dead letters, one a line, by id",
      "A line is: ID TIME SUBSCRIPTION #NUMBER event=SEQUENCE attempts=N REASON[: ANSWER]. Reads "
      "the\ngateway's store, whether the gateway runs or not.\n\nExamples:\n"
      "  sense deadletters list http --subscription s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
      "  sense deadletters list http --since 2026-11-22T09:00:00Z --limit 100 --json");
  const auto wanted = std::make_shared<LettersWanted>();
  add_gateway_name(*command, *wanted);
  add_some(*command, *wanted);
  command->add_option("--after", wanted->after, "Only ids behind this one")
      ->type_name("ID")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--limit", wanted->limit, "At most so many (default: all)")->type_name("N");
  run_with(*command, cli, wanted, run_list);
}

void add_get(CLI::App& app, Cli& cli) {
  auto* command = add_command(app, "get", "Show one dead letter with its event",
                              "Exit code 1 when there is none, or its event is lost.\n\n"
                              "Example:\n  sense deadletters get http 17 --json");
  const auto wanted = std::make_shared<LettersWanted>();
  add_gateway_name(*command, *wanted);
  command->add_option("ID", wanted->id, "Its id")->required()->check(CLI::PositiveNumber);
  run_with(*command, cli, wanted, run_get);
}

void add_request(CLI::App& app, Cli& cli, const char* name, const char* help, const char* examples,
                 Run run) {
  auto* command = add_command(app, name, help, examples);
  const auto wanted = std::make_shared<LettersWanted>();
  add_gateway_name(*command, *wanted);
  command->add_option("ID", wanted->id, "This one")->check(CLI::PositiveNumber);
  add_some(*command, *wanted);
  command->add_flag("--all", wanted->all, "All that there are");
  add_duration(*command, "--timeout", wanted->timeout,
               "How long to wait without a word from the gateway");
  run_with(*command, cli, wanted, run);
}

}  // namespace

DeadLetterSelection selection_of(const LettersWanted& wanted) {
  DeadLetterSelection selection;
  selection.id = wanted.id;
  selection.subscription = wanted.subscription;
  if (!wanted.since.empty()) selection.since = *parse_rfc3339(wanted.since);
  selection.all = wanted.all;
  return selection;
}

void add_dead_letters(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "deadletters", "What a gateway could not deliver: list, look at, deliver again, purge",
      "Examples:\n"
      "  sense deadletters list http\n"
      "  sense deadletters get http 17\n"
      "  sense deadletters redrive http --subscription s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
      "  sense deadletters purge http --all");
  command->require_subcommand(1);
  add_list(*command, cli);
  add_get(*command, cli);
  add_request(*command, cli, "redrive", "Deliver dead letters after all, under new numbers",
              "Say which: an id, a subscription, a time, or --all. Exit code 1 when some were "
              "refused; those\nstay dead letters.\n\nExamples:\n"
              "  sense deadletters redrive http 17\n"
              "  sense deadletters redrive http --since 2026-11-22T09:00:00Z",
              [](const Global& global, const LettersWanted& wanted) {
                return ask_gateway(global, DeadLetterAction::redrive, wanted);
              });
  add_request(*command, cli, "purge", "Throw dead letters away",
              "Say which: an id, a subscription, a time, or --all. Their events are delivered to "
              "nobody.\n\nExamples:\n"
              "  sense deadletters purge http 17\n"
              "  sense deadletters purge http --all",
              [](const Global& global, const LettersWanted& wanted) {
                return ask_gateway(global, DeadLetterAction::purge, wanted);
              });
}

}  // namespace sense::cli
