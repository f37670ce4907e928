// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_command.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>

#include "cli/base/output.hpp"
#include "tests/bench/bus/bus_metrics.hpp"
#include "tests/bench/bus/bus_system.hpp"
#include "tests/bench/bus/measure_matrix.hpp"
#include "tests/bench/engine/engine_metrics.hpp"
#include "tests/bench/http/http_metrics.hpp"
#include "tests/bench/report/report.hpp"
#include "tests/bench/sense/gateway_system.hpp"
#include "tests/bench/sense/sense_metrics.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;

struct BusCommandOptions {
  bench::BusOptions bus;
  std::string transport = "ipc";
  std::string peers;
  bool matrix = false;
  std::string table;
};

fs::path this_executable() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

// Checked before minutes of measuring, not after.
Status can_write(const std::string& file) {
  if (file.empty() || std::ofstream(file, std::ios::app)) return {};
  return fail(Code::system, file + " cannot be written: is its folder there?");
}

// Required for a run with results to quote; a quick one only gets a warning.
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

Result<bench::Report> measure(const BusCommandOptions& options) {
  auto report = new_report(options.bus.data, options.bus.quick);
  report.transport = options.transport;
  bench::Runner runner(options.peers, {"/proc/self/exe", "bench", "system"});
  auto metrics = bench::measure_bus(runner, options.bus);
  if (!metrics) return tl::unexpected(metrics.error());
  report.metrics = std::move(*metrics);
  if (options.matrix) {
    auto matrix = bench::measure_matrix(runner, options.bus);
    if (!matrix) return tl::unexpected(matrix.error());
    report.matrix = std::move(*matrix);
  }
  report.absent = runner.absent();
  return report;
}

void print(const bench::Report& report, bool json) {
  if (!json) {
    std::fputs(bench::to_markdown(report).c_str(), stdout);
    return;
  }
  for (const auto& metric : report.metrics) print_line(bench::to_json(metric));
  if (!report.matrix) return;
  for (const auto& metric : bench::metrics_of(*report.matrix)) print_line(bench::to_json(metric));
}

int run_bus(const Global& global, BusCommandOptions options) {
  auto& bus = options.bus;
  if (!global.data.empty()) bus.data = global.data;
  bus.transport = *bench::parse_transport(options.transport);  // one of the choices
  if (const auto good = on_disk(bus.data, bus.quick); !good) return refused(good.error());
  if (options.peers.empty()) options.peers = this_executable().parent_path() / "tests/bench";
  if (auto good = can_write(options.table); !good) return failed(good.error());
  const auto report = measure(options);
  if (!report) return failed(report.error());
  print(*report, global.json);
  if (auto good = write(options.table, bench::to_markdown(*report)); !good)
    return failed(good.error());
  return exit_ok;
}

CommandOption runs_option(unsigned& runs) {
  return {.name = "--runs",
          .value_name = "N",
          .target = &runs,
          .help = "How often each is measured; the median counts",
          .show_default = true,
          .range = NumberRange{1, 100}};
}

CommandOption metric_option(std::vector<std::string>& metrics,
                            std::span<const std::string_view> names) {
  return {.name = "--figure",
          .value_name = "NAME",
          .target = &metrics,
          .help = "Only this one; may be repeated",
          .choices = {names.begin(), names.end()}};
}

Command bus_command(const Global& global) {
  const auto options = std::make_shared<BusCommandOptions>();
  return {
      .name = "bus",
      .summary = "Measure the bus: durable publishing beside its peers, latency, memory, replay",
      .notes =
          "Starts brokers, publishers and subscribers of its own in a temporary folder beside the\n"
          "current one (or in --data), on a real disk, and removes it all at the end.\n\n"
          "Examples:\n"
          "  sense bench bus                                       all figures, some minutes\n"
          "  sense bench bus --matrix --table t.md                 beside all peers, half an hour\n"
          "  sense bench bus --transport curve                     between machines, with keys\n"
          "  sense bench bus --quick                               smoke, no figures to quote\n"
          "  sense bench bus --figure latency_10k_p99 --json       one figure, as JSON",
      .options = {runs_option(options->bus.runs),
                  {.name = "--quick",
                   .target = &options->bus.quick,
                   .help = "Few events: does it run at all?"},
                  metric_option(options->bus.metrics, bench::bus_metric_names()),
                  {.name = "--transport",
                   .value_name = "NAME",
                   .target = &options->transport,
                   .help = "SENSE's transport; curve is tcp with keys, as between machines",
                   .show_default = true,
                   .choices = {"ipc", "tcp", "curve"}},
                  {.name = "--peers",
                   .value_name = "FOLDER",
                   .target = &options->peers,
                   .help = "Folder of the peers' programs (default: tests/bench beside this one)"},
                  {.name = "--matrix",
                   .target = &options->matrix,
                   .help = "Sizes, subscribers and loads beside every peer, too"},
                  {.name = "--table",
                   .value_name = "FILE",
                   .target = &options->table,
                   .help = "Write the tables here, in Markdown"}},
      .run = [&global, options] { return run_bus(global, *options); }};
}

// A benchmark whose result is a list of metrics.
struct MetricBenchmark {
  std::span<const std::string_view> names;
  bool (*needs_disk)(const bench::MetricOptions&);
  Result<std::vector<bench::Metric>> (*measure)(const bench::MetricOptions&);
};

