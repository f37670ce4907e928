// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::log {

namespace {

struct State {
  std::shared_ptr<spdlog::logger> logger = spdlog::stderr_color_mt("sense");
  std::string program = "sense";
  Format format = Format::text;
  State() {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
  }
};

State& state() {
  static State instance;
  return instance;
}

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "info";
}

bool plain(const std::string& value) {
  for (const char c : value)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) > 126)
      return false;
  return !value.empty();
}

std::string as_text(std::string_view message, std::initializer_list<Field> fields) {
  std::string line = state().program + ": " + printable(message);
  for (const auto& field : fields) {
    line += " ";
    line += field.name;
    line += "=";
    line += plain(field.value) ? field.value : json_string_ascii(field.value);
  }
  return line;
}

std::string as_json(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "{";
  const auto put = [&line](std::string_view member, std::string_view value) {
    line += line.size() > 1 ? "," : "";
    line += json_string_ascii(member) + ":" + json_string_ascii(value);
  };
  put("time", to_rfc3339(system_clock().now().wall));
  put("level", name(level));
  put("program", state().program);
  put("message", message);
  for (const auto& field : fields) put(field.name, field.value);
  return line + "}";
}

}  // namespace

void configure(std::string_view program, Level level, Format format) {
  auto& current = state();
  current.program = program;
  current.format = format;
  current.logger->set_level(native(level));
  current.logger->flush_on(spdlog::level::debug);
  if (format == Format::json) current.logger->set_pattern("%v");
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  auto& current = state();
  if (!current.logger->should_log(native(level))) return;
  current.logger->log(
      native(level), "{}",
      current.format == Format::json ? as_json(level, message, fields) : as_text(message, fields));
}

RateLimiter::Verdict RateLimiter::check(std::string_view key, MonoTime now) {
  const std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= keys_max)
      std::erase_if(entries_, [&](const auto& e) { return now - e.second.written > interval_; });
    if (entries_.size() >= keys_max) key = "";
    const auto [entry, fresh] = entries_.try_emplace(std::string(key), Entry{now, 0});
    if (fresh) return {true, 0};
    found = entry;
  }
  auto& entry = found->second;
  if (now - entry.written < interval_) {
    ++entry.suppressed;
    return {};
  }
  const Verdict verdict{true, entry.suppressed};
  entry = {now, 0};
  return verdict;
}

}  // namespace sense::log
