// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sense::cli {

// What commands print. Main thread only.

// One line on standard output, at once. False when it cannot be written: the reader is gone, or see
// lost_output().
bool print_line(const std::string& line);
// Why a line could not be written, other than that its reader is gone; empty: all were written.
[[nodiscard]] std::string lost_output();
// One sentence for people, on standard error.
void say(const std::string& sentence);

// Pieces of JSON. `values`: valid JSON each, inserted unchanged.
[[nodiscard]] std::string json_array(const std::vector<std::string>& values);
[[nodiscard]] std::string json_array_of_texts(const std::vector<std::string>& texts);
// An object of texts in ASCII only, for terminals.
[[nodiscard]] std::string json_object_ascii(const std::map<std::string, std::string>& members);

}  // namespace sense::cli
