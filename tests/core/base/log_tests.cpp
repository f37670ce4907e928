// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>

BOOST_AUTO_TEST_SUITE(log_tests)

using namespace sense;
using namespace std::chrono_literals;

namespace {

constexpr MonoTime start{1h};

// What is written to standard error while it lives.
class Captured {
 public:
  Captured() : file_(std::tmpfile()), before_(::dup(2)) {
    BOOST_REQUIRE(file_ != nullptr);
    std::fflush(stderr);
    ::dup2(::fileno(file_), 2);
  }
  ~Captured() {
    std::fclose(file_);
    ::close(before_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string text() {
    std::fflush(stderr);
    ::dup2(before_, 2);
    std::string result;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) result += static_cast<char>(c);
    return result;
  }

 private:
  std::FILE* file_;
  int before_;
};

std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

BOOST_AUTO_TEST_CASE(values_from_peers_cannot_forge_a_line_of_text) {
  log::configure("tests", log::Level::info, log::Format::text);
  Captured captured;
  log::warn("refused\nforged", {{"from", "a\nb\x1b[2J\u202e"}, {"plain", "x"}});
  const auto text = captured.text();
  BOOST_CHECK_EQUAL(lines(text), 1);
  BOOST_CHECK_EQUAL(text.find('\x1b'), std::string::npos);
  BOOST_CHECK_EQUAL(text.find("\u202e"), std::string::npos);
  BOOST_CHECK_NE(text.find("plain=x"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(value_cannot_pass_for_another_field) {
  log::configure("tests", log::Level::info, log::Format::text);
  Captured captured;
  log::info("seen", {{"name", "a user=root"}, {"empty", ""}});
  const auto text = captured.text();
  BOOST_CHECK_NE(text.find("name=\"a user=root\""), std::string::npos);
  BOOST_CHECK_NE(text.find("empty=\"\""), std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_below_the_level_are_not_written) {
  log::configure("tests", log::Level::warn, log::Format::text);
  Captured captured;
  log::info("quiet");
  log::error("loud");
  const auto text = captured.text();
  BOOST_CHECK_EQUAL(lines(text), 1);
  BOOST_CHECK_NE(text.find("tests: loud"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_line_is_one_object_whatever_is_in_it) {
  log::configure("tests", log::Level::info, log::Format::json);
  Captured captured;
  log::info("a\n\"b\"", {{"bad", "\xff\n"}});
  const auto text = captured.text();
  BOOST_CHECK_EQUAL(lines(text), 1);
  BOOST_CHECK(text.starts_with("{\"time\":\""));
  BOOST_CHECK_NE(text.find("\"message\":\"a\\n\\\"b\\\"\""), std::string::npos);
}

BOOST_AUTO_TEST_CASE(first_line_is_said_and_the_rest_counted) {
  log::RateLimiter limiter(10s);
  BOOST_CHECK(limiter.check("a", start).allowed);
  BOOST_CHECK(!limiter.check("a", start + 1s).allowed);
  BOOST_CHECK(!limiter.check("a", start + 9s).allowed);
  BOOST_CHECK(limiter.check("b", start + 9s).allowed);
  const auto again = limiter.check("a", start + 10s);
  BOOST_CHECK(again.allowed);
  BOOST_CHECK_EQUAL(again.suppressed, 2U);
  BOOST_CHECK(!limiter.check("a", start + 11s).allowed);
}

BOOST_AUTO_TEST_CASE(flood_of_keys_takes_no_more_memory_and_is_still_mentioned_once) {
  log::RateLimiter limiter(10s);
  std::size_t said = 0;
  for (std::size_t i = 0; i < 10 * log::RateLimiter::keys_max; ++i)
    said += limiter.check("key" + std::to_string(i), start).allowed ? 1 : 0;
  BOOST_CHECK_EQUAL(said, log::RateLimiter::keys_max + 1);
  BOOST_CHECK(limiter.check("fresh", start + 11s).allowed);
}

BOOST_AUTO_TEST_SUITE_END()
