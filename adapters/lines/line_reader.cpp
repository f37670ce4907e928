// SPDX-License-Identifier: Apache-2.0
#include "adapters/lines/line_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::lines {

namespace {

constexpr std::size_t octets_at_once = 16 * 1024;
constexpr unsigned reads_max = 100;  // for one line
constexpr std::size_t position_length_max = 4096;

tl::unexpected<Error> failed(const std::string& path, const char* what) {
  return fail(Code::system, printable(path) + " cannot be " + what + ": " +
                                std::generic_category().message(errno));
}

}  // namespace

Result<std::vector<LineReader::Line>> LineReader::read() {
  std::vector<Line> lines;
  if (!is_open())
    if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  if (!is_open()) return lines;
  std::array<char, octets_at_once> octets{};
  for (unsigned i = 0; i < reads_max; ++i) {
    const auto count = ::read(fd_, octets.data(), octets.size());
    if (count < 0 && errno == EAGAIN) return lines;
    if (count < 0) {
      auto error = failed(path_, "read");
      if (is_replaced()) close();
      return error;
    }
    for (ssize_t at = 0; at < count; ++at) take(octets[static_cast<std::size_t>(at)], lines);
    if (!lines.empty()) return lines;
    if (count == 0) return at_end();
  }
  return lines;  // a line without end
}

std::vector<LineReader::Line> LineReader::at_end() {
  std::vector<Line> lines;
  const bool replaced = is_replaced();
  if ((replaced || is_pipe()) && position_ != line_begin_) end_line(lines);
  if (replaced) close();
  return lines;
}

std::vector<LineReader::Line> LineReader::take_begun() {
  std::vector<Line> lines;
  if (is_open() && is_pipe() && position_ != line_begin_) end_line(lines);
  return lines;
}

Status LineReader::open() {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd_ < 0 && errno == ENOENT) return {};
  if (fd_ < 0) return failed(path_, "opened");
  if (auto begun = begin(); !begun) {
    close();
    return begun;
  }
  was_open_ = true;
  // Stored before a line has the new id, so that a new reader finds it. The next confirm() tells
  // when that cannot be done.
  (void)confirm();
  return {};
}

Status LineReader::begin() {
  if (::fstat(fd_, &opened_) != 0) return failed(path_, "opened");
  const auto known = restore();
  if (!known) return tl::unexpected(known.error());
  if (!*known) {
    file_id_ = random_token(80);
    position_ = 0;
    confirmed_ = -1;
  } else {
    confirmed_ = ::lseek(fd_, position_, SEEK_SET);
  }
  line_begin_ = position_;
  text_.clear();
  return {};
}

// Whether an earlier reader has begun this file, and how far. One that cannot be read is not taken
// for none: the lines would be published again.
Result<bool> LineReader::restore() {
  // Only the first file may be one that an earlier reader has begun.
  if (was_open_ || is_pipe()) return false;
  const auto saved = read_file(path_ + ".position", position_length_max);
  if (!saved && saved.error().code == Code::notfound) return false;
  if (!saved) return tl::unexpected(saved.error());
  ino_t inode = 0;
  return std::istringstream(*saved) >> file_id_ >> inode >> position_ && inode == opened_.st_ino &&
         position_ >= 0 && position_ <= opened_.st_size;
}

void LineReader::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool LineReader::is_replaced() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return false;  // its successor is not there yet
  const bool same = now.st_ino == opened_.st_ino && now.st_dev == opened_.st_dev;
  return !same || (!is_pipe() && now.st_size < position_);
}

void LineReader::take(char octet, std::vector<Line>& lines) {
  ++position_;
  if (octet == '\n') return end_line(lines);
  if (text_.size() <= line_max_) text_ += octet;
}

void LineReader::end_line(std::vector<Line>& lines) {
  Line line{file_id_ + "-" + std::to_string(line_begin_), std::exchange(text_, {}), false};
  line.too_long = line.text.size() > line_max_;
  if (line.too_long) line.text.clear();
  lines.push_back(std::move(line));
  line_begin_ = position_;
}

Status LineReader::confirm() {
  if (is_pipe() || line_begin_ == confirmed_) return {};
  const auto path = path_ + ".position";
  std::ofstream file(path + ".new");
  file << file_id_ << ' ' << opened_.st_ino << ' ' << line_begin_ << '\n';
  file.close();
  if (!file || std::rename((path + ".new").c_str(), path.c_str()) != 0)
    return failed(path, "written");
  confirmed_ = line_begin_;
  return {};
}

}  // namespace sense::lines
