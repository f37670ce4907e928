// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/registry/subscriptions.hpp"

// What clients send to the management paths, read strictly: unknown and repeated members are
// refused by name, size and depth are bounded. They fail with protoerror (no such JSON), badparam,
// varnotfound or datatoobig. Pure functions.
namespace sense::http {

inline constexpr std::size_t request_body_length_max = 256 * 1024;
// The lease of a request that names none.
inline constexpr Duration period_default = std::chrono::hours{1};

// {"callback", "types", "sources", "filter", "filters", "period", "edition", "language",
// "delivery", "labels", "secret"}; owner and via are left empty.
[[nodiscard]] Result<Subscriptions::Request> subscription_request(std::string_view json);

// {"revision": 88119, "types": [...], ...}: a revision and what is to be changed, as a JSON merge
// patch (RFC 7396) of editable_members. `if_match`: the header If-Match, or null; it names the
// revision, too, as "88119" or, for any, *.
struct EditRequest {
  std::uint64_t revision = 0;  // 0: none was named
  std::string patch;
};
[[nodiscard]] Result<EditRequest> edit_request(std::string_view json, const std::string* if_match);

// {"period": "10min"}; an empty body means the default period.
[[nodiscard]] Result<Duration> period_request(std::string_view json);

// The texts of an object that has no other members than these, each optional.
[[nodiscard]] Result<std::map<std::string, std::string>> text_members(
    std::string_view json, std::initializer_list<std::string_view> names);

// {"ids": [7, 9]}, or {"all": true}: then there are none.
[[nodiscard]] Result<std::vector<std::int64_t>> redrive_request(std::string_view json);

// {"token": "..."}
[[nodiscard]] Result<std::string> token_request(std::string_view json);

// "after=X&limit=10", each at most once.
struct PageRequest {
  std::string after;
  std::uint32_t limit = 100;
};
[[nodiscard]] Result<PageRequest> page_request(std::string_view query);

}  // namespace sense::http
