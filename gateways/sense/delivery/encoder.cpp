// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/encoder.hpp"

#include "core/base/check.hpp"
#include "core/sense/fetch_url.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

std::string FetchLocation::url_of(std::uint64_t sequence, Timestamp now) const {
  return url + fetch_path(sequence, now.wall + span, secret);
}

bool DeliveryEncoder::can_encode_for(const Subscription& subscription) const {
  const auto key = key_of_owner(subscription.owner);
  return key.empty() || keys_.contains(key);
}

Result<std::string> DeliveryEncoder::encode(const Delivery& delivery, std::string_view tag,
                                            std::size_t octets_max, Timestamp now) const {
  const auto key = key_of_owner(delivery.subscription->owner);
  if (key.empty()) return encode_delivery(delivery, tag, octets_max, location_, now);
  auto octets = encode_delivery(delivery, tag, octets_max - trailer_size(key), location_, now);
  if (octets) {
    const bool signed_now = keys_.sign(key, *octets, now.wall);
    SENSE_CHECK(signed_now);
  }
  return octets;
}

}  // namespace sense::datagram
