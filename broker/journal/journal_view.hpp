// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/storage/journal.hpp"

namespace sense {

// The broker's database for `sense journal`: opened read-only, so that the broker may run, and also
// when it is damaged or truncated. One thread.
class JournalView {
 public:
  // Called repeatedly with the amount done and the whole amount.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

  // `data` is the broker's folder. Fails with notfound when it contains no journal.
  [[nodiscard]] static Result<JournalView> open(const std::string& data);

  [[nodiscard]] Journal& journal() { return journal_; }
  // As Journal::read, but in pieces, between which a running broker can restart its WAL.
  [[nodiscard]] Status read(std::uint64_t from,
                            const std::function<bool(const JournalGroup&)>& take);
  // Calls `take` for each entry that can be read, ordered by kind and key; fails when that is not
  // all.
  [[nodiscard]] Status registry(const std::function<void(const RegistryEntry&)>& take);
  // Octets on the disk: the database and its WAL.
  [[nodiscard]] std::uint64_t file_octets() const;

  // Sequences first..last that cannot be read.
  struct Finding {
    enum class Kind { damaged, missing, quarantined };
    Kind kind;
    std::uint64_t first;
    std::uint64_t last;
  };
  // The result of check().
  struct Check {
    std::uint64_t first = 0;  // of the readable groups; 0: none
    std::uint64_t last = 0;
    std::uint64_t groups = 0;  // intact ones
    std::uint64_t events = 0;
    std::uint64_t octets = 0;
    std::uint64_t events_lost = 0;  // in the findings
    std::uint64_t registry_entries = 0;
    std::vector<std::string> registry_damaged;  // sentences; at most registry_damaged_max
    std::vector<Finding> findings;              // in order; at most findings_max
    [[nodiscard]] bool good() const { return findings.empty() && registry_damaged.empty(); }
  };
  static constexpr std::size_t findings_max = 10'000;
  static constexpr std::size_t registry_damaged_max = 100;
  // Reads everything: checksums, records, sequences, registry.
  [[nodiscard]] Result<Check> check(const Progress& progress);

  // The result of stats().
  struct Stats {
    Journal::Range range;
    Journal::Stats groups;
    std::vector<Journal::Quarantined> quarantined;
    std::map<std::string, std::uint64_t> registry;  // by kind
  };
  [[nodiscard]] Result<Stats> stats();

  // The result of export_to().
  struct Export {
    std::uint64_t groups = 0;
    std::uint64_t events = 0;
    std::uint64_t registry_entries = 0;
    std::vector<Finding> damaged;    // not exported; at most findings_max
    std::string registry_cut_short;  // why, when the registry could not be read to its end
  };
  // Groups and registry into a new file (docs/journal-file.md).
  [[nodiscard]] Result<Export> export_to(const std::string& path, WallTime now,
                                         const Progress& progress);

 private:
  JournalView(std::string path, std::unique_ptr<Database> database, Journal journal)
      : path_(std::move(path)), database_(std::move(database)), journal_(std::move(journal)) {}
  void check_registry(Check& check);
  [[nodiscard]] Journal::Range known_range();

  std::string path_;
  std::unique_ptr<Database> database_;
  Journal journal_;
};

}  // namespace sense
