// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

// The query of a request's target. Pure functions; any thread.
namespace sense::http {

// Names and values, in order, with %XX decoded.
using Query = std::vector<std::pair<std::string, std::string>>;

// A name that a path takes.
struct QueryName {
  std::string_view name;
  bool repeated = false;  // may appear several times
};

// "after=X&limit=10". Fails with badparam for a name that is not among `names`, which it lists, for
// one that appears twice and may not, and for what is not UTF-8 text.
[[nodiscard]] Result<Query> parse_query(std::string_view query, std::span<const QueryName> names);

// %XX decoded; fails on a stray per cent sign, NUL and what is not UTF-8.
[[nodiscard]] Result<std::string> percent_decoded(std::string_view text);

}  // namespace sense::http
