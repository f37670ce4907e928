// SPDX-License-Identifier: Apache-2.0
#include "cli/dead_letters/dead_letters.hpp"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/commands.hpp"
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

constexpr std::uint32_t page_size = 1000;

// The folder of the gateway's store: --data itself when it contains one, or below --data, or as the
// configuration says.
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
  // The folder of a gateway that the configuration no longer names can be read, too.
  if (fs::exists(folder, code)) return folder;
  const auto part = find_part(file->gateways, "gateway", gateway, file->path);
  if (!part) return tl::unexpected(part.error());
  return folder;
}

Result<DeadLetterView> open_view(const Global& global, const std::string& gateway) {
  const auto folder = folder_of(global, gateway);
  if (!folder) return tl::unexpected(folder.error());
  return DeadLetterView::open(*folder);
}

Json json_of(const StoredDeadLetter& dead_letter) {
  const auto& dead = dead_letter.dead_letter;
  return {{"id", dead_letter.id},
          {"time", to_rfc3339(dead_letter.time)},
          {"subscription", dead.subscription},
          {"number", dead.number},
          {"sequence", dead.sequence},
          {"attempts", dead.attempts},
          {"reason", dead.reason},
          {"answer", dead.answer}};
}

std::string line_of(const StoredDeadLetter& dead_letter) {
  const auto& dead = dead_letter.dead_letter;
  return printable(std::to_string(dead_letter.id) + " " + to_rfc3339(dead_letter.time) + " " +
                   dead.subscription + " #" + std::to_string(dead.number) + " event=" +
                   std::to_string(dead.sequence) + " attempts=" + std::to_string(dead.attempts) +
                   " " + dead.reason + (dead.answer.empty() ? "" : ": " + dead.answer));
}

// ---- list, get

