// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_text.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/feeds/feed_query.hpp"

namespace sense::http {

namespace {

using OrderedJson = nlohmann::ordered_json;

// Of an item with a number; a selection has none.
OrderedJson gap_json(const FeedItem& item) {
  OrderedJson json;
  if (item.number != 0) {
    json["number"] = item.number;
    if (item.number_last != item.number) json["last"] = item.number_last;
  }
  json["gap"] = item.reason;
  return json;
}

std::string item_json(const FeedItem& item) {
  if (!item.event) return json_text(gap_json(item));
  return R"({"number":)" + std::to_string(item.number) + R"(,"event":)" +
         to_cloudevents_json(*item.event) + "}";
}

}  // namespace

Response feed_page_response(const std::vector<FeedItem>& items, const std::string& asked) {
  Response response;
  response.body = R"({"events":[)";
  for (const auto& item : items) {
    if (&item != &items.front()) response.body += ',';
    response.body += item_json(item);
  }
  response.body += ']';
  const auto after = items.empty() ? asked : feed_cursor(items.back());
  if (!after.empty()) response.body += R"(,"after":")" + after + '"';
  response.body += "}\n";
  return response;
}

// The JSON is one line, so it is one field.
std::string stream_message(const FeedItem& item, const std::string& event_json) {
  std::string message = "id: " + feed_cursor(item) + "\n";
  if (item.event)
    message += "data: " + event_json + "\n\n";
  else
    message += "event: gap\ndata: " + json_text(gap_json(item)) + "\n\n";
  return message;
}

std::string stream_end(const Error& error) {
  const OrderedJson json = {{"code", static_cast<unsigned>(error.code)},
                            {"symbol", symbol(error.code)},
                            {"reason", error.message}};
  return "event: ended\ndata: " + json_text(json) + "\n\n";
}

}  // namespace sense::http
