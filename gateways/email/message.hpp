// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gateways/api/gateway.hpp"
#include "gateways/email/headers.hpp"

// Deliveries and requests for confirmation as mail (RFC 5322). Functions without side effects: the
// same delivery at the same time gives the same octets, and every attempt at it the same
// Message-ID. One thread, the reactor's, as to_octets().
namespace sense::email {

// Between whom a mail goes, and when. A value.
struct Envelope {
  std::string from;  // both as parse_address gives them
  std::string to;
  WallTime now;
  Contact contact = {};
};

[[nodiscard]] std::string delivery_message(const Envelope& envelope, const Delivery& delivery);

// Asks the address to confirm a subscription, on a page if there are pages. Otherwise the mail
// gives the token alone.
[[nodiscard]] std::string verification_message(const Envelope& envelope,
                                               const Subscription& subscription,
                                               std::string_view token);

}  // namespace sense::email
