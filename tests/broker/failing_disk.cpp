// SPDX-License-Identifier: Apache-2.0
#include "tests/broker/failing_disk.hpp"

#include <cstddef>

#include "core/base/check.hpp"

namespace sense {

namespace {

struct State {
  bool armed = false;
  bool index = false;
  bool stays = false;
  bool failed = false;
  FailingDisk::Error error = FailingDisk::Error::io;
  std::uint64_t left = 0;
} state;

bool unsynced = false;

// Whether this call fails.
bool fails() {
  if (!state.armed) return false;
  if (state.failed) return state.stays;
  if (state.left-- > 0) return false;
  state.failed = true;
  return true;
}

bool fails_io() { return state.error == FailingDisk::Error::io && fails(); }

// SQLite allocates szOsFile octets: ours, and behind them those of the file below.
struct File {
  sqlite3_file base;
  bool wal;
};
constexpr std::size_t offset = (sizeof(File) + 15) / 16 * 16;
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + offset);
}
bool is_wal(sqlite3_file* file) { return reinterpret_cast<File*>(file)->wal; }
const sqlite3_io_methods& io(sqlite3_file* file) { return *below(file)->pMethods; }

int write(sqlite3_file* file, const void* octets, int length, sqlite3_int64 at) {
  if (fails()) return state.error == FailingDisk::Error::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  unsynced = unsynced || is_wal(file);
  return io(file).xWrite(below(file), octets, length, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 length) {
  return fails_io() ? SQLITE_IOERR_TRUNCATE : io(file).xTruncate(below(file), length);
}
int sync(sqlite3_file* file, int flags) {
  if (fails_io()) return SQLITE_IOERR_FSYNC;
  unsynced = unsynced && !is_wal(file);
  return io(file).xSync(below(file), flags);
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  const bool refused = state.index && extend != 0 && page > 0;
  if (refused) state.failed = true;
  return refused ? SQLITE_IOERR_SHMSIZE : io(file).xShmMap(below(file), page, size, extend, into);
}

const sqlite3_io_methods methods = {
    2,
    [](sqlite3_file* file) { return io(file).xClose(below(file)); },
    [](sqlite3_file* file, void* into, int length, sqlite3_int64 at) {
      return io(file).xRead(below(file), into, length, at);
    },
    write,
    truncate,
    sync,
    [](sqlite3_file* file, sqlite3_int64* size) { return io(file).xFileSize(below(file), size); },
    [](sqlite3_file* file, int lock) { return io(file).xLock(below(file), lock); },
    [](sqlite3_file* file, int lock) { return io(file).xUnlock(below(file), lock); },
    [](sqlite3_file* file, int* result) {
      return io(file).xCheckReservedLock(below(file), result);
    },
    [](sqlite3_file* file, int operation, void* argument) {
      return io(file).xFileControl(below(file), operation, argument);
    },
    [](sqlite3_file* file) { return io(file).xSectorSize(below(file)); },
    [](sqlite3_file* file) { return io(file).xDeviceCharacteristics(below(file)); },
    shm_map,
    [](sqlite3_file* file, int first, int count, int flags) {
      return io(file).xShmLock(below(file), first, count, flags);
    },
    [](sqlite3_file* file) { io(file).xShmBarrier(below(file)); },
    [](sqlite3_file* file, int remove) { return io(file).xShmUnmap(below(file), remove); },
    nullptr,
    nullptr};

sqlite3_vfs* original = nullptr;
sqlite3_vfs failing;

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  file->pMethods = nullptr;
  reinterpret_cast<File*>(file)->wal = (flags & SQLITE_OPEN_WAL) != 0;
  if (fails_io()) return SQLITE_CANTOPEN;
  const int result = original->xOpen(original, name, below(file), flags, out);
  if (result == SQLITE_OK) file->pMethods = &methods;
  return result;
}

}  // namespace

FailingDisk::FailingDisk() {
  original = sqlite3_vfs_find(nullptr);
  failing = *original;
  failing.zName = "failing";
  failing.szOsFile = static_cast<int>(offset) + original->szOsFile;
  failing.xOpen = open_file;
  SENSE_CHECK(sqlite3_vfs_register(&failing, 1) == SQLITE_OK);
  disarm();
  unsynced = false;
}

FailingDisk::~FailingDisk() {
  disarm();
  sqlite3_vfs_unregister(&failing);
  sqlite3_vfs_register(original, 1);
}

void FailingDisk::arm(Error error, std::uint64_t k, bool stays) {
  state = {true, false, stays, false, error, k};
}
void FailingDisk::refuse_index() { state = {false, true, true, false, Error::io, 0}; }
void FailingDisk::disarm() { state = {}; }
bool FailingDisk::has_failed() { return state.failed; }
bool FailingDisk::has_unsynced() { return unsynced; }

}  // namespace sense
