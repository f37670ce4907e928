// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/journal_view.hpp"

#include <filesystem>

#include "broker/journal/store.hpp"
#include "core/base/text.hpp"
#include "core/storage/journal_file.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::size_t piece_octets = 32 * 1024 * 1024;

// Adds findings for the missing sequences from first to last, except the quarantined ones.
void add_missing(std::vector<JournalView::Finding>& findings, std::uint64_t first,
                 std::uint64_t last, const std::vector<Journal::Quarantined>& quarantined) {
  using Kind = JournalView::Finding::Kind;
  for (const auto& known : quarantined) {
    if (known.last < first || known.first > last) continue;
    if (known.first > first) findings.push_back({Kind::missing, first, known.first - 1});
    first = known.last + 1;
    if (first > last) return;
  }
  findings.push_back({Kind::missing, first, last});
}

}  // namespace

Result<JournalView> JournalView::open(const std::string& data) {
  const auto path = Store::path_in(data);
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return fail(Code::notfound, "there is no journal in " + data +
                                    ": name the folder that a broker uses with --data, or its "
                                    "configuration with --config");
  auto opened = Database::open_damaged(path);
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  auto journal = Journal::open_read_only(*database, Store::intact);
  if (!journal) return tl::unexpected(journal.error());
  return JournalView(path, std::move(database), std::move(*journal));
}

Status JournalView::read(std::uint64_t from, const std::function<bool(const JournalGroup&)>& take) {
  for (;;) {
    std::size_t octets = 0;
    bool more = false;
    const auto status = journal_.read(from, [&](const JournalGroup& group) {
      from = group.last + 1;
      octets += group.octets.size();
      const bool wanted = take(group);
      more = wanted && octets >= piece_octets;
      return wanted && !more;
    });
    if (!status || !more) return status;
  }
}

Status JournalView::registry(const std::function<void(const RegistryEntry&)>& take) {
  auto load = database_->prepare(
      "SELECT kind,key,revision,value FROM registry UNION ALL"
      " SELECT 'subscription',key,revision,value FROM subscription ORDER BY 1,2");
  // A folder of an earlier release, which has one table for all kinds.
  if (!load)
    load = database_->prepare("SELECT kind,key,revision,value FROM registry ORDER BY kind,key");
  if (!load) return tl::unexpected(load.error());
  Status whole;
  for (;;) {
    const auto row = load->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return whole;
    const RegistryEntry entry{std::string(load->octets(0)), std::string(load->octets(1)),
                              static_cast<std::uint64_t>(load->integer(2)),
                              std::string(load->octets(3))};
    // SQLite returns empty columns for a row whose page is truncated.
    if (entry.kind.empty() || entry.key.empty() || entry.value.empty())
      whole = fail(Code::system, "the registry has a row without content");
    else
      take(entry);
  }
}

std::uint64_t JournalView::file_octets() const {
  std::uint64_t octets = 0;
  for (const auto* suffix : {"", "-wal"}) {
    std::error_code code;
    const auto size = std::filesystem::file_size(path_ + suffix, code);
    if (!code) octets += size;
  }
  return octets;
}

// First and last sequence of the journal; an empty range when they cannot be read.
Journal::Range JournalView::known_range() {
  return journal_.range().value_or(Journal::Range{1, 0});
}

void JournalView::check_registry(Check& check) {
  const auto complain = [&](const std::string& sentence) {
    if (check.registry_damaged.size() < registry_damaged_max)
      check.registry_damaged.push_back(sentence);
  };
  const auto status = registry([&](const RegistryEntry& entry) {
    ++check.registry_entries;
    if (entry.kind != "subscription") return;
    if (const auto read = subscription_from_json(entry.value); !read)
      complain("the registry's subscription " + printable(entry.key) +
               " cannot be read: " + read.error().message);
  });
  if (!status) complain("the registry cannot be read to its end: " + status.error().message);
}

Result<JournalView::Check> JournalView::check(const Progress& progress) {
  Check check;
  const auto range = known_range();
  // Without a readable quarantine, its ranges count as missing.
  const auto quarantined = journal_.quarantined().value_or(std::vector<Journal::Quarantined>());
  for (const auto& known : quarantined)
    check.findings.push_back({Finding::Kind::quarantined, known.first, known.last});
  std::uint64_t expected = 0;
  const auto status = read(range.first, [&](const JournalGroup& group) {
    if (check.findings.size() > findings_max) return false;
    if (expected != 0 && group.first > expected)
      add_missing(check.findings, expected, group.first - 1, quarantined);
    expected = group.last + 1;
    if (group.damaged) {
      check.findings.push_back({Finding::Kind::damaged, group.first, group.last});
      return true;
    }
    if (check.first == 0) check.first = group.first;
    check.last = group.last;
    ++check.groups;
    check.events += group.last - group.first + 1;
    check.octets += group.octets.size();
    progress(group.last, range.last);
    return true;
  });
  if (!status) return tl::unexpected(status.error());
  for (const auto& finding : check.findings) check.events_lost += finding.last - finding.first + 1;
  check_registry(check);
  return check;
}

Result<JournalView::Stats> JournalView::stats() {
  Stats stats;
  const auto range = journal_.range();
  if (!range) return tl::unexpected(range.error());
  const auto groups = journal_.stats();
  if (!groups) return tl::unexpected(groups.error());
  auto quarantined = journal_.quarantined();
  if (!quarantined) return tl::unexpected(quarantined.error());
  stats.range = *range;
  stats.groups = *groups;
  stats.quarantined = std::move(*quarantined);
  const auto status = registry([&](const RegistryEntry& entry) { ++stats.registry[entry.kind]; });
  if (!status) return tl::unexpected(status.error());
  return stats;
}

Result<JournalView::Export> JournalView::export_to(const std::string& path, WallTime now,
                                                   const Progress& progress) {
  Export done;
  auto writer = JournalFileWriter::create(path);
  if (!writer) return tl::unexpected(writer.error());
  const auto range = known_range();
  auto from = range.first;
  Status written;
  const auto take = [&](const JournalGroup& group) {
    from = group.last + 1;
    progress(group.last, range.last);
    if (group.damaged) {
      if (done.damaged.size() < findings_max)
        done.damaged.push_back({Finding::Kind::damaged, group.first, group.last});
      return true;
    }
    written = writer->write(
        {JournalFileEntry::Kind::group, group.first, group.last, group.time, group.octets});
    ++done.groups;
    done.events += group.last - group.first + 1;
    return written.has_value();
  };
  auto status = read(from, take);
  if (status && !written) status = written;
  if (!status) return tl::unexpected(status.error());
  // The newest groups and the registry are read in one transaction, so that they are consistent.
  if (status = database_->execute("BEGIN"); !status) return tl::unexpected(status.error());
  status = read(from, take);
  if (!status) return tl::unexpected(status.error());
  const auto listed = registry([&](const RegistryEntry& entry) {
    const auto octets = entry.kind + '\0' + entry.key + '\0' + entry.value;
    if (written)
      written =
          writer->write({JournalFileEntry::Kind::registry, entry.revision, 0, WallTime{}, octets});
    ++done.registry_entries;
  });
  database_->rollback();
  if (!listed) done.registry_cut_short = listed.error().message;
  if (written) written = writer->finish(now);
  if (!written) return tl::unexpected(written.error());
  return done;
}

}  // namespace sense
