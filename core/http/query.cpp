// SPDX-License-Identifier: Apache-2.0
#include "core/http/query.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense::http {

namespace {

tl::unexpected<Error> refuse_query(const std::string& why) {
  return fail(Code::badparam, "request: " + why);
}

std::string listed(std::span<const QueryName> names) {
  std::string list;
  for (const auto& one : names) list.append(list.empty() ? "" : ", ").append(one.name);
  return list;
}

}  // namespace

Result<std::string> percent_decoded(std::string_view text) {
  auto result = percent_decode(text);
  if (!result) return refuse_query("a % in the address is not followed by two digits");
  if (!valid_text(*result)) return refuse_query("the address is not UTF-8 text without NUL");
  return *std::move(result);
}

Result<Query> parse_query(std::string_view query, std::span<const QueryName> names) {
  Query parsed;
  if (query.empty()) return parsed;
  for (const auto piece : split(query, '&')) {
    const auto equals = piece.find('=');
    const auto name = piece.substr(0, equals);
    const auto known = std::find_if(names.begin(), names.end(),
                                    [&](const QueryName& each) { return each.name == name; });
    if (known == names.end())
      return refuse_query("unknown query '" + printable(name.substr(0, 64)) + "'; there are " +
                          listed(names));
    const bool seen = std::any_of(parsed.begin(), parsed.end(),
                                  [&](const auto& each) { return each.first == name; });
    if (seen && !known->repeated) return refuse_query("'" + std::string(name) + "' appears twice");
    auto value = percent_decoded(equals == std::string_view::npos ? "" : piece.substr(equals + 1));
    if (!value) return tl::unexpected(value.error());
    parsed.emplace_back(name, std::move(*value));
  }
  return parsed;
}

}  // namespace sense::http
