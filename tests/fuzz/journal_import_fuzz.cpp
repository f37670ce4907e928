// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include "broker/journal/journal_import.hpp"
#include "broker/journal/store.hpp"
#include "core/storage/journal_file.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/fuzz/fields.hpp"

// Any octets as an exported journal, as they are, and as the content of entries with checksums that
// are right: either nothing is imported, or a journal that the broker opens and that is undamaged.
namespace {

using namespace sense;
using fuzz::require;
using Kind = JournalFileEntry::Kind;

void import(const std::string& path) {
  const TemporaryFolder folder;
  const auto data = folder / "data";
  const auto done =
      import_journal(data, path, [](std::uint64_t at, std::uint64_t all) { require(at <= all); });
  if (!done) {
    require(!done.error().message.empty());
    if (!std::filesystem::exists(Store::path_in(data))) return;
  }
  auto store = Store::open(data);
  require(store.has_value());
  std::uint64_t groups = 0;
  std::uint64_t last = 0;
  const auto read = store->journal().read(1, [&](const JournalGroup& group) {
    require(Store::intact(group) && group.first > last);
    last = group.last;
    ++groups;
    return true;
  });
  require(read.has_value() && groups == (done ? done->groups : 0));
}

// Entries: a kind, two numbers, a length in two octets, and so many octets.
void write_entries(const std::string& path, const std::uint8_t* data, std::size_t size) {
  auto writer = JournalFileWriter::create(path);
  require(writer.has_value());
  while (size >= 5) {
    const auto length = std::min<std::size_t>(data[3] * 256U + data[4], size - 5);
    const auto kind = data[0] == 'r' ? Kind::registry : Kind::group;
    const std::string_view octets(reinterpret_cast<const char*>(data + 5), length);
    (void)writer->write({kind, data[1], data[2], WallTime{}, octets});
    data += 5 + length;
    size -= 5 + length;
  }
  require(writer->finish(WallTime{}).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const TemporaryFolder folder;
  const auto path = folder / "export";
  if (data[0] == 'E')
    write_entries(path, data + 1, size - 1);
  else
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  import(path);
  return 0;
}
