// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/event/event.hpp"

// An event of the service itself (docs/management-events.md): type {urn:sense:management}LOCAL,
// with a fresh id; `data` is JSON; its source names a `part` of the service. Pure except for the
// id; any thread.
namespace sense {

// REQUIRES: `local` is an NCName, and the result is valid.
[[nodiscard]] Event management_event(std::string_view local, std::string_view part,
                                     std::string subject, std::string data, WallTime now);

}  // namespace sense
