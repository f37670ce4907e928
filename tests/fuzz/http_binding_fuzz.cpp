// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"
#include "gateways/http/cloudevents/binding.hpp"
#include "tests/fuzz/fields.hpp"

// Any header fields and any body as a request that brings an event: an error with a sentence, or a
// valid event, which comes back the same from the headers that it goes out with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense;
  using fuzz::require;
  const auto fields = fuzz::fields_of(data, size);
  http::Request request;
  request.method = "POST";
  request.target = "/v1/events";
  for (const auto& [name, value] : fields.lines) request.headers.emplace_back(lower(name), value);
  request.body = fields.rest;
  const auto event = http::event_of(request);
  if (!event) {
    require(!event.error().message.empty());
    return 0;
  }
  require(validate(*event, EventId::made_later).has_value());
  for (const auto& text : {event->id, event->source, event->subject})
    require(http::decode_header(http::encode_header(text)) == text);
  http::Request again;
  for (const auto& [name, value] : http::binary_headers(*event)) {
    for (const char c : value) require(c >= ' ' && c < 0x7f);
    again.headers.emplace_back(lower(name), value);
  }
  again.body = event->data;
  const auto back = http::event_of(again);
  require(back.has_value());
  require(back->id == event->id && back->type == event->type && back->source == event->source);
  require(back->data == event->data && back->time == event->time);
  require(back->subject == event->subject && back->audience == event->audience);
  return 0;
}
