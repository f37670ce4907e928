// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/event.hpp"

// Whom an event is for, by its `audience` and `except`, and the event as these principals see it:
// without the two lists. Each rule stands here once, for events and for their octets. Pure
// functions of any thread.
namespace sense {

// Whether the event has an audience or an except.
[[nodiscard]] bool has_recipients(const Event& event);

// What the lists may call one recipient: its principal, its groups, and under which name it owns
// subscriptions.
using RecipientNames = std::span<const std::string>;

// Whether the audience, if there is one, has one of the names, and the except has none.
[[nodiscard]] bool is_for(const Event& event, RecipientNames names);

// The event as these see it.
[[nodiscard]] EventRef without_recipients(EventRef event);

// The encoded event as the recipient sees it: all octets unchanged but those of the two lists and
// of their number. Empty when the event is not for the recipient, or cannot be read. A view of
// `octets` when it has no such lists, else of `without`, which gets the result. REQUIRES: the
// octets were accepted by peek_event once; damage since then is survived, not found.
[[nodiscard]] std::string_view octets_for(RecipientNames names, std::string_view octets,
                                          std::string& without);

}  // namespace sense
