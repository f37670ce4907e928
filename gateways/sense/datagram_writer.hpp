#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/keys.hpp"
#include "gateways/sense/limits.hpp"

namespace sense::datagram {

// Where whole events can be fetched; empty: nowhere.
struct FetchPlace {
  std::string url;     // of the HTTP gateway, "http://events.example:8080"
  std::string secret;  // that it shares with this gateway
};

// Deliveries as the octets that are sent: shortened when they are too long, and signed when the
// subscription was made with a key. Pure; one thread.
class DatagramWriter {
 public:
  // How long a URL in Fetch is good.
  static constexpr std::chrono::hours fetch_span{24};

  // `limits` and `keys` must outlive this.
  DatagramWriter(const Limits& limits, const Keys& keys, FetchPlace place)
      : limits_(limits), keys_(keys), place_(std::move(place)) {}

  // Whether the key that its datagrams are signed with is known; true without one.
  [[nodiscard]] bool can_write_for(const Subscription& subscription) const;
  // datatoobig when the delivery fits into no datagram. REQUIRES: can_write_for its subscription.
  [[nodiscard]] Result<std::string> write(const Delivery& delivery, std::string_view tag,
                                          Now now) const;

 private:
  const Limits& limits_;
  const Keys& keys_;
  FetchPlace place_;
};

// The datagram of one delivery, shortened as rule 4 says when it is longer than `octets_max`: data
// first, in whose place `fetch` says where it is, then the texts that are not mandatory, then
// `fetch`. datatoobig when even that is not enough.
[[nodiscard]] Result<std::string> delivery_octets(const Delivery& delivery, std::string_view tag,
                                                  std::size_t octets_max,
                                                  std::string_view fetch = {});

}  // namespace sense::datagram
