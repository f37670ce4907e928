// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/topic.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/http/query.hpp"
#include "core/subscription/websub.hpp"

namespace sense::http {

namespace {

constexpr auto topic_form =
    "; a topic is the URL .../websub/topics?type=TYPE&source=SOURCE of this gateway";

tl::unexpected<Error> no_topic(const std::string& why) {
  return fail(Code::badparam, "hub.topic " + why + topic_form, "hub.topic");
}

}  // namespace

Result<Topic> topic_of_query(std::string_view query) {
  constexpr std::array names = {QueryName{"type"}, QueryName{"source"}};
  const auto given = parse_query(query, names);
  if (!given) return tl::unexpected(given.error());
  std::optional<TypePattern> type;
  Topic topic;
  for (const auto& [name, value] : *given) {
    if (name == "type") {
      auto pattern = TypePattern::parse(value);
      if (!pattern)
        return fail(pattern.error().code, "the topic's type: " + pattern.error().message, "type");
      type = std::move(*pattern);
    } else {
      auto pattern = SourcePattern::parse(value);
      if (!pattern)
        return fail(pattern.error().code, "the topic's source: " + pattern.error().message,
                    "source");
      topic.source = std::move(*pattern);
    }
  }
  if (!type)
    return fail(Code::varnotfound, "the topic has no type: type=TYPE is mandatory", "type");
  topic.type = std::move(*type);
  return topic;
}

Result<Topic> parse_topic(std::string_view url, std::string_view authority) {
  WebSub checked;
  checked.topic = url;
  if (auto good = validate(checked); !good) return tl::unexpected(good.error());
  const auto behind_scheme = url.substr(url.find("://") + 3);
  const auto path = behind_scheme.substr(std::min(behind_scheme.find('/'), behind_scheme.size()));
  const auto given = behind_scheme.substr(0, behind_scheme.size() - path.size());
  if (authority.empty() || lower(given) != lower(authority))
    return no_topic("is of another host than this request");
  if (!path.starts_with(topic_path) || path.substr(topic_path.size(), 1) != "?")
    return no_topic("has another path");
  return topic_of_query(path.substr(topic_path.size() + 1));
}

std::string topic_links(std::string_view url) {
  const auto hub = url.substr(0, url.find(topic_path, url.find("://") + 3) + hub_path.size());
  return "<" + std::string(hub) + ">; rel=\"hub\", <" + std::string(url) + ">; rel=\"self\"";
}

}  // namespace sense::http
