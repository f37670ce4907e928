// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/journal_import.hpp"

#include "broker/journal/store.hpp"
#include "core/storage/journal_file.hpp"

namespace sense {

namespace {

constexpr std::size_t transaction_octets = 32 * 1024 * 1024;

using Progress = std::function<void(std::uint64_t, std::uint64_t)>;
using Take = std::function<Status(const JournalFileEntry&)>;

// kind NUL key NUL value
Result<RegistryEntry> registry_entry(const JournalFileEntry& entry) {
  const auto kind = entry.octets.find('\0');
  const auto key = kind == std::string_view::npos ? kind : entry.octets.find('\0', kind + 1);
  if (key == std::string_view::npos || key + 1 == entry.octets.size())
    return fail(Code::protoerror, "a registry entry has no kind, key or value");
  return RegistryEntry{std::string(entry.octets.substr(0, kind)),
                       std::string(entry.octets.substr(kind + 1, key - kind - 1)), entry.first,
                       std::string(entry.octets.substr(key + 1))};
}

Status each_entry(const std::string& path, std::uint64_t before, const Progress& progress,
                  const Take& take) {
  auto reader = JournalFileReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  for (;;) {
    const auto place = reader->place();
    const auto entry = reader->next();
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) return {};
    if (auto status = take(**entry); !status)
      return fail(status.error().code,
                  path + ", octet " + std::to_string(place) + ": " + status.error().message);
    progress(before * reader->size() + reader->place(), 2 * reader->size());
  }
}

// Checks what the checksums of the file do not cover: order of the groups, and their records.
class FileCheck {
 public:
  Status take(const JournalFileEntry& entry) {
    if (entry.kind == JournalFileEntry::Kind::registry) {
      const auto read = registry_entry(entry);
      return read ? Status() : tl::unexpected(read.error());
    }
    if (entry.kind != JournalFileEntry::Kind::group) return {};
    if (entry.first <= last_ || entry.last < entry.first)
      return fail(Code::protoerror, "groups are not in ascending order");
    if (!holds(entry))
      return fail(Code::protoerror, "the group from sequence " + std::to_string(entry.first) +
                                        " does not hold its records");
    last_ = entry.last;
    return {};
  }

 private:
  static bool holds(const JournalFileEntry& entry) {
    return Store::intact({entry.first, entry.last, entry.time, entry.octets, false});
  }
  std::uint64_t last_ = 0;
};

// The second pass: writes into the store in transactions of transaction_octets.
class Importing {
 public:
  Importing(Store& store, std::uint64_t head) : store_(store), head_(head) {}

  Status take(const JournalFileEntry& entry) {
    if (entry.kind == JournalFileEntry::Kind::registry) return take_registry(entry);
    if (entry.kind == JournalFileEntry::Kind::end) return {};
    if (entry.last <= head_) return compare(entry);
    if (head_ != 0 && done.groups == 0 && entry.first != head_ + 1)
      return fail(Code::badcontext,
                  "the journal ends with sequence " + std::to_string(head_) +
                      ", and the file continues at " + std::to_string(entry.first) +
                      ": sequences between them are missing; import into an empty folder");
    if (auto status = begin(); !status) return status;
    const auto appended =
        store_.journal().append({entry.first, entry.last, entry.time, entry.octets, false});
    if (!appended) return appended;
    ++done.groups;
    done.events += entry.last - entry.first + 1;
    octets_ += entry.octets.size();
    return octets_ >= transaction_octets ? commit() : Status();
  }
  Status finish() {
    if (auto status = begin(); !status) return status;
    if (!registry_replaced_)
      if (auto status = store_.clear_registry(); !status) return status;
    return commit();
  }
  void undo() { store_.rollback(); }

  JournalImport done;

 private:
  Status begin() {
    if (open_) return {};
    open_ = true;
    return store_.begin();
  }
  Status commit() {
    open_ = false;
    octets_ = 0;
    return store_.commit();
  }
  Status take_registry(const JournalFileEntry& entry) {
    if (auto status = begin(); !status) return status;
    if (!registry_replaced_)
      if (auto status = store_.clear_registry(); !status) return status;
    registry_replaced_ = true;
    ++done.registry_entries;
    auto read = registry_entry(entry);
    if (!read) return tl::unexpected(read.error());
    RegistryRow row{std::move(*read), std::nullopt, 0};
    // An unreadable entry is kept; the broker logs it when it starts.
    row.head = head_of(row.entry).value_or(std::nullopt);
    return store_.save(row);
  }
  // Continues an interrupted import; refuses to mix two journals.
  Status compare(const JournalFileEntry& entry) {
    bool same = false;
    const auto status = store_.journal().read(entry.first, [&](const JournalGroup& group) {
      same = group.first == entry.first && group.last == entry.last && group.time == entry.time &&
             group.octets == entry.octets;
      return false;
    });
    if (!status) return status;
    if (!same)
      return fail(Code::badcontext, "the journal has other events from sequence " +
                                        std::to_string(entry.first) +
                                        " on than the file: import into an empty folder");
    ++done.there_already;
    return {};
  }

  Store& store_;
  std::uint64_t head_;
  std::size_t octets_ = 0;
  bool open_ = false;
  bool registry_replaced_ = false;
};

}  // namespace

Result<JournalImport> import_journal(const std::string& data, const std::string& path,
                                     const Progress& progress) {
  FileCheck check;
  auto status = each_entry(path, 0, progress, [&](const auto& entry) { return check.take(entry); });
  if (!status) return tl::unexpected(status.error());
  auto store = Store::open(data);
  if (!store) return tl::unexpected(store.error());
  const auto range = store->journal().range();
  if (!range) return tl::unexpected(range.error());
  Importing importing(*store, range->last);
  status = each_entry(path, 1, progress, [&](const auto& entry) { return importing.take(entry); });
  if (status) status = importing.finish();
  if (!status) {
    importing.undo();
    return tl::unexpected(status.error());
  }
  const auto now = store->journal().range();
  if (!now) return tl::unexpected(now.error());
  importing.done.first = now->first;
  importing.done.last = now->last;
  return importing.done;
}

}  // namespace sense
