// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"
#include "core/egress/transfer.hpp"

namespace sense::email {

// What became of one attempt to send a mail. A value.
struct MailOutcome {
  enum class Kind {
    sent,             // the relay, or the mailbox, has it
    failed,           // for now, or by a rule of the relay about the recipient: try again
    relay_refuses,    // the relay does not serve this gateway: try again, and say so
    no_tls,           // TLS is required, or was offered before, and there is none: try again, and
                      // say so
    no_mailbox,       // there is no such mailbox
    message_refused,  // the relay does not take this message: trying again would not help
  };
  Kind kind = Kind::failed;
  std::string answer;  // what the relay said, one line, for operators
};

// What a reply of the relay stands for (docs/email-gateway.md), by the command that was refused and
// the enhanced status code (RFC 3463) of the refusal. A refusal without such a code, or with
// several that differ, never says that there is no mailbox. Pure; any thread.
[[nodiscard]] MailOutcome outcome_of_smtp(const Result<TransferReply>& reply);

}  // namespace sense::email
