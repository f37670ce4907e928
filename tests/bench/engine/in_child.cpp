// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/in_child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>

namespace sense::bench {

namespace {

using Values = std::vector<double>;

// What a child says through the pipe: its values, or behind this octet why there are none.
constexpr char sorry = '!';

std::string told(const Result<Values>& values) {
  if (!values) return sorry + values.error().message;
  std::string text = "=";
  for (const auto value : *values) text.append(reinterpret_cast<const char*>(&value), sizeof value);
  return text;
}

Result<Values> heard(const std::string& text) {
  if (text.empty()) return fail(Code::system, "a measurement did not come to its end");
  if (text[0] == sorry) return fail(Code::system, text.substr(1));
  Values values((text.size() - 1) / sizeof(double));
  std::memcpy(values.data(), text.data() + 1, values.size() * sizeof(double));
  return values;
}

}  // namespace

Result<Values> in_child(const std::function<Result<Values>()>& task) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Code::system, "no pipe can be made");
  const auto child = ::fork();
  if (child < 0) return fail(Code::system, "no process can be started");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const auto text = told(task());
    const auto written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t size = 1; size > 0;) {
    size = ::read(ends[0], part.data(), part.size());
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return heard(status == 0 ? text : "");
}

}  // namespace sense::bench
