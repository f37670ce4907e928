// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "core/bus/bus.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/read_ahead_limiter.hpp"

namespace sense {

// When the host takes the next events of the bus: a few at a time, so that answers are heard in
// between. What is not taken stays in the journal. The reactor's thread.
class Flow {
 public:
  static constexpr std::size_t unsaved_max = 20'000;
  static constexpr std::size_t slice = 512;  // events at a time
  struct Host {
    // Deals with an event. False: the rest of its batch is not wanted.
    std::function<bool(const EventRef&)> take;
    // Behind the last event of a slice; with the position that the stream has reached when it is
    // the last of its batch, too.
    std::function<void(std::optional<std::uint64_t> position)> taken;
    std::function<void(Duration, std::function<void()>)> after;
  };

  // All must outlive this.
  Flow(Bus& bus, const Engine& engine, const Clock& clock, Host host)
      : bus_(bus), engine_(engine), clock_(clock), host_(std::move(host)) {}

  void take(Batch batch) {
    batch_ = std::move(batch);
    at_ = 0;
    take_slice();
  }
  // The stream begins anew, or has ended: what is left of a batch comes again.
  void drop() {
    batch_.reset();
    waits_ = false;
  }
  // Something has changed: deliveries have come to an end, or the store has taken what waits.
  void look() {
    if (!waits_ || engine_.unsaved() > unsaved_max) return;
    if (!read_ahead_.may_read(engine_.active(), engine_.totals().delivered, clock_.now().mono))
      return look_later();
    waits_ = false;
    if (!batch_) return bus_.resume();
    // Not at once: answers that have come are heard first.
    host_.after(Duration{0}, [this] {
      if (batch_) take_slice();
    });
  }

 private:
  void take_slice() {
    const auto end = std::min(batch_->events.size(), at_ + slice);
    while (at_ < end)
      if (!host_.take(batch_->events[at_++])) return;
    std::optional<std::uint64_t> position;
    if (at_ == batch_->events.size()) {
      position = batch_->position;
      batch_.reset();
    }
    host_.taken(position);
    waits_ = true;
    look();
  }
  // For when no delivery comes to an end.
  void look_later() {
    if (std::exchange(looking_, true)) return;
    host_.after(ReadAhead::look_back / 4, [this] {
      looking_ = false;
      look();
    });
  }

  Bus& bus_;
  const Engine& engine_;
  const Clock& clock_;
  const Host host_;
  ReadAhead read_ahead_;
  std::optional<Batch> batch_;
  std::size_t at_ = 0;  // the next event of it
  bool waits_ = false;  // for leave to go on
  bool looking_ = false;
};

}  // namespace sense
