// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/base/clock.hpp"
#include "core/subscription/delivery_options.hpp"
#include "gateways/host/engine/queue/queue_defaults.hpp"

namespace sense {

// Whether one callback works: its consecutive failures, and while it is suspended the time of the
// next probe. A value without I/O or clock; one thread. Decides nothing about deliveries: the
// caller suspends when on_failure() says so, and tells the registry.
class CallbackHealth {
 public:
  // The engine's state of the callback; the registry follows. Its numbers are stored.
  enum class Suspension : std::uint8_t {
    none,
    suspended,  // only probed
    resumed,    // served again; the registry may still say suspended
  };

  explicit CallbackHealth(Suspension suspension) : suspension_(suspension) {}

  [[nodiscard]] Suspension suspension() const { return suspension_; }
  [[nodiscard]] bool suspended() const { return suspension_ == Suspension::suspended; }
  [[nodiscard]] std::uint32_t failures() const { return failures_; }  // consecutive

  // The callback answered, if only by refusing a delivery. True when that ends a suspension.
  [[nodiscard]] bool on_response();
  // An attempt failed. True when the callback has failed often and long enough to be suspended, and
  // is not yet.
  [[nodiscard]] bool on_failure(const SparseOptions& options, const QueueDefaults& defaults,
                                MonoTime now);
  // The first probe is due `probe_first` later. Also for a suspension that was restored.
  void suspend(const QueueDefaults& defaults, MonoTime now);
  // The registry's decision, which overrides probing: nothing is remembered.
  void reset();
  // An attempt was made. While suspended the pause to the next one doubles, up to `probe_max`.
  void on_attempt(const QueueDefaults& defaults, MonoTime now);
  // No attempt before; meaningful while suspended.
  [[nodiscard]] MonoTime next_probe() const { return next_probe_; }

 private:
  Suspension suspension_;
  std::uint32_t failures_ = 0;
  MonoTime failing_since_{};
  MonoTime next_probe_{};
  Duration probe_pause_{0};
};

}  // namespace sense
