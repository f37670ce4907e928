// SPDX-License-Identifier: Apache-2.0
#include "cli/journal/journal.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "broker/journal/journal_import.hpp"
#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/config/config_file.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Kind = JournalView::Finding::Kind;

const char* to_text(Kind kind) {
  switch (kind) {
    case Kind::damaged: return "damaged";
    case Kind::missing: return "missing";
    default: return "quarantined";
  }
}

std::string text_of(const JournalView::Finding& finding) {
  return std::string(to_text(finding.kind)) + ": events " + std::to_string(finding.first) + " to " +
         std::to_string(finding.last);
}

Json json_of(const std::vector<JournalView::Finding>& findings) {
  auto list = Json::array();
  for (const auto& finding : findings)
    list.push_back(
        {{"what", to_text(finding.kind)}, {"first", finding.first}, {"last", finding.last}});
  return list;
}

int run_check(const Global& global) {
  auto view = open_journal(global);
  if (!view) return failed(view.error());
  const auto check = view->check(progress_of("checked event"));
  if (!check) return failed(check.error());
  if (global.json) {
    const Json line{{"good", check->good()},
                    {"first", check->first},
                    {"last", check->last},
                    {"events", check->events},
                    {"groups", check->groups},
                    {"octets", check->octets},
                    {"events-lost", check->events_lost},
                    {"registry-entries", check->registry_entries},
                    {"registry-damaged", check->registry_damaged},
                    {"findings", json_of(check->findings)}};
    print_line(json_ascii(line));
    return check->good() ? exit_ok : exit_failed;
  }
  for (const auto& finding : check->findings) print_line(text_of(finding));
  for (const auto& sentence : check->registry_damaged) print_line(printable(sentence));
  print_line(std::to_string(check->events) + " events in " + std::to_string(check->groups) +
             " groups and " + std::to_string(check->registry_entries) +
             " registry entries can be read, " + std::to_string(check->events_lost) +
             " events cannot");
  if (check->good()) return exit_ok;
  return failed(
      "the journal is damaged: what can be read goes on being served; to have a file "
      "without damage, `sense journal export` it and import that into an empty folder");
}

int run_stats(const Global& global) {
  auto view = open_journal(global);
  if (!view) return failed(view.error());
  const auto stats = view->stats();
  if (!stats) return failed(stats.error().message + "; `sense journal check` tells what is left");
  std::uint64_t quarantined_octets = 0;
  for (const auto& known : stats->quarantined) quarantined_octets += known.octets;
  Json registry = Json::object();
  for (const auto& [kind, count] : stats->registry) registry[kind] = count;
  const bool empty = stats->groups.groups == 0;
  const Json line{{"first", stats->range.first},
                  {"last", stats->range.last},
                  {"events", stats->groups.events},
                  {"groups", stats->groups.groups},
                  {"octets", stats->groups.octets},
                  {"oldest", empty ? "" : to_rfc3339(stats->groups.oldest)},
                  {"newest", empty ? "" : to_rfc3339(stats->groups.newest)},
                  {"quarantined-groups", stats->quarantined.size()},
                  {"quarantined-octets", quarantined_octets},
                  {"file-octets", view->file_octets()},
                  {"registry", registry}};
  if (global.json) {
    print_line(line.dump());
    return exit_ok;
  }
  for (const auto& [name, value] : line.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    print_line(name + ":" + std::string(20 - name.size(), ' ') + text);
  }
  return exit_ok;
}

int run_export(const Global& global, const std::string& path) {
  auto view = open_journal(global);
  if (!view) return failed(view.error());
  const auto done = view->export_to(path, system_clock().now().wall, progress_of("exported event"));
  if (!done) return failed(done.error());
  for (const auto& finding : done->damaged) say("left out, " + text_of(finding));
  if (!done->registry_cut_short.empty())
    say("the registry was not exported to its end: " + done->registry_cut_short);
  if (global.json)
    print_line(json_ascii(Json{{"file", path},
                               {"groups", done->groups},
                               {"events", done->events},
                               {"registry-entries", done->registry_entries},
                               {"left-out", json_of(done->damaged)}}));
  else
    print_line("exported " + std::to_string(done->events) + " events and " +
               std::to_string(done->registry_entries) + " registry entries to " + printable(path));
  return done->damaged.empty() && done->registry_cut_short.empty() ? exit_ok : exit_failed;
}

