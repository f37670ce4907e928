// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sense {

// A callback as others than its owner may see it: scheme, host, port and path, without user
// information, query and fragment, in which tokens are; of a mailbox the first letter and the
// domain ("mailto:o***@example.org"). Of a text without a host only the scheme. Pure; any thread.
[[nodiscard]] std::string redacted_callback(std::string_view callback);

}  // namespace sense
