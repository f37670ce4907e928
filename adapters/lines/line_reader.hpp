// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace sense::lines {

// Reads the lines of a file or a named pipe. A file is read from its start and followed as it
// grows; when another file takes its place, or when it was truncated, that one is read from its
// start. How much of a file is confirmed stands in PATH.position, where a new reader goes on. A
// pipe may have one writer after another. One thread at a time; may block on a disk, not on a pipe.
class LineReader {
 public:
  struct Line {
    std::string id;    // the same when the line is read again after a restart, if it is a file's
    std::string text;  // without its line end; empty when too_long
    bool too_long = false;
  };
  LineReader(std::string path, std::size_t line_max)
      : path_(std::move(path)), line_max_(line_max) {}
  ~LineReader() { close(); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The lines in the next 16 KiB, or the next line when it is longer; none when there is nothing to
  // read at present, or nothing at the path yet. A last line without line end counts when no writer
  // has the pipe open any more, or when another file has taken the file's place. Fails with the
  // path when the file or its position cannot be opened or read; the next call tries again, where
  // it was.
  [[nodiscard]] Result<std::vector<Line>> read();
  // Every line that was handed out is dealt with. Fails when that cannot be stored: a new reader
  // then hands out lines again.
  [[nodiscard]] Status confirm();
  // For the end: the begun line of a pipe, if there is one, since a new reader would get its rest
  // alone. That of a file is read again.
  [[nodiscard]] std::vector<Line> take_begun();
  // False while there is nothing at the path, or it cannot be opened.
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  [[nodiscard]] Status open();
  [[nodiscard]] Status begin();
  [[nodiscard]] Result<bool> restore();
  void close();
  [[nodiscard]] bool is_pipe() const { return S_ISFIFO(opened_.st_mode); }
  [[nodiscard]] bool is_replaced() const;
  [[nodiscard]] std::vector<Line> at_end();
  void take(char octet, std::vector<Line>& lines);
  void end_line(std::vector<Line>& lines);

  const std::string path_;
  const std::size_t line_max_;
  int fd_ = -1;
  struct stat opened_ {};
  bool was_open_ = false;
  std::string file_id_;  // drawn when a file is begun at its start
  off_t position_ = 0;   // of what is read next
  off_t line_begin_ = 0;
  off_t confirmed_ = 0;  // -1: nothing of the open file yet
  std::string text_;     // of the unfinished line, at most line_max_ + 1 octets
};

}  // namespace sense::lines
