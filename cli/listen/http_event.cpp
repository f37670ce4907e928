// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_event.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::cli {

namespace {

Result<ReceivedEvent> structured(const std::string& body) {
  auto event = event_from_cloudevents_json(body, EventOrigin::service);
  if (!event) return tl::unexpected(event.error());
  ReceivedEvent received;
  received.type = event->type.display();
  received.source = std::move(event->source);
  received.id = std::move(event->id);
  received.data = std::move(event->data);
  received.content_type = std::move(event->datacontenttype);
  received.edition = std::move(event->edition);
  received.language = std::move(event->language);
  return received;
}

Result<ReceivedEvent> binary(const HeaderOf& header, const std::string& body) {
  // Section 3.1.3.2 of the binding: what a header cannot carry is percent-encoded UTF-8.
  ReceivedEvent received;
  received.type = percent_decode_leniently(header("ce-type"));
  received.source = percent_decode_leniently(header("ce-source"));
  received.id = percent_decode_leniently(header("ce-id"));
  received.data = body;
  received.content_type = header("content-type");
  received.edition = percent_decode_leniently(header("ce-edition"));
  received.language = percent_decode_leniently(header("ce-language"));
  if (received.type.empty() || received.source.empty() || received.id.empty())
    return fail(Code::varnotfound, "a CloudEvent needs ce-id, ce-source and ce-type");
  return received;
}

}  // namespace

Result<ReceivedEvent> event_of_http(const HeaderOf& header, const std::string& body) {
  const bool is_structured =
      lower(header("content-type")).starts_with("application/cloudevents+json");
  auto received = is_structured ? structured(body) : binary(header, body);
  if (!received) return received;
  received->subscription = percent_decode_leniently(header("sense-subscription"));
  received->number = header("sense-number");
  if (received->number.empty()) received->number = "-";
  return received;
}

}  // namespace sense::cli
