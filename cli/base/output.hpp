// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sense::cli {

// One line on standard output, at once. False when it cannot be written: the reader is gone.
bool print_line(const std::string& line);
// One sentence for people, on standard error.
void say(const std::string& sentence);

}  // namespace sense::cli
