// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http_poll/resource.hpp"
#include "core/base/error.hpp"

namespace sense::http_poll {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The lines "Name: value" of a headers file, at most 32; empty lines and those that begin with a
// number sign are left out. Fails with badparam when a line is none, or has a header that the
// adapter sends itself. No value is in an error. Pure.
[[nodiscard]] Result<Headers> parse_headers(std::string_view text);

// The headers of a resource's own files, with its token as `authorization: Bearer TOKEN`. Each file
// is for this process's user alone (read_secret_file). Blocks, on a disk.
[[nodiscard]] Result<Headers> read_headers(const Resource& resource);

}  // namespace sense::http_poll
