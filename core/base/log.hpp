// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

// The log of a process, written to standard error, one line for each message. Any thread. In JSON
// format each line is one object. Control characters in values are escaped, so that values from
// peers cannot forge a line.
namespace sense::log {

// How much a line matters; lines below the configured level are not written.
enum class Level { debug, info, warn, error };
// For people, or for programs.
enum class Format { text, json };

// A value of a line, beside its message. The name is plain ASCII, from code.
struct Field {
  std::string_view name;
  std::string value;
};

// `program` is part of each line, e.g. "gateway http". Call it once at start.
void configure(std::string_view program, Level level, Format format);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

// Allows the first line of a key (usually a sender) in each interval and counts the others. Keeps
// at most keys_max keys; beyond that, new keys share one entry. Thread-safe.
class RateLimiter {
 public:
  static constexpr std::size_t keys_max = 1024;
  explicit RateLimiter(Duration interval) : interval_(interval) {}

  // What to do with a line.
  struct Verdict {
    bool allowed = false;
    std::uint64_t suppressed = 0;  // lines of this key since the last allowed one
  };
  [[nodiscard]] Verdict check(std::string_view key, MonoTime now);

 private:
  struct Entry {
    MonoTime written;
    std::uint64_t suppressed = 0;
  };
  Duration interval_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sense::log
