// SPDX-License-Identifier: Apache-2.0
#include "tests/paths.hpp"

namespace sense::testing {

std::string in_source(const std::string& path) { return SENSE_SOURCE_DIR "/" + path; }
std::string in_build(const std::string& path) { return SENSE_BINARY_DIR "/" + path; }

}  // namespace sense::testing
