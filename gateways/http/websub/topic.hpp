// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/event/pattern.hpp"

// The URLs of topics, which name a type and a source of events:
// https://events.example.com/websub/topics?type=%7Burn%3Ax%7Dt&source=%2F%2Fhq%2F1. Pure functions.
namespace sense::http {

inline constexpr std::string_view hub_path = "/websub";
inline constexpr std::string_view topic_path = "/websub/topics";

// What a topic selects: patterns as those of a subscription. A value.
struct Topic {
  TypePattern type;
  std::optional<SourcePattern> source;  // nothing: every source
};

// "type=…&source=…", the type mandatory. Fails with badparam, and as the patterns do.
[[nodiscard]] Result<Topic> topic_of_query(std::string_view query);

// A topic of this gateway, which its client calls by `authority`, the value of Host. Fails with
// badparam, also for a URL of another host or path.
[[nodiscard]] Result<Topic> parse_topic(std::string_view url, std::string_view authority);

// The value of the header Link of a topic, and of what is delivered of it: where its hub is, and
// the topic itself. REQUIRES: parse_topic() takes the URL.
[[nodiscard]] std::string topic_links(std::string_view url);

}  // namespace sense::http
