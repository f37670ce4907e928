// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/text.hpp"
#include "core/sense/message.hpp"

namespace sense::datagram {

Result<std::vector<NumberRange>> parse_ranges(std::string_view text) {
  constexpr auto sentence = "Number is neither 42 nor ranges such as 40-57,60";
  if (static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) >= number_ranges_max)
    return fail(Code::badparam, "Number has more than 512 ranges");
  std::vector<NumberRange> ranges;
  for (const auto piece : split(text, ',')) {
    const auto dash = piece.find('-');
    const auto first = parse_integer<std::uint64_t>(piece.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_integer<std::uint64_t>(piece.substr(dash + 1));
    if (!first || !last || *first > *last) return fail(Code::badparam, sentence);
    ranges.push_back({*first, *last});
  }
  return ranges;
}

std::string format_ranges(const std::vector<NumberRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += "-" + std::to_string(range.last);
  }
  return text;
}

bool contains(const std::vector<NumberRange>& ranges, std::uint64_t number) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const NumberRange& range) {
    return range.first <= number && number <= range.last;
  });
}

bool NumberSet::add(std::uint64_t first, std::uint64_t last) {
  SENSE_CHECK(first <= last);
  // The first range that is adjacent or later; avoids overflow at 2^64 - 1.
  auto from = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                               [](const NumberRange& range, std::uint64_t number) {
                                 return range.last < number && number - range.last > 1;
                               });
  auto to = from;
  bool covered = false;
  NumberRange merged{first, last};
  while (to != ranges_.end() && (to->first <= last || to->first - last == 1)) {
    covered = covered || (to->first <= first && last <= to->last);
    merged = {std::min(merged.first, to->first), std::max(merged.last, to->last)};
    ++to;
  }
  ranges_.insert(ranges_.erase(from, to), merged);
  return !covered;
}

bool NumberSet::contains(std::uint64_t number) const {
  const auto range = std::lower_bound(
      ranges_.begin(), ranges_.end(), number,
      [](const NumberRange& left, std::uint64_t right) { return left.last < right; });
  return range != ranges_.end() && range->first <= number;
}

std::vector<NumberRange> NumberSet::holes() const {
  std::vector<NumberRange> holes;
  std::uint64_t next = 1;
  for (const auto& range : ranges_) {
    if (range.first > next) holes.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  return holes;
}

NumberRange NumberSet::close_lowest_hole() {
  const auto all = holes();
  SENSE_CHECK(!all.empty());
  add(all.front().first, all.front().last);
  return all.front();
}

}  // namespace sense::datagram
