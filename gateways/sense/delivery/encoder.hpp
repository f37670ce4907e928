// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/admission/keys.hpp"

namespace sense::datagram {

// Where clients fetch events that do not fit into a datagram; empty: nowhere. A value that holds a
// secret.
struct FetchLocation {
  // Validity of a URL in Fetch.
  static constexpr std::chrono::hours span{24};

  std::string url;     // of the HTTP gateway: "http://events.example:8080"
  std::string secret;  // shared with the HTTP gateway

  [[nodiscard]] std::string url_of(std::uint64_t sequence, Timestamp now) const;
};

// Encodes deliveries as datagrams: shortened when they are too long, and signed when the
// subscription was made with a key. Pure; one thread.
class DeliveryEncoder {
 public:
  // `keys` must outlive this.
  DeliveryEncoder(const Keys& keys, FetchLocation location)
      : keys_(keys), location_(std::move(location)) {}

  // Whether the key that signs for this subscription is known; true for one without a key.
  [[nodiscard]] bool can_encode_for(const Subscription& subscription) const;
  // At most octets_max octets; datatoobig when the delivery does not fit. REQUIRES:
  // can_encode_for() its subscription.
  [[nodiscard]] Result<std::string> encode(const Delivery& delivery, std::string_view tag,
                                           std::size_t octets_max, Timestamp now) const;

 private:
  const Keys& keys_;
  FetchLocation location_;
};

// The unsigned datagram of one delivery. When it is longer than `octets_max` it is shortened as in
// rule 4: without the data, for which `Fetch` gives a URL; then without optional texts; then
// without `Fetch`. datatoobig: it does not fit even so.
[[nodiscard]] Result<std::string> encode_delivery(const Delivery& delivery, std::string_view tag,
                                                  std::size_t octets_max,
                                                  const FetchLocation& location = {},
                                                  Timestamp now = {});

}  // namespace sense::datagram
