// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/event/event.hpp"

// STEP, the status lines of 1996 (docs/step.md): `342 Printer jam`. A line is a code, exactly one
// space and a reason; a line without a code says more under the last one. Pure: no I/O, no clock.
namespace sense::step {

inline constexpr std::string_view edition = "STEP.SingleLine.CC";
// Octets of a line without its end; SMTP's bound for such a line (RFC 5321 section 4.5.3.1.5), and
// what leaves room for an event's other properties in a datagram of 1,200.
inline constexpr std::size_t line_length_max = 512;

// `code SP reason` taken apart: decimal digits, exactly one space, all the rest. A second space
// belongs to the reason, which may also be empty. Nothing when the line has no code. Views into
// `line`.
struct CodeAndReason {
  std::string_view code;
  std::string_view reason;
};
[[nodiscard]] std::optional<CodeAndReason> split_line(std::string_view line);

// A line that is not blank.
struct Line {
  std::uint64_t number = 0;  // its place in the input, from 1; blank lines count too
  std::string code;          // its own or the last one before it; "" when there was none yet
  std::string reason;
  bool carried = false;    // the code is not its own
  bool doubtful = false;   // carried, though the line begins with a digit: it may have meant a code
  bool shortened = false;  // it was longer than line_length_max, and ends there

  // "342 Cover open": the code written out, also where the line had none.
  [[nodiscard]] std::string text() const { return code + " " + reason; }
};

// Makes lines of octets that come in any pieces. A line ends with LF or CR LF; one that holds
// nothing but spaces and tabs is passed over. Memory: what was added and not taken yet, of each
// line at most line_length_max octets. Not thread-safe.
class Reader {
 public:
  void add(std::string_view octets);
  // No more comes: what is left is the last line, with or without its end.
  void end() { ended_ = true; }
  // The next whole line; nothing when more must be added first.
  [[nodiscard]] std::optional<Line> next();
  // Octets of a line that has begun and has no end yet.
  [[nodiscard]] std::size_t unfinished() const { return ended_ ? 0 : open_; }

 private:
  [[nodiscard]] Line make(std::string_view line);

  std::string text_;      // lines with LF, each cut to what must be known of it
  std::size_t at_ = 0;    // taken up to here
  std::size_t open_ = 0;  // octets of the last line, which has no end yet
  bool ended_ = false;
  std::uint64_t number_ = 0;
  std::string code_;
};

// The event that a line is: edition, datacontenttype and data are set; all else is for the
// publisher. REQUIRES: the line has a code.
[[nodiscard]] Event event_of(const Line& line);

}  // namespace sense::step
