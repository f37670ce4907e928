// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "cli/listen/received_event.hpp"
#include "tests/bench/bus/bus_metrics.hpp"
#include "tests/bench/bus/bus_system.hpp"
#include "tests/bench/bus/measure_matrix.hpp"
#include "tests/bench/engine/engine_metrics.hpp"
#include "tests/bench/report/report.hpp"
#include "tests/bench/sense/sense_metrics.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;

struct Wanted {
  bench::BusBench bench;
  std::string transport = "ipc";
  std::string peers;
  bool matrix = false;
  std::string table;
  std::string svg;
};

fs::path this_executable() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

// Asked before minutes of measuring, not after.
Status can_write(const std::string& file) {
  if (file.empty() || std::ofstream(file, std::ios::app)) return {};
  return fail(Code::system, file + " cannot be written: is its folder there?");
}

// A run that is to be quoted needs one; a quick one is told.
Status on_disk(const std::string& data, bool quick) {
  if (!bench::in_memory(data)) return {};
  const auto why = "the folder " + data + " is in memory, where a sync costs nothing";
  if (!quick) return fail(Code::badparam, why + ": name one on a disk with --data");
  say(why + ": these figures say nothing about a disk");
  return {};
}

Status write(const std::string& file, const std::string& text) {
  if (file.empty()) return {};
  std::ofstream out(file);
  out << text;
  if (!out.flush()) return fail(Code::system, file + " could not be written to its end");
  return {};
}

bench::Report new_report(const std::string& data, bool quick) {
  bench::Report report;
  report.date = to_rfc3339(system_clock().now().wall).substr(0, 10);
  report.machine = bench::this_machine(data);
  report.quick = quick;
  return report;
}

Result<bench::Report> measure(const Wanted& wanted) {
  auto report = new_report(wanted.bench.data, wanted.bench.quick);
  report.transport = wanted.transport;
  bench::Arena arena(wanted.peers, {"/proc/self/exe", "bench", "contestant"});
  auto figures = bench::measure_bus(arena, wanted.bench);
  if (!figures) return tl::unexpected(figures.error());
  report.figures = std::move(*figures);
  if (wanted.matrix) {
    auto matrix = bench::measure_matrix(arena, wanted.bench);
    if (!matrix) return tl::unexpected(matrix.error());
    report.matrix = std::move(*matrix);
  }
  report.absent = arena.absent();
  return report;
}

void print(const bench::Report& report, bool json) {
  if (!json) {
    std::fputs(bench::to_markdown(report).c_str(), stdout);
    return;
  }
  for (const auto& figure : report.figures) print_line(bench::to_json(figure));
  if (!report.matrix) return;
  for (const auto& figure : bench::figures_of(*report.matrix)) print_line(bench::to_json(figure));
}

int run_bus(const Global& global, Wanted wanted) {
  auto& bench = wanted.bench;
  if (!global.data.empty()) bench.data = global.data;
  bench.tcp = wanted.transport == "tcp";
  if (const auto good = on_disk(bench.data, bench.quick); !good) return refused(good.error());
  if (wanted.peers.empty()) wanted.peers = this_executable().parent_path() / "tests/bench";
  for (const auto& file : {wanted.table, wanted.svg})
    if (auto good = can_write(file); !good) return failed(good.error());
  const auto report = measure(wanted);
  if (!report) return failed(report.error());
  print(*report, global.json);
  if (auto good = write(wanted.table, bench::to_markdown(*report)); !good)
    return failed(good.error());
  if (auto good = write(wanted.svg, bench::to_svg(*report)); !good) return failed(good.error());
  return exit_ok;
}

void add_bus(CLI::App& bench, Cli& cli) {
  auto* command = add_command(
      bench, "bus", "Measure the bus: durable publishing beside its peers, latency, memory, replay",
      "Starts brokers, publishers and subscribers of its own in a temporary folder beside the\n"
      "current one (or in --data), on a real disk, and removes it all at the end.\n\n"
      "Examples:\n"
      "  sense bench bus                                       all figures, some minutes\n"
      "  sense bench bus --matrix --table t.md --svg c.svg     beside all peers, half an hour\n"
      "  sense bench bus --quick                               smoke, no figures to quote\n"
      "  sense bench bus --figure latency_10k_p99 --json       one figure, as JSON");
  const auto wanted = std::make_shared<Wanted>();
  std::vector<std::string> names;
  for (const auto name : bench::bus_figure_names()) names.emplace_back(name);
  command->add_option("--runs", wanted->bench.runs, "How often each is measured; the median counts")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->add_flag("--quick", wanted->bench.quick, "Few events: does it run at all?");
  command->add_option("--figure", wanted->bench.figures, "Only this one; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  command->add_option("--transport", wanted->transport, "SENSE's transport: ipc or tcp")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(CLI::IsMember({"ipc", "tcp"}));
  command
      ->add_option("--peers", wanted->peers,
                   "Folder of the peers' programs (default: tests/bench beside this one)")
      ->type_name("FOLDER");
  command->add_flag("--matrix", wanted->matrix,
                    "Sizes, subscribers and loads beside every peer, too");
  command->add_option("--table", wanted->table, "Write the tables here, in Markdown")
      ->type_name("FILE");
  command->add_option("--svg", wanted->svg, "Write a chart here")->type_name("FILE");
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_bus(cli.global, *wanted); }; });
}

