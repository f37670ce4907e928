#pragma once

#include <functional>
#include <utility>

#include "core/bus/bus.hpp"
#include "gateways/host/engine.hpp"
#include "gateways/host/read_ahead.hpp"

namespace sense {

// When the host takes the next batch of events from the bus. What is not taken stays in the
// journal. The reactor's thread.
class Flow {
 public:
  static constexpr std::size_t unsaved_max = 20'000;
  using After = std::function<void(Duration, std::function<void()>)>;

  // All must outlive this; `after` calls nothing back once the host has stopped.
  Flow(Bus& bus, const Engine& engine, const Clock& clock, After after)
      : bus_(bus), engine_(engine), clock_(clock), after_(std::move(after)) {}

  // A batch has been dealt with.
  void next() {
    waits_ = true;
    look();
  }
  // Something has changed: deliveries have come to an end, or the store has taken what waits.
  void look() {
    if (!waits_ || engine_.unsaved() > unsaved_max) return;
    if (!read_ahead_.may_read(engine_.waiting(), engine_.totals().delivered, clock_.now().mono))
      return look_later();
    waits_ = false;
    bus_.resume();
  }

 private:
  // For when no delivery comes to an end.
  void look_later() {
    if (std::exchange(looking_, true)) return;
    after_(ReadAhead::look_back / 4, [this] {
      looking_ = false;
      look();
    });
  }

  Bus& bus_;
  const Engine& engine_;
  const Clock& clock_;
  const After after_;
  ReadAhead read_ahead_;
  bool waits_ = false;  // the stream, for resume()
  bool looking_ = false;
};

}  // namespace sense
