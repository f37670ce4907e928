// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/encoder.hpp"

#include "core/base/check.hpp"
#include "core/sense/fetch_url.hpp"

namespace sense::datagram {

std::string FetchPlace::url_of(std::uint64_t sequence, Timestamp now) const {
  return url + fetch_path(sequence, now.wall + span, secret);
}

bool DatagramWriter::can_write_for(const Subscription& subscription) const {
  const auto key = key_of_owner(subscription.owner);
  return key.empty() || keys_.knows(key);
}

Result<std::string> DatagramWriter::write(const Delivery& delivery, std::string_view tag,
                                          std::size_t octets_max, Timestamp now) const {
  const auto key = key_of_owner(delivery.subscription->owner);
  if (key.empty()) return delivery_octets(delivery, tag, octets_max, place_, now);
  auto octets = delivery_octets(delivery, tag, octets_max - trailer_size(key), place_, now);
  if (octets) {
    const bool signed_now = keys_.sign(key, *octets, now.wall);
    SENSE_CHECK(signed_now);
  }
  return octets;
}

}  // namespace sense::datagram