int run_import(const Global& global, const std::string& path) {
  const auto folder = journal_folder(global);
  if (!folder) return refused(folder.error());
  const auto done = import_journal(*folder, path, progress_of("read octet"));
  if (!done) return failed(done.error());
  if (global.json)
    print_line(json_ascii(Json{{"folder", *folder},
                               {"groups", done->groups},
                               {"events", done->events},
                               {"there-already", done->there_already},
                               {"registry-entries", done->registry_entries},
                               {"first", done->first},
                               {"last", done->last}}));
  else
    print_line("imported " + std::to_string(done->events) + " events and " +
               std::to_string(done->registry_entries) + " registry entries into " +
               printable(*folder) + ", which now holds events " + std::to_string(done->first) +
               " to " + std::to_string(done->last));
  return exit_ok;
}

using FileAction = int (*)(const Global&, const std::string&);

// A command that takes a file.
Command file_command(const Global& global, Command command, const char* help, FileAction action) {
  const auto path = std::make_shared<std::string>();
  command.options = {{.name = "FILE", .target = path.get(), .help = help, .required = true}};
  command.run = [&global, action, path] { return action(global, *path); };
  return command;
}

Command dump_command(const Global& global) {
  const auto options = std::make_shared<JournalDumpOptions>();
  return {.name = "dump",
          .summary = "Print events as CloudEvents, one JSON object a line",
          .notes =
              "What is damaged is left out, reported on standard error, and makes the "
              "exit code 1.\n\n"
              "Example:\n  sense journal dump --from 1000 --to 1999 "
              "--type '{urn:example}*'",
          .options =
              {{.name = "--from",
                .value_name = "N",
                .target = &options->from,
                .help = "First sequence"},
               {.name = "--to", .value_name = "N", .target = &options->to, .help = "Last sequence"},
               {.name = "--limit",
                .value_name = "N",
                .target = &options->limit,
                .help = "At most so many events (default: all)"},
               types_option(options->types, "Only events of these types"),
               sources_option(options->sources, "Only events from these sources")},
          .run = [&global, options] { return dump_journal(global, *options); }};
}

Command export_command(const Global& global) {
  return file_command(
      global,
      {.name = "export",
       .summary = "Write journal and registry to a file (docs/journal-file.md)",
       .notes = "What is damaged is left out, reported on standard error, and makes the exit code "
                "1.\n\n"
                "Example:\n  sense journal export /backup/journal.sense"},
      "File to write; must not be there", run_export);
}

Command import_command(const Global& global) {
  return file_command(
      global,
      {.name = "import",
       .summary = "Bring an export into an empty folder, or one it joins on to",
       .notes = "The broker must not run. Of a damaged file nothing is imported. The registry "
                "becomes that of the file.\n\n"
                "Example:\n  sense journal import /backup/journal.sense --data /var/lib/sense"},
      "File that `sense journal export` wrote", run_import);
}

}  // namespace

Result<std::string> journal_folder(const Global& global) {
  std::error_code code;
  if (!global.data.empty()) {
    const auto data = fs::absolute(global.data).lexically_normal();
    if (fs::exists(data / "broker.db", code)) return data.string();
    if (!fs::exists(config_path(global), code)) return (data / "broker").string();
  }
  const auto file = load_config(global);
  if (!file) return tl::unexpected(file.error());
  return file->data + "/broker";
}

Result<JournalView> open_journal(const Global& global) {
  const auto folder = journal_folder(global);
  if (!folder) return tl::unexpected(folder.error());
  return JournalView::open(*folder);
}

JournalView::Progress progress_of(const std::string& what) {
  static constexpr auto pause = std::chrono::seconds{2};
  return [what, told = mono_now()](std::uint64_t done, std::uint64_t all) mutable {
    const auto now = mono_now();
    if (now - told < pause) return;
    told = now;
    say(what + " " + std::to_string(done) + (all == 0 ? "" : " of " + std::to_string(all)));
  };
}

Command journal_command(const Global& global) {
  Command check{.name = "check",
                .summary = "Read everything and print what is damaged or missing",
                .notes =
                    "Exit code 1 when there is damage.\n\n"
                    "Example:\n  sense journal check --json",
                .run = [&global] { return run_check(global); }};
  Command stats{.name = "stats",
                .summary = "Print how much there is, and from when",
                .notes = "Example:\n  sense journal stats",
                .run = [&global] { return run_stats(global); }};
  return {.name = "journal",
          .summary = "Look at, check, save and restore the broker's journal, without the broker",
          .notes =
              "All but import only read, and may run while the broker does.\n\n"
              "Examples:\n"
              "  sense journal check\n"
              "  sense journal export /backup/journal.sense\n"
              "  sense journal import /backup/journal.sense --data /var/lib/sense-new",
          .subcommands = {std::move(check), std::move(stats), dump_command(global),
                          export_command(global), import_command(global)}};
}

}  // namespace sense::cli
