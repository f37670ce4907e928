// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/admission/keys.hpp"

namespace sense::datagram {

// Where whole events can be fetched; empty: nowhere.
struct FetchLocation {
  // How long a URL in Fetch is good.
  static constexpr std::chrono::hours span{24};

  std::string url;     // of the HTTP gateway, "http://events.example:8080"
  std::string secret;  // that it shares with this gateway

  [[nodiscard]] std::string url_of(std::uint64_t sequence, Timestamp now) const;
};

// Deliveries as the octets that are sent: shortened when they are too long, and signed when the
// subscription was made with a key. Pure; one thread.
class DeliveryEncoder {
 public:
  // `keys` must outlive this.
  DeliveryEncoder(const Keys& keys, FetchLocation location)
      : keys_(keys), location_(std::move(location)) {}

  // Whether the key that its datagrams are signed with is known; true without one.
  [[nodiscard]] bool can_encode_for(const Subscription& subscription) const;
  // At most octets_max; datatoobig when the delivery fits into no such datagram.
  // REQUIRES: can_encode_for its subscription.
  [[nodiscard]] Result<std::string> encode(const Delivery& delivery, std::string_view tag,
                                           std::size_t octets_max, Timestamp now) const;

 private:
  const Keys& keys_;
  FetchLocation location_;
};

// The datagram of one delivery, shortened as rule 4 says when it is longer than `octets_max`: data
// first, in whose location `Fetch` says where it is, then the texts that are not mandatory, then
// `Fetch`. datatoobig when even that is not enough.
[[nodiscard]] Result<std::string> encode_delivery(const Delivery& delivery, std::string_view tag,
                                                  std::size_t octets_max,
                                                  const FetchLocation& location = {},
                                                  Timestamp now = {});

}  // namespace sense::datagram
