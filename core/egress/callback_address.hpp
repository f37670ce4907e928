// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace sense {

// Whose place a callback, or an owner that is an address, stands for, for budgets: the host of a
// web or datagram callback in lower case (of IPv6 the /64; on this machine each port for itself),
// the mailbox of a mail address in lower case without +suffix, anything else as it is. At most 128
// octets: what is longer is replaced by its SHA-256. Pure; any thread.
[[nodiscard]] std::string callback_address(std::string_view callback);

}  // namespace sense
