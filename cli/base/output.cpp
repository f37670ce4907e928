// SPDX-License-Identifier: Apache-2.0
#include "cli/base/output.hpp"

#include <cstdio>

#include "core/base/text.hpp"

namespace sense::cli {

bool print_line(const std::string& line) {
  return std::puts(line.c_str()) >= 0 && std::fflush(stdout) == 0;
}

void say(const std::string& sentence) {
  std::fprintf(stderr, "sense: %s\n", printable(sentence).c_str());
}

}  // namespace sense::cli
