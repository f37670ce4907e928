// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/delivery_latency.hpp"

#include <algorithm>

#include "core/base/json.hpp"

namespace sense {

namespace {

// For how long a window is open. Absent: no time closes it.
std::optional<Duration> longest_window(const SparseOptions& sparse) {
  if (sparse.min_interval) return sparse.min_interval;
  if (!sparse.digest) return Duration{0};
  constexpr Duration day = std::chrono::hours{24};
  const auto& digest = *sparse.digest;
  if (!digest.interval && !digest.until) return std::nullopt;
  return std::min(digest.interval.value_or(day), digest.until ? day : Duration::max());
}

std::string latency_json(const AddedLatency& latency) {
  JsonObject json;
  if (latency.typical) json.put("typical", to_text(*latency.typical));
  json.put("worst", latency.worst ? to_text(*latency.worst) : "unbounded");
  return json.take();
}

}  // namespace

std::optional<AddedLatency> added_latency(const DeliveryOptions& options) {
  const auto& sparse = *options.sparse;
  if (!sparse.hold && !options.collects()) return std::nullopt;
  const auto window = longest_window(sparse);
  if (!window) return AddedLatency{};
  const auto held = sparse.hold.value_or(Duration{0});
  return AddedLatency{held + *window / 2, held + *window};
}

std::optional<Duration> worst_latency(const DeliveryOptions& options, Duration transport) {
  const auto added = added_latency(options);
  if (!added) return transport;
  if (!added->worst) return std::nullopt;
  return *added->worst + transport;
}

std::string to_shown_json(const Subscription& subscription) {
  auto json = to_json(subscription, /*secrets=*/false);
  const auto added = added_latency(subscription.delivery);
  if (!added) return json;
  json.pop_back();
  return json + R"(,"latency":)" + latency_json(*added) + "}";
}

}  // namespace sense
