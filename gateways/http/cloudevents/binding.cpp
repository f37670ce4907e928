// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/cloudevents/binding.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/event/attributes.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::http {

namespace {

constexpr std::string_view prefix = "ce-";

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string result;
  text = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    result += text[at];
  }
  return result;
}

std::string media_type(const Request& request) {
  const auto* value = request.header("content-type");
  if (value == nullptr) return {};
  return lower(trim(std::string_view(*value).substr(0, value->find(';'))));
}

bool is_structured(const Request& request) {
  return media_type(request) == "application/cloudevents+json";
}

Status set_from_headers(Event& event, const Request& request, bool& has_version) {
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : request.headers) {
    if (!name.starts_with(prefix)) continue;
    const auto attribute = std::string_view(name).substr(prefix.size());
    if (const auto* known = find_attribute(attribute); known != nullptr && known->stamped) continue;
    if (std::find(seen.begin(), seen.end(), attribute) != seen.end())
      return fail(Code::badparam, "header " + printable(name.substr(0, 64)) + " appears twice");
    seen.push_back(attribute);
    const auto text = decode_header(value);
    if (attribute == "specversion") {
      if (text != "1.0") return fail(Code::badparam, "header ce-specversion is not 1.0");
      has_version = true;
      continue;
    }
    if (auto good = set_attribute(event, attribute, text, EventOrigin::producer); !good)
      return fail(good.error().code, good.error().message, std::string(attribute));
  }
  return {};
}

Result<Event> event_of_binary(const Request& request) {
  Event event;
  bool has_version = false;
  if (auto good = set_from_headers(event, request, has_version); !good)
    return tl::unexpected(good.error());
  if (!has_version)
    return fail(Code::varnotfound, "header ce-specversion is missing; send ce-specversion: 1.0");
  if (const auto* type = request.header("content-type")) event.datacontenttype = trim(*type);
  event.data = request.body;
  if (auto good = validate(event, EventId::made_later); !good) return tl::unexpected(good.error());
  return event;
}

}  // namespace

std::string encode_header(std::string_view text) {
  return percent_encode(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '%'; });
}

std::string decode_header(std::string_view given) {
  return percent_decode_leniently(unquoted(trim(given)));
}

Headers binary_headers(const Event& event) {
  Headers headers;
  for (const auto& [name, text] : attributes_of(event)) {
    if (name != "datacontenttype") {
      headers.emplace_back(std::string(prefix) + name, encode_header(text));
      continue;
    }
    // In this header spaces are as they are: "text/plain; charset=utf-8".
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7f;
    });
    headers.emplace_back("Content-Type", plain ? text : encode_header(text));
  }
  return headers;
}

bool is_batch(const Request& request) {
  return media_type(request) == "application/cloudevents-batch+json";
}

bool has_no_mode(const Request& request) {
  if (is_structured(request)) return false;
  if (media_type(request).starts_with("application/cloudevents")) return true;
  return std::none_of(request.headers.begin(), request.headers.end(),
                      [](const auto& header) { return header.first.starts_with(prefix); });
}

Result<Event> event_of(const Request& request) {
  if (has_no_mode(request))
    return fail(
        Code::protoerror,
        "this is not a CloudEvent: send Content-Type: application/cloudevents+json with the "
        "event as JSON, or the event's attributes as ce- headers (ce-specversion, ce-type, "
        "ce-source) with its data as the body, or application/cloudevents-batch+json");
  if (is_structured(request))
    return event_from_cloudevents_json(request.body, EventOrigin::producer);
  return event_of_binary(request);
}

}  // namespace sense::http
