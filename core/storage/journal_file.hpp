// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense {

// One entry of an exported journal: docs/journal-file.md.
struct JournalFileEntry {
  // As written in the file.
  enum class Kind : std::uint32_t { group = 1, registry = 2, end = 3 };
  Kind kind = Kind::group;
  std::uint64_t first = 0;  // group: its sequences; registry: the revision; end: count of groups
  std::uint64_t last = 0;   // end: count of registry entries
  WallTime time;            // group: of acceptance; end: of the export
  std::string_view octets;  // at most group_octets_max
};

namespace detail {
// Owns an open file.
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
// An open file.
using File = std::unique_ptr<std::FILE, CloseFile>;
}  // namespace detail

// Writes an export. Until finish() has succeeded there is only PATH.part, which the destructor
// removes otherwise. One thread.
class JournalFileWriter {
 public:
  // Fails when the file exists.
  [[nodiscard]] static Result<JournalFileWriter> create(const std::string& path);
  JournalFileWriter(JournalFileWriter&&) noexcept = default;
  ~JournalFileWriter();

  [[nodiscard]] Status write(const JournalFileEntry& entry);
  // Writes the entry `end` with the counts, syncs, and gives the file its name.
  [[nodiscard]] Status finish(WallTime now);

 private:
  JournalFileWriter(std::string path, detail::File file)
      : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] Status put(std::string_view octets);

  std::string path_;
  detail::File file_;
  std::uint64_t chain_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t entries_ = 0;
};

// Reads an export. All returned entries are undamaged, in the order written, and within the limits.
// One thread.
class JournalFileReader {
 public:
  // Fails for files that are no export, and for exports of a newer version.
  [[nodiscard]] static Result<JournalFileReader> open(const std::string& path);

  // The next entry, whose octets are valid until the next call; absent behind the entry `end`. An
  // error names the file and the offset in octets.
  [[nodiscard]] Result<std::optional<JournalFileEntry>> next();
  [[nodiscard]] std::uint64_t place() const { return place_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  JournalFileReader(std::string path, detail::File file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}
  [[nodiscard]] tl::unexpected<Error> damaged(const char* what) const;
  [[nodiscard]] bool get(char* into, std::size_t length);
  [[nodiscard]] Status check_counts(const JournalFileEntry& end);

  std::string path_;
  detail::File file_;
  std::uint64_t size_;
  std::uint64_t place_ = 0;
  std::uint64_t chain_ = 0;
  std::uint64_t groups_ = 0;
  std::uint64_t entries_ = 0;
  bool ended_ = false;
  std::string octets_;
};

}  // namespace sense
