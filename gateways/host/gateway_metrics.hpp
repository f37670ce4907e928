// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "core/admin/metrics.hpp"
#include "gateways/host/dispatcher.hpp"

namespace sense {

// What a gateway measures: its attempts by outcome, and how much waits. Reactor thread, but for
// metrics(), on any.
class GatewayMetrics {
 public:
  // `name`: of the gateway, which is the label of all.
  explicit GatewayMetrics(const std::string& name);

  void add(const MeasuredAttempt& attempt) const;
  void set(const Engine& engine) const;
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }

 private:
  [[nodiscard]] Histogram attempts(const char* outcome);

  Metrics metrics_;
  const std::array<Histogram, 4> attempts_;  // by Attempt::Outcome
  const Histogram delivered_;
  const Gauge waiting_;
  const Gauge active_;
  const Gauge subscriptions_;
};

inline GatewayMetrics::GatewayMetrics(const std::string& name)
    : metrics_({"gateway", name}),
      attempts_{attempts("delivered"), attempts("retry"), attempts("rejected"), attempts("gone")},
      delivered_(metrics_.histogram(
          "sense_gateway_delivery_seconds",
          "Time from the acceptance of an event by the broker until a callback has it",
          Metrics::Unit::seconds)),
      waiting_(metrics_.gauge("sense_gateway_deliveries_waiting", "Deliveries not yet settled")),
      active_(metrics_.gauge("sense_gateway_deliveries_active",
                             "Deliveries in flight, or due to callbacks that work")),
      subscriptions_(metrics_.gauge("sense_gateway_subscriptions", "Subscriptions served here")) {}

inline Histogram GatewayMetrics::attempts(const char* outcome) {
  return metrics_.histogram("sense_gateway_attempt_seconds", "Time that an attempt took",
                            Metrics::Unit::seconds, {"outcome", outcome});
}

inline void GatewayMetrics::add(const MeasuredAttempt& attempt) const {
  attempts_.at(static_cast<std::size_t>(attempt.outcome)).observe(attempt.took);
  if (attempt.outcome == Attempt::Outcome::delivered && attempt.since_accepted)
    delivered_.observe(*attempt.since_accepted);
}

inline void GatewayMetrics::set(const Engine& engine) const {
  waiting_.set(static_cast<double>(engine.waiting()));
  active_.set(static_cast<double>(engine.active()));
  subscriptions_.set(static_cast<double>(engine.count()));
}

}  // namespace sense
