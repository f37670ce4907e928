// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_event.hpp"

#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::cli {

namespace {

// Section 3.1.3.2 of the binding: what a header cannot carry is percent-encoded UTF-8.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_value(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[i + 2]);
    if (low >= 0) {
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

Result<Arrival> structured(const std::string& body) {
  auto event = event_from_cloudevents_json(body, EventOrigin::service);
  if (!event) return tl::unexpected(event.error());
  Arrival arrival;
  arrival.type = event->type.display();
  arrival.source = std::move(event->source);
  arrival.id = std::move(event->id);
  arrival.data = std::move(event->data);
  arrival.content_type = std::move(event->datacontenttype);
  arrival.edition = std::move(event->edition);
  arrival.language = std::move(event->language);
  return arrival;
}

Result<Arrival> binary(const HeaderOf& header, const std::string& body) {
  Arrival arrival;
  arrival.type = percent_decoded(header("ce-type"));
  arrival.source = percent_decoded(header("ce-source"));
  arrival.id = percent_decoded(header("ce-id"));
  arrival.data = body;
  arrival.content_type = header("content-type");
  arrival.edition = percent_decoded(header("ce-edition"));
  arrival.language = percent_decoded(header("ce-language"));
  if (arrival.type.empty() || arrival.source.empty() || arrival.id.empty())
    return fail(Code::varnotfound, "a CloudEvent needs ce-id, ce-source and ce-type");
  return arrival;
}

}  // namespace

Result<Arrival> arrival_of_http(const HeaderOf& header, const std::string& body) {
  const bool is_structured =
      lower(header("content-type")).starts_with("application/cloudevents+json");
  auto arrival = is_structured ? structured(body) : binary(header, body);
  if (!arrival) return arrival;
  arrival->subscription = percent_decoded(header("sense-subscription"));
  arrival->number = header("sense-number");
  if (arrival->number.empty()) arrival->number = "-";
  return arrival;
}

}  // namespace sense::cli
