// SPDX-License-Identifier: Apache-2.0
#include "cli/base/input.hpp"

#include "core/base/file.hpp"

namespace sense::cli {

Result<std::string> read_input(const std::string& path, std::size_t octets_max) {
  return read_file(path == "-" ? "/dev/stdin" : path, octets_max);
}

}  // namespace sense::cli
