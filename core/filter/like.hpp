// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "core/filter/filter.hpp"

namespace sense::cesql {

// Whether a text is like a pattern, in which any_characters and any_character are the wildcards.
// REQUIRES: a pattern of at most Filter::length_max octets. Takes a step for each comparison: as
// many as text and pattern have octets, a few times; more only between two % with a _ among them,
// where it can be their product. Empty when `steps` are used up. Pure; allocates nothing.
[[nodiscard]] std::optional<bool> is_like(std::string_view text, std::string_view pattern,
                                          FilterSteps& steps);

}  // namespace sense::cesql
