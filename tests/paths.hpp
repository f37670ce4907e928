// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sense::testing {

// Absolute paths of files in the source tree and in the build folder. Compiled once, in paths.cpp:
// a test's own object does not depend on where the tree lies, so that another clone finds it in
// ccache.
std::string in_source(const std::string& path);
std::string in_build(const std::string& path);

}  // namespace sense::testing
