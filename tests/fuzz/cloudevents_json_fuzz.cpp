// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/encoding.hpp"
#include "core/event/cloudevents_json.hpp"

// Every event that is read can be written, and reads back equal; the events of a batch are parts of
// it, one behind the other and no more than are allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto origin : {sense::EventOrigin::producer, sense::EventOrigin::service}) {
    const auto event = sense::event_from_cloudevents_json(text, origin);
    if (!event) continue;
    const auto again =
        sense::event_from_cloudevents_json(sense::to_cloudevents_json(*event), origin);
    if (!again || !(*again == *event)) std::abort();
  }
  constexpr std::size_t most = 8;
  if (const auto parts = sense::split_cloudevents_batch(text, most)) {
    if (parts->size() > most) std::abort();
    const auto* at = text.data();
    for (const auto part : *parts) {
      if (part.data() < at || part.data() + part.size() > text.data() + text.size()) std::abort();
      at = part.data() + part.size();
    }
  }
  const auto octets = sense::from_base64(text);
  if (octets && sense::to_base64(*octets) != text) std::abort();
  return 0;
}
