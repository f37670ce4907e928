#include "gateways/sense/datagram_writer.hpp"

#include "core/base/check.hpp"
#include "core/sense/fetch_url.hpp"

namespace sense::datagram {

bool DatagramWriter::can_write_for(const Subscription& subscription) const {
  const auto key = key_of_owner(subscription.owner);
  return key.empty() || keys_.knows(key);
}

Result<std::string> DatagramWriter::write(const Delivery& delivery, std::string_view tag,
                                          Now now) const {
  const auto key = key_of_owner(delivery.subscription->owner);
  std::string fetch;
  // A digest is made here and is in no journal.
  if (!place_.url.empty() && delivery.kind == Delivery::Kind::event)
    fetch = place_.url + fetch_path(delivery.event->sequence, now.wall + fetch_span, place_.secret);
  const auto room = limits_.max_message - (key.empty() ? 0 : trailer_size(key));
  auto octets = delivery_octets(delivery, tag, room, fetch);
  if (octets && !key.empty()) {
    const bool signed_now = keys_.sign(key, *octets, now.wall);
    SENSE_CHECK(signed_now);
  }
  return octets;
}

}  // namespace sense::datagram
