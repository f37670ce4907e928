// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/http/message.hpp"
#include "gateways/api/feeds.hpp"

// Items of feeds as clients get them (docs/http-gateway.md). Pure functions; any thread.
namespace sense::http {

// {"events": [{"number": 17, "event": {…}}, {"number": 18, "last": 20, "gap": "expired"}],
// "after": "20.88123"}. Without items `after` is what was asked, or absent.
[[nodiscard]] Response feed_page_response(const std::vector<FeedItem>& items,
                                          const std::string& asked);

// One message of Server-Sent Events: of an event with its JSON, `event_json`, or a gap.
[[nodiscard]] std::string stream_message(const FeedItem& item, const std::string& event_json);
// The last message: why the stream has ended. A client that comes again gets an error.
[[nodiscard]] std::string stream_end(const Error& error);
// A comment, so that client and proxies see that the connection works.
inline constexpr const char* stream_heartbeat = ": heartbeat\n\n";

}  // namespace sense::http