int run_metrics(const Global& global, const MetricBenchmark& each, bench::MetricOptions options,
                const std::string& table) {
  if (!global.data.empty()) options.data = global.data;
  if (!global.plugins.empty()) options.plugins = fs::absolute(global.plugins).string();
  if (each.needs_disk(options))
    if (const auto good = on_disk(options.data, options.quick); !good) return refused(good.error());
  if (auto good = can_write(table); !good) return failed(good.error());
  auto metrics = each.measure(options);
  if (!metrics) return failed(metrics.error());
  for (const auto& metric : *metrics)
    print_line(global.json ? bench::to_json(metric)
                           : metric.name + "  " + bench::shown(metric.value) + " " + metric.unit);
  auto report = new_report(options.data, options.quick);
  report.metrics = std::move(*metrics);
  if (auto good = write(table, bench::metrics_to_markdown(report)); !good)
    return failed(good.error());
  return exit_ok;
}

// Its command.
Command metrics_command(const Global& global, Command command, const MetricBenchmark& each) {
  struct Options {
    bench::MetricOptions metrics;
    std::string table;
  };
  const auto options = std::make_shared<Options>();
  command.options = {runs_option(options->metrics.runs),
                     {.name = "--quick",
                      .target = &options->metrics.quick,
                      .help = "A small part of it: does it run at all?"},
                     metric_option(options->metrics.metrics, each.names),
                     {.name = "--table",
                      .value_name = "FILE",
                      .target = &options->table,
                      .help = "Write a table here, in Markdown"}};
  command.run = [&global, each, options] {
    return run_metrics(global, each, options->metrics, options->table);
  };
  return command;
}

Command engine_command(const Global& global) {
  return metrics_command(
      global,
      {.name = "engine",
       .summary =
           "Measure the delivery engine: memory, matching, fan-out, dead endpoints, subscribing",
       .notes =
           "The engine alone, without broker, plugin or disk; times are processor time. But for\n"
           "subscribe_...: these start a broker and a gateway in a temporary folder beside the "
           "current\n"
           "one (or in --data), on a real disk, create subscriptions by HTTP with callbacks that "
           "are\n"
           "asked, or remembered, and take the time until each is effective.\n\n"
           "Examples:\n"
           "  sense bench engine                                    all figures, some minutes\n"
           "  sense bench engine --quick                            smoke, no figures to quote\n"
           "  sense bench engine --figure match_rate --json         one figure, as JSON"},
      {bench::engine_metric_names(), bench::needs_disk, bench::measure_engine});
}

Command sense_command(const Global& global) {
  return metrics_command(
      global,
      {.name = "sense",
       .summary =
           "Measure the SENSE/1 gateway: acknowledged deliveries, latency, loss, registrations",
       .notes =
           "Starts a broker, a gateway and clients in a temporary folder beside the current one "
           "(or in\n"
           "--data), on a real disk. Events are published on the bus, journalled, sent as "
           "datagrams and\n"
           "acknowledged; beside it, sockets that carry as many octets and do nothing else.\n\n"
           "Examples:\n"
           "  sense bench sense                                     all figures, some minutes\n"
           "  sense bench sense --quick                             smoke, no figures to quote\n"
           "  sense bench sense --figure registration_rate --json   one figure, as JSON"},
      {bench::sense_metric_names(), [](const bench::MetricOptions&) { return true; },
       bench::measure_sense});
}

Command http_command(const Global& global) {
  return metrics_command(
      global,
      {.name = "http",
       .summary = "Measure the HTTP gateway: publishing, 10,000 streams, and callbacks",
       .notes =
           "Starts a broker and a gateway in a temporary folder beside the current one (or in\n"
           "--data), on a real disk. Each publish is answered once its events are stored; 64\n"
           "connections send the next when they are answered. Beside it, the bus without a "
           "gateway.\nCallbacks go to nginx, beside those of libcurl alone; without nginx they are "
           "left out.\n\n"
           "Examples:\n"
           "  sense bench http                                      all figures, some minutes\n"
           "  sense bench http --quick                              smoke, no figures to quote\n"
           "  sense bench http --figure sse_10k_reach --json        one figure, as JSON"},
      {bench::http_metric_names(), [](const bench::MetricOptions&) { return true; },
       bench::measure_http});
}

// `sense bench bus` runs itself by this command; useful under a profiler.
Command system_command(const std::string& name) {
  const auto words = std::make_shared<std::vector<std::string>>();
  return {.name = name,
          .summary = "One workload, once, as one JSON line",
          .notes = "Example:\n  sense bench system kind=throughput events=1000000 octets=256",
          .options = {{.name = "WORDS",
                       .target = words.get(),
                       .help = "KEY=VALUE: kind, events, octets, subscribers, stopped, rate, "
                               "transport, receiver, folder"}},
          .run =
              [words] {
                bench::BusSystem bus;
                bench::GatewaySystem gateway({});
                const bool by_gateway =
                    std::find(words->begin(), words->end(), "receiver=gateway") != words->end();
                return bench::run_system(*words, by_gateway ? gateway : bus);
              },
          .hidden = true};
}

}  // namespace

Command benchmarks_command(const Global& global) {
  constexpr auto former_name = "contestant";  // of `system`: still read
  return {
      .name = "bench",
      .summary = "Measure this machine: the bus beside its peers, the engine, the gateways",
      .notes = "Example:\n  sense bench bus --quick",
      .subcommands = {bus_command(global), engine_command(global), sense_command(global),
                      http_command(global), system_command("system"), system_command(former_name)}};
}

}  // namespace sense::cli
