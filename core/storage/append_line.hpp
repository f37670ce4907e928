// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace sense {

// Appends `line` and a line end to a regular file, which is made (mode 0600) when it is absent, and
// returns when the file and its entry in the folder are on stable storage. Blocks; any thread, but
// one writer of a file at a time. Neither follows a link at `path` nor waits for a pipe's reader.
// What failed leaves no part of the line behind. After a crash an unfinished line may be there: it
// is ended by a line end before the next one. Fails with the path: nomoreroom when the disk is
// full.
[[nodiscard]] Status append_line(const std::string& path, std::string line);

}  // namespace sense