int run_list(const Global& global, const DeadLetterOptions& options) {
  auto view = open_view(global, options.gateway);
  if (!view) return failed(view.error());
  DeadLetterQuery query;
  query.subscription = options.subscription;
  query.since = selection_of(options).since.value_or(WallTime{});
  query.after = options.after;
  query.limit = page_size;
  query.expired = options.expired;
  std::uint64_t shown = 0;
  for (;;) {
    const auto page = view->dead_letters(query);
    if (!page) return failed(page.error());
    for (const auto& dead_letter : page->dead_letters) {
      if (options.limit != 0 && shown == options.limit) {
        say("there are more: --after " + std::to_string(query.after));
        return exit_ok;
      }
      if (!print_line(global.json ? json_ascii(json_of(dead_letter)) : line_of(dead_letter)))
        return exit_failed;
      query.after = dead_letter.id;
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

int run_get(const Global& global, const DeadLetterOptions& options) {
  auto view = open_view(global, options.gateway);
  if (!view) return failed(view.error());
  DeadLetterQuery query;
  query.after = options.id - 1;
  query.upto = options.id;
  const auto page = view->dead_letters(query);
  if (!page) return failed(page.error());
  if (page->dead_letters.empty())
    return failed("gateway " + options.gateway + " has no dead letter " +
                  std::to_string(options.id) + ": see `sense deadletters list " + options.gateway +
                  "`");
  auto json = json_of(page->dead_letters.front());
  const auto event = view->event(options.id);
  json["event"] = event ? Json::parse(to_cloudevents_json(**event), nullptr, false) : Json();
  if (global.json)
    print_line(json_ascii(json));
  else
    print_fields(json);
  return event ? exit_ok : failed(event.error());
}

// ---- the command line

std::string check_time(const std::string& text) {
  const auto time = parse_rfc3339(text);
  return time ? std::string() : time.error().message;
}

CommandOption gateway_option(DeadLetterOptions& options) {
  return {.name = "GATEWAY",
          .target = &options.gateway,
          .help = "Its name under `gateways:`",
          .required = true};
}

std::vector<CommandOption> selection_options(DeadLetterOptions& options) {
  return {{.name = "--subscription",
           .value_name = "ID",
           .target = &options.subscription,
           .help = "Only those of this subscription"},
          {.name = "--since",
           .value_name = "TIME",
           .target = &options.since,
           .help = "Only those that died then or later (RFC 3339)",
           .check = check_time}};
}

Command list_command(const Global& global) {
  const auto options = std::make_shared<DeadLetterOptions>();
  return {.name = "list",
          .summary = "Dead letters, one a line, by id",
          .notes =
              "A line is: ID TIME SUBSCRIPTION #NUMBER event=SEQUENCE attempts=N REASON[: ANSWER]. "
              "Reads the\ngateway's store, whether the gateway runs or not.\n\nExamples:\n"
              "  sense deadletters list http --subscription s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
              "  sense deadletters list http --since 2026-11-22T09:00:00Z --limit 100 --json\n"
              "  sense deadletters list http --expired",
          .options = joined({{gateway_option(*options)},
                             selection_options(*options),
                             {{.name = "--expired",
                               .target = &options->expired,
                               .help = "Instead: the last events that expired undelivered"},
                              {.name = "--after",
                               .value_name = "ID",
                               .target = &options->after,
                               .help = "Only ids behind this one",
                               .range = NumberRange{0}},
                              {.name = "--limit",
                               .value_name = "N",
                               .target = &options->limit,
                               .help = "At most so many (default: all)"}}}),
          .run = [&global, options] { return run_list(global, *options); }};
}

Command get_command(const Global& global) {
  const auto options = std::make_shared<DeadLetterOptions>();
  return {.name = "get",
          .summary = "Show one dead letter with its event",
          .notes =
              "Exit code 1 when there is none, or its event is lost.\n\n"
              "Example:\n  sense deadletters get http 17 --json",
          .options = {gateway_option(*options),
                      {.name = "ID",
                       .target = &options->id,
                       .help = "Its id",
                       .required = true,
                       .range = NumberRange{1}}},
          .run = [&global, options] { return run_get(global, *options); }};
}

// A command that the gateway performs.
Command request_command(const Global& global, Command command, DeadLetterAction action) {
  const auto options = std::make_shared<DeadLetterOptions>();
  command.options =
      joined({{gateway_option(*options),
               {.name = "ID", .target = &options->id, .help = "This one", .range = NumberRange{1}}},
              selection_options(*options),
              {{.name = "--all", .target = &options->all, .help = "All that there are"},
               duration_option("--timeout", options->timeout,
                               "How long to wait without a word from the gateway")}});
  command.run = [&global, options, action] { return request_of_gateway(global, action, *options); };
  return command;
}

Command redrive_command(const Global& global) {
  return request_command(
      global,
      {.name = "redrive",
       .summary = "Deliver dead letters after all, under new numbers",
       .notes = "Say which: an id, a subscription, a time, or --all. Exit code 1 when some were "
                "refused; those\nstay dead letters.\n\nExamples:\n"
                "  sense deadletters redrive http 17\n"
                "  sense deadletters redrive http --since 2026-11-22T09:00:00Z"},
      DeadLetterAction::redrive);
}

Command purge_command(const Global& global) {
  return request_command(
      global,
      {.name = "purge",
       .summary = "Throw dead letters away",
       .notes = "Say which: an id, a subscription, a time, or --all. Their events are not "
                "delivered.\n\nExamples:\n"
                "  sense deadletters purge http 17\n"
                "  sense deadletters purge http --all"},
      DeadLetterAction::purge);
}

}  // namespace

DeadLetterSelection selection_of(const DeadLetterOptions& options) {
  DeadLetterSelection selection;
  selection.id = options.id;
  selection.subscription = options.subscription;
  if (!options.since.empty()) selection.since = *parse_rfc3339(options.since);
  selection.all = options.all;
  return selection;
}

Command dead_letters_command(const Global& global) {
  return {.name = "deadletters",
          .summary = "What a gateway could not deliver: list, look at, deliver again, purge",
          .notes =
              "Examples:\n"
              "  sense deadletters list http\n"
              "  sense deadletters get http 17\n"
              "  sense deadletters redrive http --subscription "
              "s-01ARZ3NDEKTSV4RRFFQ69G5FAV\n"
              "  sense deadletters purge http --all",
          .subcommands = {list_command(global), get_command(global), redrive_command(global),
                          purge_command(global)}};
}

}  // namespace sense::cli
