// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/sense/client.hpp"
#include "core/sense/event_message.hpp"
#include "core/sense/message.hpp"

// Any octets as a datagram: parsed, written and parsed again alike, read as an event and as ranges,
// and given to a client that has a subscription.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense::datagram;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse(octets)) {
    const auto again = parse(serialize(*message));
    if (!again || !(*again == *message)) std::abort();
    (void)read_event(*message, sense::EventOrigin::service);
    (void)parse_ranges(message->text("Number"));
  }
  if (decode_value(encode_value(octets)) != octets) std::abort();

  sense::VirtualClock clock;
  Client client(ClientOptions{});
  (void)client.subscribe(clock.now());
  (void)client.on_datagram("SENSE/1 REPLY r1 0 NOERROR\nSubscription: s-1\nPeriod: 600\n\n",
                           clock.now());
  (void)client.on_datagram(octets, clock.now());
  (void)client.on_datagram(octets, clock.now());
  (void)client.on_timer(clock.now());
  return 0;
}
