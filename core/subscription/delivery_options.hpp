// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense {

// A value that usually is the default: then it takes one pointer. Copies are deep; a value that was
// never edited equals one that was edited to the default.
template <class T>
class Sparse {
 public:
  Sparse() = default;
  Sparse(const Sparse& other)
      : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Sparse(Sparse&&) noexcept = default;
  Sparse& operator=(const Sparse& other) {
    value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
    return *this;
  }
  Sparse& operator=(Sparse&&) noexcept = default;
  ~Sparse() = default;

  const T& operator*() const {
    static const T usual{};
    return value_ ? *value_ : usual;
  }
  const T* operator->() const { return &**this; }
  T& edit() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

  friend bool operator==(const Sparse& left, const Sparse& right) { return *left == *right; }

 private:
  std::unique_ptr<T> value_;
};

// Of events that wait for `min-interval` or a digest: deliver all, or of each source the newest.
enum class Coalesce { batch, latest };
// What must be delivered in the order of the journal: nothing, or the events of one source.
enum class Order { none, source };
// What becomes of a delivery that is given up.
enum class OnFailure { dead_letter, drop };

[[nodiscard]] std::string_view to_text(Coalesce coalesce);
[[nodiscard]] std::string_view to_text(Order order);
[[nodiscard]] std::string_view to_text(OnFailure on_failure);

// Collects events and delivers them together. The first condition that is met closes the window; at
// least one is required.
struct Digest {
  // Every window closes at these, so that a delivery fits into one message.
  static constexpr std::uint32_t count_max = 1000;
  static constexpr std::uint32_t octets_max = 512 * 1024;

  std::optional<Duration> interval;     // since the first event of the window; 1s to 31d
  std::optional<Duration> until;        // time of day, UTC: whole minutes since midnight
  std::optional<std::uint32_t> count;   // events; 1 to count_max
  std::optional<std::uint32_t> octets;  // of their data; 1 to octets_max

  friend bool operator==(const Digest&, const Digest&) = default;
};

// The options that few subscriptions set. A value; validate() holds the ranges.
struct SparseOptions {
  std::optional<double> retry_factor;         // the ratio of a pause to the one before; 1 to 10
  std::optional<std::uint32_t> retry_jitter;  // per cent of a pause that is added at random at most
  std::optional<Duration> retry_span;         // from the first attempt to giving up; 1s to 31d
  std::optional<Duration> hold;               // no delivery before occurrence + hold; 1ms to 31d
  std::optional<Duration> min_interval;       // at most one delivery within it; 1ms to 31d
  std::optional<Duration> max_latency;        // the longest that events may take; 1ms to 31d
  std::optional<Coalesce> coalesce;           // how events meanwhile are delivered
  std::optional<Digest> digest;
  std::optional<Order> order;
  std::optional<std::uint32_t> rate;           // attempts a second, evenly spaced; 1 to 10,000
  std::optional<OnFailure> on_failure;         // for events that are given up
  std::optional<std::uint32_t> suspend_after;  // that many failures in a row, 1 to 1,000, ...
  std::optional<Duration> suspend_over;        // ... over at least this time, up to 7d; 0: any

  friend bool operator==(const SparseOptions&, const SparseOptions&) = default;
};

// Delivery and retry options. Absent fields have the default of the callback's scheme. A value;
// validate() holds the ranges.
struct DeliveryOptions {
  std::optional<Duration> retry_initial;     // the pause after the first attempt; 1ms to 7d
  std::optional<Duration> retry_max;         // longest pause between two attempts; 1ms to 7d
  std::optional<std::uint32_t> retry_count;  // attempts in all; 1 to 1,000
  std::optional<Duration> expiry;            // older events are not delivered; 1s to 10 years
  std::optional<std::uint32_t> window;       // attempts in flight at once; 1 to 1,024
  Sparse<SparseOptions> sparse{};

  // Whether events are collected and delivered together.
  [[nodiscard]] bool collects() const { return sparse->digest || sparse->min_interval; }
  [[nodiscard]] bool ordered() const { return sparse->order == Order::source; }
  [[nodiscard]] bool only_latest() const { return sparse->coalesce == Coalesce::latest; }

  friend bool operator==(const DeliveryOptions&, const DeliveryOptions&) = default;
};

// Checks the bounds of each option and conflicts between options. The error is badparam and begins
// with the option's JSON name.
[[nodiscard]] Status validate(const DeliveryOptions& options);

// The time of day of a digest, in UTC: "18:00", whole minutes since midnight. Fails with badparam.
[[nodiscard]] Result<Duration> parse_time_of_day(std::string_view text);
[[nodiscard]] std::string time_of_day(Duration since_midnight);

}  // namespace sense
