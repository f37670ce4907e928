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

// Reads the events of the bus in slices, so that outcomes of attempts are processed in between, and
// pauses while enough deliveries are active or too many events are unsaved. Unread events stay in
// the journal. Reactor thread.
class EventReader {
 public:
  static constexpr std::size_t unsaved_max = 20'000;
  static constexpr std::size_t slice = 512;  // events
  struct Callbacks {
    // Processes an event. False: the rest of its batch is not wanted.
    std::function<bool(const EventRef&)> process;
    // Called after a slice; after the last of a batch with the position that the stream has
    // reached.
    std::function<void(std::optional<std::uint64_t> position)> slice_done;
    std::function<void(Duration, std::function<void()>)> after;
  };

  // All arguments must outlive this.
  EventReader(Bus& bus, const Engine& engine, const Clock& clock, Callbacks callbacks)
      : bus_(bus), engine_(engine), clock_(clock), callbacks_(std::move(callbacks)) {}

  void read(Batch batch) {
    batch_ = std::move(batch);
    next_event_ = 0;
    process_slice();
  }
  // The stream is restarted or has ended: discards the rest of the batch, which is delivered again.
  void reset() {
    batch_.reset();
    paused_ = false;
  }
  // Call it when deliveries were settled or a checkpoint was stored.
  void resume_if_ready() {
    if (!paused_ || engine_.unsaved() > unsaved_max) return;
    if (!limiter_.may_read(engine_.active(), engine_.totals().delivered, clock_.now().mono))
      return check_later();
    paused_ = false;
    if (!batch_) return bus_.resume();
    // Not at once: outcomes that have arrived are processed first.
    callbacks_.after(Duration{0}, [this] {
      if (batch_) process_slice();
    });
  }

 private:
  void process_slice() {
    const auto end = std::min(batch_->events.size(), next_event_ + slice);
    while (next_event_ < end)
      if (!callbacks_.process(batch_->events[next_event_++])) return;
    std::optional<std::uint64_t> position;
    if (next_event_ == batch_->events.size()) {
      position = batch_->position;
      batch_.reset();
    }
    callbacks_.slice_done(position);
    paused_ = true;
    resume_if_ready();
  }
  // In case that no delivery is settled.
  void check_later() {
    if (std::exchange(check_scheduled_, true)) return;
    callbacks_.after(ReadAheadLimiter::measured_span / 4, [this] {
      check_scheduled_ = false;
      resume_if_ready();
    });
  }

  Bus& bus_;
  const Engine& engine_;
  const Clock& clock_;
  const Callbacks callbacks_;
  ReadAheadLimiter limiter_;
  std::optional<Batch> batch_;
  std::size_t next_event_ = 0;  // index in the batch
  bool paused_ = false;
  bool check_scheduled_ = false;
};

}  // namespace sense
