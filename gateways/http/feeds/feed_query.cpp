// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_query.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/http/query.hpp"

namespace sense::http {

namespace {

constexpr Duration wait_max = std::chrono::minutes{5};

tl::unexpected<Error> refuse_member(const std::string& name, const std::string& why) {
  return fail(Code::badparam, "request: " + name + ": " + why, name);
}

template <class Pattern>
Status add_pattern(std::vector<Pattern>& patterns, const std::string& name,
                   const std::string& value) {
  auto pattern = Pattern::parse(value);
  if (!pattern) return refuse_member(name, pattern.error().message);
  patterns.push_back(std::move(*pattern));
  return {};
}

Status add_to(Subscription& selection, const std::string& name, const std::string& value) {
  if (name == "type") return add_pattern(selection.types, name, value);
  if (name == "source") return add_pattern(selection.sources, name, value);
  selection.filter = SubscriptionFilter(value);
  if (auto good = selection.filter.check(); !good) return refuse_member(name, good.error().message);
  return {};
}

// A client that has connected again says so in the header alone.
Result<std::optional<FeedPosition>> position_of(const std::string* last_event_id,
                                                std::optional<FeedPosition> of_query) {
  if (last_event_id == nullptr) return of_query;
  auto position = parse_feed_cursor(*last_event_id);
  if (!position)
    return fail(Code::badparam, "request: Last-Event-ID is not an id that this service has sent",
                "Last-Event-ID");
  return *position;
}

}  // namespace

Result<FeedPosition> parse_feed_cursor(std::string_view text) {
  const auto dot = text.find('.');
  const auto number = parse_integer<std::uint64_t>(text.substr(0, dot));
  const auto sequence = dot == std::string_view::npos
                            ? std::optional<std::uint64_t>(0)
                            : parse_integer<std::uint64_t>(text.substr(dot + 1));
  constexpr std::uint64_t most = INT64_MAX;
  if (!number || !sequence || *number > most || *sequence > most)
    return refuse_member("after", "is not a number, nor a number, a dot and a sequence");
  return FeedPosition{*number, *sequence};
}

std::string feed_cursor(const FeedItem& item) {
  const auto sequence = std::to_string(item.sequence);
  return item.number == 0 ? sequence : std::to_string(item.number_last) + "." + sequence;
}

Result<FeedPageQuery> feed_page_query(std::string_view query) {
  constexpr std::array names = {QueryName{"after"}, QueryName{"wait"}, QueryName{"limit"}};
  const auto given = parse_query(query, names);
  if (!given) return tl::unexpected(given.error());
  FeedPageQuery wanted;
  for (const auto& [name, value] : *given) {
    if (name == "after") {
      auto after = parse_feed_cursor(value);
      if (!after) return tl::unexpected(after.error());
      wanted.after = *after;
    } else if (name == "wait") {
      auto wait = parse_duration(value);
      if (!wait || *wait < Duration{0} || *wait > wait_max)
        return refuse_member(name, "is a time from 0s to 5min, e.g. 30s");
      wanted.wait = *wait;
    } else {
      const auto limit = parse_integer<std::size_t>(value, 1, FeedPageQuery::limit_max);
      if (!limit) return refuse_member(name, "is 1 to 1000");
      wanted.limit = *limit;
    }
  }
  return wanted;
}

Result<std::optional<FeedPosition>> feed_stream_query(std::string_view query,
                                                      const std::string* last_event_id) {
  constexpr std::array names = {QueryName{"after"}};
  const auto given = parse_query(query, names);
  if (!given) return tl::unexpected(given.error());
  std::optional<FeedPosition> after;
  if (!given->empty()) {
    auto position = parse_feed_cursor(given->front().second);
    if (!position) return tl::unexpected(position.error());
    after = *position;
  }
  return position_of(last_event_id, after);
}

Result<SelectionQuery> selection_query(std::string_view query, const std::string* last_event_id) {
  constexpr std::array names = {QueryName{"type", true}, QueryName{"source", true},
                                QueryName{"filter"}, QueryName{"after"}};
  const auto given = parse_query(query, names);
  if (!given) return tl::unexpected(given.error());
  SelectionQuery wanted;
  wanted.selection.callback = "pull:";
  wanted.selection.state = SubscriptionState::active;
  for (const auto& [name, value] : *given) {
    if (name == "after") {
      const auto sequence = parse_integer<std::uint64_t>(value, 0, INT64_MAX);
      if (!sequence) return refuse_member(name, "is the sequence of an event");
      wanted.after = FeedPosition{0, *sequence};
    } else if (auto good = add_to(wanted.selection, name, value); !good) {
      return tl::unexpected(good.error());
    }
  }
  if (auto good = validate(wanted.selection); !good) return tl::unexpected(good.error());
  auto position = position_of(last_event_id, std::nullopt);
  if (!position) return tl::unexpected(position.error());
  if (*position) wanted.after = FeedPosition{0, (*position)->number};
  return wanted;
}

}  // namespace sense::http
