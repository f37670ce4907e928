// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/subscription/subscription.hpp"

// The permission to end one subscription, for the reader of its mails, who is no client: a text in
// each mail, made with the secret of the subscription. Possession of the text authorises ending
// this subscription, and nothing else. It is valid until the subscription ends, or has another
// callback. Pure functions.
namespace sense {

// Whether its callback is a mailbox, whose readers are given such a token.
[[nodiscard]] bool is_mailbox(const Subscription& subscription);
// 24 characters of base 64 for URLs. Empty: it cannot be ended in this way, since its callback is
// no mailbox, or has not been asked whether it agrees.
[[nodiscard]] std::string leave_token(const Subscription& subscription);
// Takes the same time for each wrong token.
[[nodiscard]] bool is_leave_token(const Subscription& subscription, const std::string& token);

}  // namespace sense
