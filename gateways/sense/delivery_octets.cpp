#include "core/sense/event_message.hpp"
#include "gateways/sense/deliveries.hpp"

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
                                    std::size_t octets_max) {
  if (delivery.kind == Delivery::Kind::gap) return serialize(gap_message(delivery, tag));
  if (delivery.kind == Delivery::Kind::ended) return serialize(ended_message(delivery, tag));
  for (const bool with_details : {true, false}) {
    auto message = event_message(delivery, tag, with_details);
    auto octets = serialize(message);
    if (with_details && octets.size() <= octets_max) return octets;
    message.truncated_length = delivery.event->data.size();
    message.data.clear();
    octets = serialize(message);
    if (octets.size() <= octets_max) return octets;
  }
  return fail(Code::datatoobig,
              "the event's Id, Type and Source alone do not fit into a datagram of " +
                  std::to_string(octets_max) + " octets; raise max-message");
}

}  // namespace sense::datagram
