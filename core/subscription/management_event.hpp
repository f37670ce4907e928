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

// The type of the events that tell gateways the whole of a subscription that was changed, callback
// included; what others read of the same change follows docs/management-events.md.
inline constexpr std::string_view whole_change_type = "{urn:sense:gateway}subscription-changed";

// The attribute that names whose subscription a management event is about: readers without the
// right to list see only those about their own. Clients that have proved nothing share one name,
// so that none of these is named.
inline constexpr std::string_view owner_attribute = "owner";
void set_owner(Event& event, std::string_view owner);
[[nodiscard]] bool is_about(const Event& event, std::string_view owner);

}  // namespace sense
