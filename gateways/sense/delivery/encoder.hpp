// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/admission/keys.hpp"

namespace sense::datagram {

// Where whole events can be fetched; empty: nowhere.
struct FetchPlace {
  // How long a URL in Fetch is good.
  static constexpr std::chrono::hours span{24};

  std::string url;     // of the HTTP gateway, "http://events.example:8080"
  std::string secret;  // that it shares with this gateway

  [[nodiscard]] std::string url_of(std::uint64_t sequence, Timestamp now) const;
};

// Deliveries as the octets that are sent: shortened when they are too long, and signed when the
// subscription was made with a key. Pure; one thread.
class DatagramWriter {
 public:
  // `keys` must outlive this.
  DatagramWriter(const Keys& keys, FetchPlace place) : keys_(keys), place_(std::move(place)) {}

  // Whether the key that its datagrams are signed with is known; true without one.
  [[nodiscard]] bool can_write_for(const Subscription& subscription) const;
  // At most octets_max; datatoobig when the delivery fits into no such datagram.
  // REQUIRES: can_write_for its subscription.
  [[nodiscard]] Result<std::string> write(const Delivery& delivery, std::string_view tag,
                                          std::size_t octets_max, Timestamp now) const;

 private:
  const Keys& keys_;
  FetchPlace place_;
};

// The datagram of one delivery, shortened as rule 4 says when it is longer than `octets_max`: data
// first, in whose place `Fetch` says where it is, then the texts that are not mandatory, then
// `Fetch`. datatoobig when even that is not enough.
[[nodiscard]] Result<std::string> delivery_octets(const Delivery& delivery, std::string_view tag,
                                                  std::size_t octets_max,
                                                  const FetchPlace& place = {}, Timestamp now = {});

}  // namespace sense::datagram
