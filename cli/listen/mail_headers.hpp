// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/listen/received_event.hpp"

namespace sense::cli {

// Pure functions over a message that may come from any sender: nothing in it was checked.

// The header fields of a mail message (RFC 5322 section 2.2), names in lower case, folded lines
// joined; the first of a name counts. At most 1,000 fields are read.
using MailHeaders = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] MailHeaders parse_mail_headers(std::string_view message);

// What a message from the email gateway says about its event; what it does not say is "-".
[[nodiscard]] ReceivedEvent event_of_mail(std::string_view message);

}  // namespace sense::cli
