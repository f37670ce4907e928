// SPDX-License-Identifier: Apache-2.0
#include "core/storage/journal_file.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/storage/journal.hpp"

namespace sense {

namespace {

constexpr std::string_view magic = "SENSEJNL";
constexpr std::uint64_t file_version = 1;
constexpr std::size_t header_length = 24;
constexpr std::size_t entry_length = 40;

void put_number(std::string& out, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i) & 0xffU);
}

std::uint64_t number_at(std::string_view octets, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;)
    number = number << 8U | static_cast<unsigned char>(octets[at + i]);
  return number;
}

std::uint64_t chained(std::string_view head, std::string_view octets, std::uint64_t before) {
  const auto seed = XXH3_64bits_withSeed(head.data(), head.size(), before);
  return XXH3_64bits_withSeed(octets.data(), octets.size(), seed);
}

Error because(const std::string& what) {
  const auto code = errno == ENOSPC || errno == EDQUOT ? Code::nomoreroom : Code::system;
  return {code, what + ": " + std::strerror(errno)};
}

// Syncs the folder, so that the file's name survives a power cut.
bool sync_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const detail::File file(std::fopen(folder.empty() ? "." : folder.c_str(), "r"));
  return file && ::fsync(::fileno(file.get())) == 0;
}

}  // namespace

Result<JournalFileWriter> JournalFileWriter::create(const std::string& path) {
  if (std::filesystem::exists(path))
    return fail(Code::badparam, path + " exists already: name another file, or remove it");
  detail::File file(std::fopen((path + ".part").c_str(), "we"));
  if (!file) return tl::unexpected(because("cannot write " + path + ".part"));
  JournalFileWriter writer(path, std::move(file));
  std::string header(magic);
  put_number(header, file_version);
  writer.chain_ = XXH3_64bits(header.data(), header.size());
  put_number(header, writer.chain_);
  if (auto status = writer.put(header); !status) return tl::unexpected(status.error());
  return writer;
}

JournalFileWriter::~JournalFileWriter() {
  if (file_) std::remove((path_ + ".part").c_str());
}

Status JournalFileWriter::put(std::string_view octets) {
  if (octets.empty()) return {};  // its pointer may be null
  if (std::fwrite(octets.data(), 1, octets.size(), file_.get()) != octets.size())
    return tl::unexpected(because("cannot write " + path_ + ".part"));
  return {};
}

Status JournalFileWriter::write(const JournalFileEntry& entry) {
  std::string head;
  put_number(head, static_cast<std::uint64_t>(entry.kind));
  put_number(head, entry.first);
  put_number(head, entry.last);
  put_number(head, static_cast<std::uint64_t>(to_micros(entry.time)));
  put_number(head, entry.octets.size());
  chain_ = chained(head, entry.octets, chain_);
  if (entry.kind == JournalFileEntry::Kind::group) ++groups_;
  if (entry.kind == JournalFileEntry::Kind::registry) ++entries_;
  std::string checksum;
  put_number(checksum, chain_);
  for (const auto part : {std::string_view(head), entry.octets, std::string_view(checksum)})
    if (auto status = put(part); !status) return status;
  return {};
}

Status JournalFileWriter::finish(WallTime now) {
  auto status = write({JournalFileEntry::Kind::end, groups_, entries_, now, {}});
  if (!status) return status;
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0)
    return tl::unexpected(because("cannot write " + path_ + ".part"));
  if (std::rename((path_ + ".part").c_str(), path_.c_str()) != 0 || !sync_folder(path_))
    return tl::unexpected(because("cannot give " + path_ + " its name"));
  file_.reset();
  return {};
}

Result<JournalFileReader> JournalFileReader::open(const std::string& path) {
  detail::File file(std::fopen(path.c_str(), "re"));
  if (!file) return tl::unexpected(because("cannot read " + path));
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  if (code) return fail(Code::badparam, path + " is no file that can be imported");
  JournalFileReader reader(path, std::move(file), size);
  std::array<char, header_length> header{};
  const std::string_view view(header.data(), header.size());
  if (!reader.get(header.data(), header.size()) || !view.starts_with(magic))
    return fail(Code::badparam, path + " was not written by `sense journal export`");
  reader.chain_ = XXH3_64bits(view.data(), header_length - 8);
  if (number_at(view, 16) != reader.chain_) return reader.damaged("the header's checksum is wrong");
  if (number_at(view, 8) > file_version)
    return fail(Code::badcontext, path + " was written by a newer version of SENSE (format " +
                                      std::to_string(number_at(view, 8)) +
                                      "); this one reads format 1: import it with the newer one");
  return reader;
}

tl::unexpected<Error> JournalFileReader::damaged(const char* what) const {
  return fail(Code::protoerror,
              path_ + " is damaged at octet " + std::to_string(place_) + ": " + what);
}

bool JournalFileReader::get(char* into, std::size_t length) {
  if (std::fread(into, 1, length, file_.get()) != length) return false;
  place_ += length;
  return true;
}

Status JournalFileReader::check_counts(const JournalFileEntry& end) {
  if (end.first != groups_ || end.last != entries_) return damaged("entries are missing");
  if (place_ != size_) return damaged("octets follow the end");
  return {};
}

Result<std::optional<JournalFileEntry>> JournalFileReader::next() {
  if (ended_) return std::nullopt;
  std::array<char, entry_length> header{};
  const std::string_view head(header.data(), header.size());
  if (!get(header.data(), header.size())) return damaged("it is cut short");
  const auto length = number_at(head, 32);
  if (length > group_octets_max || length > size_ - place_)
    return damaged("an entry is longer than the file or its limit");
  octets_.resize(static_cast<std::size_t>(length));
  std::array<char, 8> checksum{};
  if (!get(octets_.data(), octets_.size()) || !get(checksum.data(), checksum.size()))
    return damaged("it is cut short");
  chain_ = chained(head, octets_, chain_);
  if (number_at({checksum.data(), checksum.size()}, 0) != chain_)
    return damaged("the checksum of an entry is wrong");
  const JournalFileEntry entry{
      static_cast<JournalFileEntry::Kind>(number_at(head, 0)), number_at(head, 8),
      number_at(head, 16), from_micros(static_cast<std::int64_t>(number_at(head, 24))), octets_};
  switch (entry.kind) {
    case JournalFileEntry::Kind::group: ++groups_; break;
    case JournalFileEntry::Kind::registry: ++entries_; break;
    case JournalFileEntry::Kind::end:
      ended_ = true;
      if (auto status = check_counts(entry); !status) return tl::unexpected(status.error());
      break;
    default: return damaged("an entry is of a kind that is not known");
  }
  return entry;
}

}  // namespace sense
