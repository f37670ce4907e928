// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/event/event.hpp"

// STEP, the status lines of 1996 (docs/step.md): `342 Printer jam`. A line is a code, exactly one
// space and a reason; a line without a code belongs to the last code. Pure: no I/O, no clock.
namespace sense::step {

inline constexpr std::string_view edition = "STEP.SingleLine.CC";
// Octets of a line without its end: the limit of SMTP for such a line (RFC 5321 section 4.5.3.1.5);
// leaves room for the other properties of an event in a datagram of 1,200 octets.
inline constexpr std::size_t line_length_max = 512;

// Splits `code SP reason`: decimal digits, exactly one space, the rest. A second space belongs to
// the reason, which may be empty. Nothing: the line has no code. Views into `line`.
struct CodeAndReason {
  std::string_view code;
  std::string_view reason;
};
[[nodiscard]] std::optional<CodeAndReason> split_line(std::string_view line);

// A line that is not blank.
struct Line {
  std::uint64_t number = 0;  // in the input, from 1; blank lines count
  std::string code;          // its own, or the last one before it; "": none yet
  std::string reason;
  bool carried = false;    // the code is that of an earlier line
  bool doubtful = false;   // carried, although the line begins with a digit
  bool shortened = false;  // cut to line_length_max

  // "342 Cover open": code and reason, also when the line had no code of its own.
  [[nodiscard]] std::string text() const { return code + " " + reason; }
};

// Splits a stream of octets into lines. A line ends with LF or CR LF; lines of spaces and tabs
// alone are skipped. Memory: octets added and not yet taken, of each line at most line_length_max.
// Not thread-safe.
class Reader {
 public:
  void add(std::string_view octets);
  // End of input: the rest is the last line, with or without a line end.
  void end() { ended_ = true; }
  // The next complete line; nothing: more must be added first.
  [[nodiscard]] std::optional<Line> next();
  // Octets of the incomplete last line.
  [[nodiscard]] std::size_t unfinished() const { return ended_ ? 0 : open_; }

 private:
  [[nodiscard]] Line make(std::string_view line);

  std::string text_;      // lines with LF, each cut to kept_max
  std::size_t at_ = 0;    // taken up to here
  std::size_t open_ = 0;  // octets of the incomplete last line
  bool ended_ = false;
  std::uint64_t number_ = 0;
  std::string code_;
};

// The event of a line: edition, datacontenttype and data are set; the publisher sets the rest.
// REQUIRES: the line has a code.
[[nodiscard]] Event event_of(const Line& line);

}  // namespace sense::step
