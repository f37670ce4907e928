// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "gateways/api/feeds.hpp"

// What a client asks for that comes for events itself. All fail with badparam, and the error's
// field is the name in the query. Pure functions; any thread.
namespace sense::http {

// "17", a number, or "17.88120", a number and its event's sequence, as feed_cursor() writes it.
[[nodiscard]] Result<FeedPosition> parse_feed_cursor(std::string_view text);
// Of a feed of no subscription: the sequence alone.
[[nodiscard]] std::string feed_cursor(const FeedItem& item);

// "after=17&wait=30s&limit=100", each at most once.
struct FeedPageQuery {
  static constexpr std::size_t limit_max = 1'000;
  std::optional<FeedPosition> after;
  Duration wait{0};         // for the first event, when there is none
  std::size_t limit = 100;  // events
};
[[nodiscard]] Result<FeedPageQuery> feed_page_query(std::string_view query);

// "after=17" of a stream; the header Last-Event-ID, when there is one, is later and counts.
[[nodiscard]] Result<std::optional<FeedPosition>> feed_stream_query(
    std::string_view query, const std::string* last_event_id);

// "type=…&source=…&filter=…&after=SEQUENCE": a selection, type and source any number of times. The
// subscription has no id and no owner yet.
struct SelectionQuery {
  Subscription selection;
  std::optional<FeedPosition> after;
};
[[nodiscard]] Result<SelectionQuery> selection_query(std::string_view query,
                                                     const std::string* last_event_id);

}  // namespace sense::http
