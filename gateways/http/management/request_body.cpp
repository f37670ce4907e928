// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/request_body.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/http/query.hpp"
#include "core/subscription/subscription_edit.hpp"

namespace sense::http {

namespace {

using Json = nlohmann::json;

constexpr int depth_max = 16;  // as deep as filters nest
tl::unexpected<Error> refuse(Code code, const std::string& why, const char* field = "") {
  return fail(code, "request: " + why, field);
}

Status check_length(std::string_view text) {
  if (text.size() <= request_body_length_max) return {};
  return refuse(Code::datatoobig, "the JSON has more than 262144 octets");
}

// nlohmann::json itself accepts repeated members and any depth.
Result<Json> parse_object(std::string_view text) {
  if (auto good = check_length(text); !good) return tl::unexpected(good.error());
  std::string problem;
  std::vector<std::set<std::string>> keys;
  const auto strict = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (!problem.empty()) return false;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys.back().insert(parsed.get_ref<const std::string&>()).second)
      problem = "member '" + printable(parsed.get_ref<const std::string&>().substr(0, 64)) +
                "' appears twice";
    if (depth > depth_max) problem = "it nests too deep";
    return problem.empty();
  };
  auto json = Json::parse(text, strict, /*allow_exceptions=*/false);
  if (!problem.empty()) return refuse(Code::protoerror, problem);
  if (json.is_discarded()) return refuse(Code::protoerror, "the body is not JSON");
  if (!json.is_object()) return refuse(Code::protoerror, "the body is not a JSON object");
  return json;
}

template <class Names>
Status check_members(const Json& json, const Names& names) {
  for (const auto& [key, value] : json.items()) {
    if (std::find(names.begin(), names.end(), std::string_view(key)) != names.end()) continue;
    const auto near = nearest(std::string_view(key).substr(0, 64), {names.begin(), names.end()});
    return refuse(Code::badparam, "unknown member '" + printable(key.substr(0, 64)) + "'" +
                                      (near.empty() ? "" : "; is '" + near + "' meant?"));
  }
  return {};
}

// The text in the one member that the object may have.
Result<std::string> only_text(std::string_view text, std::string_view name) {
  auto members = text_members(text, {name});
  if (!members) return tl::unexpected(members.error());
  if (members->empty())
    return refuse(Code::varnotfound, "member '" + std::string(name) + "' is missing");
  return std::move(members->begin()->second);
}

// "88119", with its quotation marks (RFC 9110, section 8.8.3).
Result<std::uint64_t> read_entity_tag(std::string_view tag) {
  const bool quoted = tag.size() > 2 && tag.front() == '"' && tag.back() == '"';
  if (quoted) tag = tag.substr(1, tag.size() - 2);
  const auto revision = parse_integer<std::uint64_t>(tag, 1);
  if (!quoted || !revision)
    return refuse(Code::badparam, "If-Match is a revision in quotation marks, as ETag gives it");
  return *revision;
}

Status read_limit(PageRequest& page, const std::string& value) {
  const auto limit = parse_integer<decltype(page.limit)>(value, 1, 1000);
  if (!limit) return refuse(Code::badparam, "limit is 1 to 1000");
  page.limit = *limit;
  return {};
}

}  // namespace

Result<Subscriptions::Request> subscription_request(std::string_view text) {
  if (auto good = check_length(text); !good) return tl::unexpected(good.error());
  auto wanted = requested_subscription_from_json(text);
  if (!wanted) return tl::unexpected(wanted.error());
  Subscriptions::Request request{*std::move(wanted)};
  request.period_exact = request.period != Duration{0};
  if (!request.period_exact) request.period = period_default;
  return request;
}

Result<EditRequest> edit_request(std::string_view text, const std::string* if_match) {
  auto json = parse_object(text);
  if (!json) return tl::unexpected(json.error());
  EditRequest request;
  if (const auto given = json->find("revision"); given != json->end()) {
    if (!given->is_number_unsigned() || *given == 0)
      return refuse(Code::badparam, "revision is not a whole number from 1");
    request.revision = given->get<std::uint64_t>();
    json->erase(given);
  }
  if (if_match != nullptr && *if_match != "*") {
    const auto revision = read_entity_tag(*if_match);
    if (!revision) return tl::unexpected(revision.error());
    if (request.revision != 0 && request.revision != *revision)
      return refuse(Code::badparam, "revision is not the one of If-Match");
    request.revision = *revision;
  }
  request.patch = json_text(*json);
  return request;
}

Result<std::map<std::string, std::string>> text_members(
    std::string_view text, std::initializer_list<std::string_view> names) {
  auto json = parse_object(text);
  if (!json) return tl::unexpected(json.error());
  if (auto good = check_members(*json, names); !good) return tl::unexpected(good.error());
  std::map<std::string, std::string> members;
  for (const auto& [name, value] : json->items()) {
    if (!value.is_string()) return refuse(Code::badparam, "member '" + name + "' is not a string");
    members.emplace(name, value.get<std::string>());
  }
  return members;
}

Result<std::vector<std::int64_t>> redrive_request(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return tl::unexpected(json.error());
  if (auto good = check_members(*json, std::array<std::string_view, 2>{"ids", "all"}); !good)
    return tl::unexpected(good.error());
  constexpr auto form = R"(it is {"ids": [7, 9]} or {"all": true})";
  if (json->size() != 1) return refuse(Code::badparam, form);
  if (json->value("all", Json()) == true) return std::vector<std::int64_t>();
  const auto given = json->value("ids", Json());
  if (!given.is_array() || given.empty()) return refuse(Code::badparam, form);
  std::vector<std::int64_t> ids;
  for (const auto& id : given) {
    const auto number = id.is_number_unsigned() ? id.get<std::uint64_t>() : 0;
    if (number == 0 || number > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return refuse(Code::badparam, "an id in ids is a positive number", "ids");
    ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

Result<Duration> period_request(std::string_view text) {
  if (trim(text).empty()) return period_default;
  auto period = only_text(text, "period");
  if (!period) return tl::unexpected(period.error());
  auto duration = parse_duration(*period);
  if (!duration)
    return refuse(Code::badparam, "period: " + printable(duration.error().message), "period");
  if (*duration <= Duration{0}) return refuse(Code::badparam, "period is longer than 0s", "period");
  return *duration;
}

Result<std::string> token_request(std::string_view text) {
  auto token = only_text(text, "token");
  if (token && (token->empty() || token->size() > 1024))
    return refuse(Code::badparam, "token is 1 to 1024 octets");
  return token;
}

Result<PageRequest> page_request(std::string_view query) {
  constexpr std::array names = {QueryName{"after"}, QueryName{"limit"}};
  const auto given = parse_query(query, names);
  if (!given) return tl::unexpected(given.error());
  PageRequest page;
  for (const auto& [name, value] : *given) {
    if (name == "after") {
      page.after = value;
    } else if (auto good = read_limit(page, value); !good) {
      return tl::unexpected(good.error());
    }
  }
  return page;
}

}  // namespace sense::http
