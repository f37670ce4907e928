// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/filter/filter.hpp"

namespace sense {

// A subscription's members `filter`, an expression in CloudEvents SQL, and `filters`, an array of
// filters in JSON (docs/filters.md), with their compiled form: an event passes when both let it;
// empty: every event passes. An immutable value, cheap to copy, compared by its texts; any thread.
// It accepts any texts; check() reports an invalid one. A process compiles them once while they are
// in use, however many subscriptions have them and however often they are read again.
class SubscriptionFilter {
 public:
  SubscriptionFilter() = default;
  template <std::convertible_to<std::string_view> Text>
  SubscriptionFilter(const Text& text) : SubscriptionFilter(std::string_view(text), {}) {}
  // Each may be empty: then there is none of it. REQUIRES: `filters` is valid JSON otherwise.
  SubscriptionFilter(std::string_view text, std::string_view filters);

  [[nodiscard]] bool empty() const { return compiled_ == nullptr; }
  // The expression.
  [[nodiscard]] std::string_view text() const;
  // The array, in one form for equal ones.
  [[nodiscard]] std::string_view filters() const;
  // Fails with the place and the reason; the error's field is the member.
  [[nodiscard]] Status check() const;
  // False for texts that check() refuses, and when the steps do not suffice.
  [[nodiscard]] bool passes(const Event& event, FilterSteps& steps) const;
  [[nodiscard]] bool passes(const Event& event) const {
    FilterSteps steps;
    return passes(event, steps);
  }

  // By the texts, since equal texts in use have one compiled form.
  friend bool operator==(const SubscriptionFilter&, const SubscriptionFilter&) = default;

 private:
  struct Compiled;
  class InUse;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace sense
