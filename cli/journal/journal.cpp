// SPDX-License-Identifier: Apache-2.0
#include "cli/journal/journal.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "broker/journal/journal_import.hpp"
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

using Run = std::function<int(const Global&, const std::string&)>;

// A command that takes a file, or none when `argument` is null.
void add_run(CLI::App& app, Cli& cli, const char* name, const char* help, const char* examples,
             const char* argument, const Run& run) {
  auto* command = add_command(app, name, help, examples);
  const auto path = std::make_shared<std::string>();
  if (argument != nullptr) command->add_option("FILE", *path, argument)->required();
  command->callback(
      [&cli, run, path] { cli.run = [&cli, run, path] { return run(cli.global, *path); }; });
}

void add_dump(CLI::App& app, Cli& cli) {
  auto* command = add_command(app, "dump", "Print events as CloudEvents, one JSON object a line",
                              "What is damaged is left out, told on standard error, and makes the "
                              "exit code 1.\n\n"
                              "Example:\n  sense journal dump --from 1000 --to 1999 "
                              "--type '{urn:example}*'");
  const auto wanted = std::make_shared<JournalDump>();
  command->add_option("--from", wanted->from, "First sequence")->type_name("N");
  command->add_option("--to", wanted->to, "Last sequence")->type_name("N");
  command->add_option("--limit", wanted->limit, "At most so many events (default: all)")
      ->type_name("N");
  add_types(*command, wanted->types, "Only events of these types");
  add_sources(*command, wanted->sources, "Only events from these sources");
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return dump_journal(cli.global, *wanted); }; });
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
  return [what, told = std::chrono::steady_clock::now()](std::uint64_t done,
                                                         std::uint64_t all) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - told < pause) return;
    told = now;
    say(what + " " + std::to_string(done) + (all == 0 ? "" : " of " + std::to_string(all)));
  };
}

void add_journal(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "journal", "Look at, check, save and restore the broker's journal, without the broker",
      "All but import only read, and may run while the broker does.\n\n"
      "Examples:\n"
      "  sense journal check\n"
      "  sense journal export /backup/journal.sense\n"
      "  sense journal import /backup/journal.sense --data /var/lib/sense-new");
  command->require_subcommand(1);
  add_run(*command, cli, "check", "Read everything and print what is damaged or missing",
          "Exit code 1 when there is damage.\n\nExample:\n  sense journal check --json", nullptr,
          [](const Global& global, const std::string&) { return run_check(global); });
  add_run(*command, cli, "stats", "Print how much there is, and from when",
          "Example:\n  sense journal stats", nullptr,
          [](const Global& global, const std::string&) { return run_stats(global); });
  add_dump(*command, cli);
  add_run(*command, cli, "export", "Write journal and registry to a file (docs/journal-file.md)",
          "What is damaged is left out, told on standard error, and makes the exit code 1.\n\n"
          "Example:\n  sense journal export /backup/journal.sense",
          "File to write; must not be there", run_export);
  add_run(*command, cli, "import", "Bring an export into an empty folder, or one it joins on to",
          "The broker must not run. Of a damaged file nothing is imported. The registry becomes "
          "that of the file.\n\n"
          "Example:\n  sense journal import /backup/journal.sense --data /var/lib/sense",
          "File that `sense journal export` wrote", run_import);
}

}  // namespace sense::cli
