// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/delivery_options.hpp"

#include <string>
#include <string_view>

#include "core/subscription/delivery_latency.hpp"

namespace sense {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration pause_min = milliseconds{1};
constexpr Duration pause_max = days{7};
constexpr Duration expiry_min = seconds{1};
constexpr Duration expiry_max = std::chrono::years{10};
constexpr Duration wait_max = days{31};
constexpr std::uint32_t retry_count_max = 1000;
constexpr std::uint32_t window_max = 1024;
constexpr std::uint32_t rate_max = 10'000;
constexpr std::uint32_t failures_max = 1000;
constexpr double factor_max = 10;

tl::unexpected<Error> refuse(std::string_view member, std::string_view why) {
  return fail(Code::badparam, std::string(member) + " " + std::string(why));
}

template <class T>
bool outside(const std::optional<T>& value, T min, T max) {
  return value && !(*value >= min && *value <= max);
}

Status check_retry(const DeliveryOptions& d) {
  if (outside(d.retry_initial, pause_min, pause_max))
    return refuse("retry-initial", "is 1ms to 7d");
  if (outside(d.retry_max, pause_min, pause_max)) return refuse("retry-max", "is 1ms to 7d");
  if (d.retry_initial && d.retry_max && *d.retry_initial > *d.retry_max)
    return refuse("retry-max", "is shorter than retry-initial");
  if (outside(d.retry_count, 1U, retry_count_max))
    return refuse("retry-count", "is 1 to 1000 attempts in all");
  if (outside(d.sparse->retry_factor, 1.0, factor_max)) return refuse("retry-factor", "is 1 to 10");
  if (outside(d.sparse->retry_jitter, 0U, 100U))
    return refuse("retry-jitter", "is 0 to 100 per cent");
  if (outside<Duration>(d.sparse->retry_span, seconds{1}, wait_max))
    return refuse("retry-span", "is 1s to 31d");
  return {};
}

Status check_failure(const SparseOptions& sparse) {
  if (outside(sparse.suspend_after, 1U, failures_max))
    return refuse("suspend-after", "is 1 to 1000 failures in a row");
  if (outside<Duration>(sparse.suspend_over, Duration{0}, pause_max))
    return refuse("suspend-over", "is 0s to 7d");
  return {};
}

Status check_digest(const Digest& digest) {
  if (!digest.interval && !digest.until && !digest.count && !digest.octets)
    return refuse("digest", "needs at least one of interval, until, count and octets");
  if (outside<Duration>(digest.interval, seconds{1}, wait_max))
    return refuse("digest: interval", "is 1s to 31d");
  if (outside<Duration>(digest.until, Duration{0}, hours{24} - minutes{1}) ||
      (digest.until && *digest.until % minutes{1} != Duration{0}))
    return refuse("digest: until", "is a time of day, 00:00 to 23:59");
  if (outside(digest.count, 1U, Digest::count_max))
    return refuse("digest: count", "is 1 to 1000 events");
  if (outside(digest.octets, 1U, Digest::octets_max))
    return refuse("digest: octets", "is 1 to 524288");
  return {};
}

// What this subscription alone makes impossible: no transport takes less than no time.
Status check_latency(const DeliveryOptions& d) {
  const auto added = added_latency(d);
  if (!d.sparse->max_latency || !added) return {};
  if (!added->worst)
    return refuse("max-latency",
                  "cannot be kept: digest closes by a number of events alone, so give it an "
                  "interval or until, too");
  if (*added->worst < *d.sparse->max_latency) return {};
  return refuse("max-latency", "cannot be kept: hold, min-interval and digest alone take up to " +
                                   to_text(*added->worst));
}

// A delivery with events of several sources cannot be ordered by source, and options that collect
// events exclude each other.
Status check_together(const DeliveryOptions& d) {
  const auto& sparse = *d.sparse;
  if (sparse.digest && d.ordered())
    return refuse("digest", "conflicts with order: one delivery holds events of many sources");
  if (sparse.min_interval && d.ordered())
    return refuse("min-interval", "conflicts with order: what comes meanwhile is one delivery");
  if (sparse.digest && sparse.min_interval)
    return refuse("digest", "conflicts with min-interval: the window of a digest is its interval");
  if (sparse.coalesce && !d.collects())
    return refuse("coalesce", "needs min-interval or digest: nothing else collects events");
  if (d.expiry && sparse.hold && *d.expiry <= *sparse.hold)
    return refuse("hold", "is not shorter than expiry: nothing would ever be delivered");
  return {};
}

}  // namespace

std::string_view to_text(Coalesce coalesce) {
  return coalesce == Coalesce::latest ? "latest" : "batch";
}
std::string_view to_text(Order order) { return order == Order::source ? "source" : "none"; }
std::string_view to_text(OnFailure on_failure) {
  return on_failure == OnFailure::drop ? "drop" : "dead-letter";
}

Status validate(const DeliveryOptions& options) {
  const auto& sparse = *options.sparse;
  if (auto status = check_retry(options); !status) return status;
  if (outside(options.expiry, expiry_min, expiry_max))
    return refuse("expiry", "is 1s to ten years");
  if (outside(options.window, 1U, window_max))
    return refuse("window", "is 1 to 1024 attempts at once");
  if (outside<Duration>(sparse.hold, pause_min, wait_max)) return refuse("hold", "is 1ms to 31d");
  if (outside<Duration>(sparse.min_interval, pause_min, wait_max))
    return refuse("min-interval", "is 1ms to 31d");
  if (outside<Duration>(sparse.max_latency, pause_min, wait_max))
    return refuse("max-latency", "is 1ms to 31d");
  if (outside(sparse.rate, 1U, rate_max))
    return refuse("rate", "is 1 to 10000 attempts in a second");
  if (sparse.digest)
    if (auto status = check_digest(*sparse.digest); !status) return status;
  if (auto status = check_failure(sparse); !status) return status;
  if (auto status = check_together(options); !status) return status;
  return check_latency(options);
}

Result<Duration> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return fail(Code::badparam, "is not a time of day such as \"18:00\", UTC");
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  if (two(0) > 23 || two(3) > 59) return fail(Code::badparam, "is a time of day, 00:00 to 23:59");
  return std::chrono::hours{two(0)} + std::chrono::minutes{two(3)};
}

std::string time_of_day(Duration since_midnight) {
  const auto minute = since_midnight / std::chrono::minutes{1};
  const auto two = [](std::int64_t number) {
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
  };
  return two(minute / 60) + ":" + two(minute % 60);
}

}  // namespace sense
