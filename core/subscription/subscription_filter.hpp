// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/filter/filter.hpp"

namespace sense {

// A subscription's expression in CloudEvents SQL (docs/filters.md) with its compiled form; empty:
// every event passes. An immutable value, cheap to copy, compared by its text; any thread. It
// accepts any text; check() reports an invalid one. A process compiles a text once while it is in
// use, however many subscriptions have it and however often they are read again.
class SubscriptionFilter {
 public:
  SubscriptionFilter() = default;
  template <std::convertible_to<std::string_view> Text>
  SubscriptionFilter(const Text& text) : SubscriptionFilter(std::string_view(text), 0) {}

  [[nodiscard]] bool empty() const { return compiled_ == nullptr; }
  [[nodiscard]] std::string_view text() const;
  // Fails with the column and the reason; badparam.
  [[nodiscard]] Status check() const;
  // False for a text that check() refuses, and when the steps do not suffice.
  [[nodiscard]] bool passes(const Event& event, FilterSteps& steps) const;
  [[nodiscard]] bool passes(const Event& event) const {
    FilterSteps steps;
    return passes(event, steps);
  }

  // By the text, since equal texts in use have one compiled form.
  friend bool operator==(const SubscriptionFilter&, const SubscriptionFilter&) = default;

 private:
  struct Compiled;
  class InUse;
  SubscriptionFilter(std::string_view text, int);
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace sense
