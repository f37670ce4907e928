// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulated_disk.hpp"

#include <sqlite3.h>

#include <new>
#include <optional>
#include <set>

#include "core/base/check.hpp"
#include "tests/simulation/disk_file.hpp"

namespace sense::simulation {

namespace {

using Names = std::map<std::string, std::shared_ptr<DiskFile>>;
struct OpenFile;

struct DueCrash {
  std::string prefix;
  std::uint64_t left = 0;
  SimulatedDisk::Crash crash = SimulatedDisk::Crash::kill;
};

// Of the disk that lives.
struct Disk {
  std::string folder;
  Random random;
  Names names;
  Names durable;  // the directory entries that are synced
  std::set<OpenFile*> open;
  std::optional<DueCrash> due;
  SimulatedDisk::State state = SimulatedDisk::State::well;
  bool syncs = true;
};
std::unique_ptr<Disk> disk;

struct OpenFile {
  sqlite3_file base{};
  std::string name;
  std::shared_ptr<DiskFile> file;
  std::shared_ptr<SharedIndex> index;
  int lock = SQLITE_LOCK_NONE;
  unsigned shared = 0, exclusive = 0;  // its locks in the index, as bits
  bool syncs_directory = false;        // with its next sync, since it is a new journal
  bool removed_when_closed = false;
  bool dead = false;
};
OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

std::string directory_of(const std::string& name) { return name.substr(0, name.rfind('/') + 1); }

void sync_directory(const std::string& directory) {
  if (!disk->syncs) return;
  const auto in_it = [&](const auto& entry) { return directory_of(entry.first) == directory; };
  std::erase_if(disk->durable, in_it);
  for (const auto& entry : disk->names)
    if (in_it(entry)) disk->durable.insert(entry);
}

// Before a call that changes something; an error: it fails.
int refusal(int full, int failing) {
  switch (disk->state) {
    case SimulatedDisk::State::full: return full;
    case SimulatedDisk::State::failing: return failing;
    default: return SQLITE_OK;
  }
}

// Behind a call that has changed something. True: the program that called is dead.
bool crash_if_due(const std::string& name) {
  if (!disk->due || !name.starts_with(disk->due->prefix) || disk->due->left-- > 0) return false;
  const auto due = *std::exchange(disk->due, std::nullopt);
  SimulatedDisk::crash(due.prefix, due.crash);
  return true;
}

int close(sqlite3_file* file) {
  auto& open = of(file);
  if (!open.dead) open.file->unlock(open.lock, SQLITE_LOCK_NONE);
  if (!open.dead && open.removed_when_closed) disk->names.erase(open.name);
  disk->open.erase(&open);
  open.~OpenFile();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* into, int length, sqlite3_int64 at) {
  if (of(file).dead) return SQLITE_IOERR_READ;
  return of(file).file->read(static_cast<char*>(into), static_cast<std::size_t>(length),
                             static_cast<std::size_t>(at))
             ? SQLITE_OK
             : SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int length, sqlite3_int64 at) {
  auto& open = of(file);
  if (open.dead) return SQLITE_IOERR_WRITE;
  if (const int error = refusal(SQLITE_FULL, SQLITE_IOERR_WRITE)) return error;
  open.file->write(static_cast<std::size_t>(at),
                   {static_cast<const char*>(from), static_cast<std::size_t>(length)});
  return crash_if_due(open.name) ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& open = of(file);
  if (open.dead) return SQLITE_IOERR_TRUNCATE;
  if (const int error = refusal(SQLITE_OK, SQLITE_IOERR_TRUNCATE)) return error;
  open.file->truncate(static_cast<std::size_t>(size));
  return crash_if_due(open.name) ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int sync(sqlite3_file* file, int) {
  auto& open = of(file);
  if (open.dead) return SQLITE_IOERR_FSYNC;
  if (const int error = refusal(SQLITE_OK, SQLITE_IOERR_FSYNC)) return error;
  // A crash in it: before anything is on the disk.
  if (crash_if_due(open.name)) return SQLITE_IOERR_FSYNC;
  if (disk->syncs) open.file->sync();
  // As ext4, XFS and Btrfs do: the name of a new file is synced with it. SQLite syncs the directory
  // only for the connection that has made the file, and a kill ends that one.
  const auto named = disk->names.find(open.name);
  if (disk->syncs && named != disk->names.end() && named->second == open.file)
    disk->durable.insert_or_assign(open.name, open.file);
  if (std::exchange(open.syncs_directory, false)) sync_directory(directory_of(open.name));
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& open = of(file);
  if (open.dead) return SQLITE_IOERR_LOCK;
  return open.file->lock(open.lock, level) ? SQLITE_OK : SQLITE_BUSY;
}

int unlock(sqlite3_file* file, int level) {
  if (!of(file).dead) of(file).file->unlock(of(file).lock, level);
  return SQLITE_OK;
}

int map_index(sqlite3_file* file, int region, int size, int extend, void volatile** into) {
  auto& open = of(file);
  *into = nullptr;
  if (open.dead) return SQLITE_IOERR_SHMMAP;
  if (!open.index) open.index = open.file->index();
  *into = open.index->region(static_cast<std::size_t>(region), static_cast<std::size_t>(size),
                             extend != 0);
  return SQLITE_OK;
}

int lock_index(sqlite3_file* file, int first, int count, int flags) {
  auto& open = of(file);
  if (open.dead) return (flags & SQLITE_SHM_UNLOCK) != 0 ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
  auto& index = *open.index;
  const unsigned mask = ((1U << count) - 1) << first;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    index.unlock(open.shared & mask, open.exclusive & mask);
    open.shared &= ~mask;
    open.exclusive &= ~mask;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (!exclusive && (open.shared & mask) == mask) return SQLITE_OK;
  if (!(exclusive ? index.lock_exclusive(mask, open.shared) : index.lock_shared(mask)))
    return SQLITE_BUSY;
  (exclusive ? open.exclusive : open.shared) |= mask;
  return SQLITE_OK;
}

int unmap_index(sqlite3_file* file, int remove) {
  auto& open = of(file);
  if (!open.dead && open.index) {
    open.index->unlock(open.shared, open.exclusive);
    if (remove != 0) open.file->forget_index();
  }
  open.shared = open.exclusive = 0;
  open.index.reset();
  return SQLITE_OK;
}

const sqlite3_io_methods methods = {
    2, close, read, write, truncate, sync,
    [](sqlite3_file* file, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>(of(file).file->size());
      return of(file).dead ? SQLITE_IOERR_FSTAT : SQLITE_OK;
    },
    lock, unlock,
    [](sqlite3_file* file, int* result) {
      *result = of(file).file->is_reserved() ? 1 : 0;
      return SQLITE_OK;
    },
    [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }, [](sqlite3_file*) { return 4096; },
    // As SQLite believes of the disks of Linux.
    [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }, map_index, lock_index,
    [](sqlite3_file*) {}, unmap_index, nullptr, nullptr};

sqlite3_vfs* original = nullptr;
sqlite3_vfs simulated;

bool is_on_disk(const char* name) {
  if (name == nullptr) return false;
  const std::string path = name;
  return path.starts_with(disk->folder) && path.find("/copy.db") == std::string::npos;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  if (!is_on_disk(name)) return original->xOpen(original, name, file, flags, out);
  file->pMethods = nullptr;
  if (const int error = refusal(SQLITE_OK, SQLITE_CANTOPEN)) return error;
  const auto found = disk->names.find(name);
  const bool made = found == disk->names.end();
  if (made && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  auto* open = new (file) OpenFile;
  open->base.pMethods = &methods;
  open->name = name;
  open->file = made ? std::make_shared<DiskFile>() : found->second;
  open->syncs_directory =
      made &&
      (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
  open->removed_when_closed = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  if (made) disk->names.emplace(name, open->file);
  disk->open.insert(open);
  if (out != nullptr) *out = flags;
  return SQLITE_OK;
}

int remove_file(sqlite3_vfs*, const char* name, int synced) {
  if (!is_on_disk(name)) return original->xDelete(original, name, synced);
  if (const int error = refusal(SQLITE_OK, SQLITE_IOERR_DELETE)) return error;
  if (disk->names.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
  if (crash_if_due(name)) return SQLITE_IOERR_DELETE;
  if (synced != 0) sync_directory(directory_of(name));
  return SQLITE_OK;
}

int access(sqlite3_vfs*, const char* name, int flags, int* result) {
  if (!is_on_disk(name)) return original->xAccess(original, name, flags, result);
  const auto found = disk->names.find(name);
  // As on Linux: one that is empty is not there.
  const bool there =
      found != disk->names.end() && (flags != SQLITE_ACCESS_EXISTS || found->second->size() > 0);
  *result = there ? 1 : 0;
  return SQLITE_OK;
}

// Each directory entry that is not synced is as it was or as it is now.
void lose_entries(const std::string& prefix) {
  std::set<std::string> all;
  for (const auto* names : {&disk->names, &disk->durable})
    for (const auto& [name, file] : *names)
      if (name.starts_with(prefix)) all.insert(name);
  for (const auto& name : all) {
    const auto durable = disk->durable.find(name);
    const auto now = disk->names.find(name);
    const bool same = durable != disk->durable.end() && now != disk->names.end() &&
                      durable->second == now->second;
    if (same || one_in(disk->random, 2)) continue;
    disk->names.erase(name);
    if (durable != disk->durable.end()) disk->names.insert(*durable);
  }
}

}  // namespace

SimulatedDisk::SimulatedDisk(std::string folder, std::uint64_t seed) {
  SENSE_CHECK(disk == nullptr);
  disk = std::make_unique<Disk>();
  disk->folder = std::move(folder);
  disk->random.seed(seed);
  original = sqlite3_vfs_find(nullptr);
  simulated = *original;
  simulated.zName = "simulated";
  simulated.szOsFile = std::max(static_cast<int>(sizeof(OpenFile)), original->szOsFile);
  simulated.xOpen = open_file;
  simulated.xDelete = remove_file;
  simulated.xAccess = access;
  SENSE_CHECK(sqlite3_vfs_register(&simulated, 1) == SQLITE_OK);
}

SimulatedDisk::~SimulatedDisk() {
  sqlite3_vfs_unregister(&simulated);
  sqlite3_vfs_register(original, 1);
  SENSE_CHECK(disk->open.empty());
  disk.reset();
}

void SimulatedDisk::crash(const std::string& prefix, Crash crash) {
  if (disk->due && disk->due->prefix == prefix) disk->due.reset();
  for (auto* open : disk->open)
    if (open->name.starts_with(prefix)) open->dead = true;
  if (crash == Crash::power) lose_entries(prefix);
  // One that a dead program has open changes no more, and the file is another object.
  const auto keep = crash == Crash::power ? survival(disk->random) : Survival{};
  for (auto& [name, file] : disk->names) {
    if (!name.starts_with(prefix)) continue;
    const bool durable = disk->durable.contains(name) && disk->durable.at(name) == file;
    file = std::make_shared<DiskFile>(file->after_crash(keep, disk->random));
    if (durable || crash == Crash::power) disk->durable[name] = file;
  }
  if (crash == Crash::power)
    std::erase_if(disk->durable, [&](const auto& entry) {
      return entry.first.starts_with(prefix) && !disk->names.contains(entry.first);
    });
}

void SimulatedDisk::crash_in(const std::string& prefix, std::uint64_t k, Crash crash) {
  disk->due = DueCrash{prefix, k, crash};
}
void SimulatedDisk::disarm() { disk->due.reset(); }
bool SimulatedDisk::crash_is_due() { return disk->due.has_value(); }
void SimulatedDisk::set(State state) { disk->state = state; }
void SimulatedDisk::ignore_syncs() { disk->syncs = false; }

}  // namespace sense::simulation
