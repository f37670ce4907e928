// SPDX-License-Identifier: Apache-2.0
#include "core/registry/leave_token.hpp"

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t leave_mac_octets = 18;  // 24 characters without padding

}  // namespace

bool is_mailbox(const Subscription& subscription) {
  constexpr std::string_view scheme = "mailto:";
  return lower(subscription.callback.substr(0, scheme.size())) == scheme;
}

std::string leave_token(const Subscription& subscription) {
  if (!is_mailbox(subscription)) return {};
  const auto key = webhook_key(subscription.secrets->current);
  if (!key) return {};
  const auto text = "sense leave " + subscription.id + " of " + subscription.callback;
  return to_base64url(hmac_sha256(*key, text).substr(0, leave_mac_octets));
}

bool is_leave_token(const Subscription& subscription, const std::string& token) {
  const auto right = leave_token(subscription);
  return !right.empty() && equal_secret(right, token);
}

}  // namespace sense