// A benchmark that answers figures, and how it is asked for.
struct FigureBench {
  std::span<const std::string_view> names;
  bool (*needs_disk)(const bench::FiguresWanted&);
  Result<std::vector<bench::Figure>> (*measure)(const bench::FiguresWanted&);
};

int run_figures(const Global& global, const FigureBench& each, bench::FiguresWanted wanted,
                const std::string& table) {
  if (!global.data.empty()) wanted.data = global.data;
  if (!global.plugins.empty()) wanted.plugins = fs::absolute(global.plugins).string();
  if (each.needs_disk(wanted))
    if (const auto good = on_disk(wanted.data, wanted.quick); !good) return refused(good.error());
  if (auto good = can_write(table); !good) return failed(good.error());
  auto figures = each.measure(wanted);
  if (!figures) return failed(figures.error());
  for (const auto& figure : *figures)
    print_line(global.json ? bench::to_json(figure)
                           : figure.name + "  " + bench::shown(figure.value) + " " + figure.unit);
  auto report = new_report(wanted.data, wanted.quick);
  report.figures = std::move(*figures);
  if (auto good = write(table, bench::figures_to_markdown(report)); !good)
    return failed(good.error());
  return exit_ok;
}

void add_figures(CLI::App* command, Cli& cli, const FigureBench& each) {
  const auto wanted = std::make_shared<bench::FiguresWanted>();
  const std::vector<std::string> names(each.names.begin(), each.names.end());
  command->add_option("--runs", wanted->runs, "How often each is measured; the median counts")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->add_flag("--quick", wanted->quick, "A small part of it: does it run at all?");
  command->add_option("--figure", wanted->figures, "Only this one; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  const auto table = std::make_shared<std::string>();
  command->add_option("--table", *table, "Write a table here, in Markdown")->type_name("FILE");
  command->callback([&cli, each, wanted, table] {
    cli.run = [&cli, each, wanted, table] {
      return run_figures(cli.global, each, *wanted, *table);
    };
  });
}

void add_engine(CLI::App& bench, Cli& cli) {
  auto* command = add_command(
      bench, "engine",
      "Measure the delivery engine: memory, matching, fan-out, dead endpoints, subscribing",
      "The engine alone, without broker, plugin or disk; times are processor time. But for\n"
      "subscribe_...: these start a broker and a gateway in a temporary folder beside the current\n"
      "one (or in --data), on a real disk, create subscriptions by HTTP with callbacks that are\n"
      "asked, or remembered, and take the time until each is effective.\n\n"
      "Examples:\n"
      "  sense bench engine                                    all figures, some minutes\n"
      "  sense bench engine --quick                            smoke, no figures to quote\n"
      "  sense bench engine --figure match_rate --json         one figure, as JSON");
  add_figures(command, cli,
              {bench::engine_figure_names(), bench::needs_disk, bench::measure_engine});
}

void add_sense(CLI::App& bench, Cli& cli) {
  auto* command = add_command(
      bench, "sense",
      "Measure the SENSE/1 gateway: acknowledged deliveries, latency, loss, registrations",
      "Starts a broker, a gateway and clients in a temporary folder beside the current one (or in\n"
      "--data), on a real disk. Events are published on the bus, journalled, sent as datagrams "
      "and\n"
      "acknowledged; beside it, sockets that carry as many octets and do nothing else.\n\n"
      "Examples:\n"
      "  sense bench sense                                     all figures, some minutes\n"
      "  sense bench sense --quick                             smoke, no figures to quote\n"
      "  sense bench sense --figure registration_rate --json   one figure, as JSON");
  add_figures(command, cli,
              {bench::sense_figure_names(), [](const bench::FiguresWanted&) { return true; },
               bench::measure_sense});
}

// What `sense bench bus` runs itself as; useful under a profiler.
void add_contestant(CLI::App& bench, Cli& cli) {
  auto* command = add_command(bench, "contestant", "One workload, once, as one JSON line",
                              "Example:\n"
                              "  sense bench contestant kind=throughput events=1000000 octets=256");
  command->group("");
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("WORDS", *words,
                      "KEY=VALUE: kind, events, octets, subscribers, rate, "
                      "transport, folder");
  command->callback([&cli, words] {
    cli.run = [words] {
      bench::SenseContestant contestant;
      return bench::run_contestant(*words, contestant);
    };
  });
}

}  // namespace

void add_benchmarks(CLI::App& app, Cli& cli) {
  auto* command =
      add_command(app, "bench",
                  "Measure this machine: the bus beside its peers, the engine, the SENSE/1 gateway",
                  "Example:\n  sense bench bus --quick");
  command->require_subcommand(1);
  add_bus(*command, cli);
  add_engine(*command, cli);
  add_sense(*command, cli);
  add_contestant(*command, cli);
}

}  // namespace sense::cli
