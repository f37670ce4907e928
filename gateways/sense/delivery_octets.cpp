#include "core/sense/event_message.hpp"
#include "gateways/sense/datagram_writer.hpp"

namespace sense::datagram {

namespace {

Message event_message(const Delivery& delivery, std::string_view tag, bool with_details) {
  auto message = make_message(Kind::event, tag);
  message.add("Subscription", delivery.subscription->id).add("Number", delivery.number);
  if (delivery.kind == Delivery::Kind::digest) message.add("Last", delivery.number_last);
  Event event = *delivery.event;
  // Time is mandatory; an event whose producer gave none has the time at which it was taken in.
  if (!event.time) event.time = event.observedtime.value_or(WallTime{});
  add_identity(message, event);
  message.add("Sequence", event.sequence).add("Attempt", delivery.attempt);
  if (with_details)
    add_details(message, event);
  else if (event.severity)
    message.add("Severity", *event.severity);
  return message;
}

Message gap_message(const Delivery& delivery, std::string_view tag) {
  auto message = make_message(Kind::gap, tag);
  message.add("Subscription", delivery.subscription->id)
      .add("From", delivery.number)
      .add("To", delivery.number_last)
      .add("Reason", delivery.reason);
  return message;
}

Message ended_message(const Delivery& delivery, std::string_view tag) {
  auto message = make_message(Kind::ended, tag);
  message.add("Subscription", delivery.subscription->id).add("Reason", delivery.reason);
  return message;
}

}  // namespace

Result<std::string> delivery_octets(const Delivery& delivery, std::string_view tag,
                                    std::size_t octets_max, std::string_view fetch) {
  if (delivery.kind == Delivery::Kind::gap) return serialize(gap_message(delivery, tag));
  if (delivery.kind == Delivery::Kind::ended) return serialize(ended_message(delivery, tag));
  auto octets = serialize(event_message(delivery, tag, true));
  if (octets.size() <= octets_max) return octets;
  const auto shortened = [&](bool with_fetch, bool with_details) {
    auto message = event_message(delivery, tag, with_details);
    message.truncated_length = delivery.event->data.size();
    message.data.clear();
    if (with_fetch) message.add("Fetch", fetch);
    octets = serialize(message);
    return octets.size() <= octets_max && (!with_fetch || !fetch.empty());
  };
  if (shortened(true, true) || shortened(true, false) || shortened(false, true) ||
      shortened(false, false))
    return octets;
  return fail(Code::datatoobig,
              "the event's Id, Type and Source alone do not fit into a datagram of " +
                  std::to_string(octets_max) + " octets; raise max-message");
}

}  // namespace sense::datagram
