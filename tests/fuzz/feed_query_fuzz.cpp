// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_query.hpp"
#include "tests/fuzz/fields.hpp"

// Any query of a client that asks for events, and any Last-Event-ID: an error that names the member
// of the query, or what is within the bounds; and a cursor that is given out is read back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense;
  using fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto query = text.substr(0, line);
  const auto id =
      line == std::string_view::npos ? std::string() : std::string(text.substr(line + 1));
  const auto check_error = [](const Error& error) {
    require(!error.message.empty() && error.code == Code::badparam);
  };
  if (const auto cursor = http::parse_feed_cursor(query)) {
    FeedItem item;
    item.number = item.number_last = cursor->number;
    item.sequence = cursor->sequence;
    const auto again = http::parse_feed_cursor(http::feed_cursor(item));
    require(again.has_value());
  } else {
    check_error(cursor.error());
  }
  if (const auto page = http::feed_page_query(query)) {
    require(page->limit >= 1 && page->limit <= http::FeedPageQuery::limit_max);
    require(page->wait >= Duration{0} && page->wait <= std::chrono::hours{1});
  } else {
    check_error(page.error());
  }
  for (const std::string* last : {static_cast<const std::string*>(nullptr), &id}) {
    if (const auto stream = http::feed_stream_query(query, last); !stream)
      check_error(stream.error());
    const auto selection = http::selection_query(query, last);
    if (!selection) {
      require(!selection.error().message.empty());
      continue;
    }
    require(selection->selection.id.empty() && selection->selection.owner.empty());
  }
  return 0;
}
