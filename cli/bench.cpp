#include <sys/vfs.h>

#include <linux/magic.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cli/arrival.hpp"
#include "cli/bench/bus_figures.hpp"
#include "cli/bench/sense_contestant.hpp"
#include "cli/command.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;

struct Wanted {
  bench::BusBench bench;
  std::string transport = "ipc";
  std::string peers;
};

fs::path this_executable() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

// There a sync costs nothing, and what comes out is about another machine than ours.
bool in_memory(const std::string& folder) {
  struct statfs about {};
  return ::statfs(folder.c_str(), &about) == 0 &&
         (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC);
}

int run_bus(const Global& global, Wanted wanted) {
  auto& bench = wanted.bench;
  if (!global.data.empty()) bench.data = global.data;
  bench.tcp = wanted.transport == "tcp";
  if (in_memory(bench.data)) {
    const auto why = bench.data + " is in memory, where a sync costs nothing";
    if (!bench.quick) return refused(why + ": name a folder on a disk with --data");
    say(why + ": these figures say nothing about a disk");
  }
  if (wanted.peers.empty()) wanted.peers = this_executable().parent_path() / "tests/bench";
  bench::Arena arena(wanted.peers, {"/proc/self/exe", "bench", "contestant"});
  const auto figures = bench::measure_bus(arena, bench);
  if (!figures) return failed(figures.error());
  for (const auto& figure : *figures) print_line(bench::to_json(figure));
  return exit_ok;
}

void add_bus(CLI::App& bench, Cli& cli) {
  auto* command = add_command(
      bench, "bus", "Measure the bus: durable publishing beside its peers, latency, memory, replay",
      "Starts brokers, publishers and subscribers of its own in a temporary folder beside the\n"
      "current one (or in --data), on a real disk, and removes it all at the end.\n\n"
      "Examples:\n"
      "  sense bench bus                                       everything, some minutes\n"
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
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_bus(cli.global, *wanted); }; });
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

void add_bench(CLI::App& app, Cli& cli) {
  auto* command = add_command(app, "bench", "Measure this machine: the bus beside its peers",
                              "Example:\n  sense bench bus --quick");
  command->require_subcommand(1);
  add_bus(*command, cli);
  add_contestant(*command, cli);
}

}  // namespace sense::cli
