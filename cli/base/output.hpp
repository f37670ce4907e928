// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sense::cli {

// One line on standard output, at once. False when nobody reads it any more.
bool print_line(const std::string& line);
// For people, on standard error: where we listen and what we wait for.
void say(const std::string& sentence);

}  // namespace sense::cli
