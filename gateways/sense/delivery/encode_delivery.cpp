// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "core/sense/event_message.hpp"
#include "gateways/sense/delivery/encoder.hpp"

namespace sense::datagram {

namespace {

// Approximate size of an EVENT without its data and texts.
constexpr std::size_t envelope_octets = 400;

// What an EVENT says of its event, besides its identity: less when it does not fit otherwise.
enum class Detail { severity, producers, all };

MessageWriter event_writer(const Delivery& delivery, std::string_view tag, WallTime now,
                           Detail detail) {
  const auto& event = *delivery.event;
  MessageWriter out(Kind::event, tag, envelope_octets + event.data.size());
  out.add("Subscription", delivery.subscription->id).add("Number", delivery.number);
  if (delivery.kind == Delivery::Kind::digest) out.add("Last", delivery.number_last);
  // Time is mandatory; an event without a time of its producer has the time of its acceptance.
  add_identity(out, event, event.observedtime.value_or(WallTime{}));
  out.add("Sequence", event.sequence).add("Attempt", delivery.attempt);
  if (detail == Detail::severity) {
    if (event.severity) out.add("Severity", std::uint64_t{*event.severity});
    return out;
  }
  add_details(out, event);
  add_attributes(out, event, detail == Detail::all);
  if (detail != Detail::all) return out;
  if (event.observedtime) out.add("Observed", to_rfc3339(*event.observedtime));
  out.add("Sent", to_rfc3339(now));
  return out;
}

// A reason that does not fit is cut: its number must be acknowledged all the same.
std::string with_reason(const Message& message, std::string_view reason, std::size_t octets_max) {
  for (;;) {
    auto whole = message;
    auto octets = serialize(whole.add("Reason", reason));
    if (octets.size() <= octets_max || reason.empty()) return octets;
    // An octet takes at most three on the wire.
    const auto excess = (octets.size() - octets_max + 2) / 3;
    reason.remove_suffix(std::min(excess, reason.size()));
    while (!valid_utf8(reason)) reason.remove_suffix(1);
  }
}

Message gap_message(const Delivery& delivery, std::string_view tag) {
  auto message = make_message(Kind::gap, tag);
  message.add("Subscription", delivery.subscription->id)
      .add("From", delivery.number)
      .add("To", delivery.number_last);
  return message;
}

Message ended_message(const Delivery& delivery, std::string_view tag) {
  auto message = make_message(Kind::ended, tag);
  message.add("Subscription", delivery.subscription->id);
  return message;
}

}  // namespace

Result<std::string> encode_delivery(const Delivery& delivery, std::string_view tag,
                                    std::size_t octets_max, const FetchLocation& location,
                                    Timestamp now) {
  if (delivery.kind == Delivery::Kind::gap)
    return with_reason(gap_message(delivery, tag), delivery.reason, octets_max);
  if (delivery.kind == Delivery::Kind::ended)
    return with_reason(ended_message(delivery, tag), delivery.reason, octets_max);
  const auto& data = delivery.event->data;
  // What the producer said comes before what the broker added.
  for (const auto detail : {Detail::all, Detail::producers}) {
    if (data.size() >= octets_max) break;
    auto octets = event_writer(delivery, tag, now.wall, detail).end(data);
    if (octets.size() <= octets_max) return octets;
  }
  // Digests are made by the gateway and are not in the journal.
  const bool can_be_fetched = delivery.kind == Delivery::Kind::event && !location.url.empty();
  const auto fetch =
      can_be_fetched ? location.url_of(delivery.event->sequence, now) : std::string();
  for (const bool with_fetch : {true, false}) {
    if (with_fetch && fetch.empty()) continue;
    for (const auto detail : {Detail::all, Detail::producers, Detail::severity}) {
      auto writer = event_writer(delivery, tag, now.wall, detail);
      if (with_fetch) writer.add("Fetch", fetch);
      auto octets = writer.end_truncated(data.size());
      if (octets.size() <= octets_max) return octets;
    }
  }
  return fail(Code::datatoobig,
              "the event's Id, Type and Source alone do not fit into a datagram of " +
                  std::to_string(octets_max) + " octets; raise max-message");
}

}  // namespace sense::datagram
