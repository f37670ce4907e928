// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/read_ahead_limiter.hpp"

namespace sense {

// The stream of events of one gateway: follows the journal, hands out its events in slices, so that
// outcomes of attempts are processed in between, and pauses while enough deliveries are active or
// too many events are unsaved. Unread events stay in the journal. When the followed topics do not
// include all that are wanted any more, it follows the wanted ones from the event reached. It owns
// no thread; reactor thread only. All arguments must outlive it, and none may call back after its
// end; none of its callbacks runs after stop().
class EventReader {
 public:
  static constexpr std::size_t unsaved_max = 20'000;
  static constexpr std::size_t slice = 512;  // events
  struct Callbacks {
    // An event, in order; position() is its sequence. True when the topics wanted may have changed.
    std::function<bool(const EventRef&)> process;
    // A slice was handed out, or the stream is about to begin anew at position(): acts on it.
    std::function<void()> slice_done;
    // The journal does not hold the events `lost_from` to `lost_to` any more, or, when these are 0,
    // ends before position(): the stream waits at its new position for follow().
    std::function<void(const Batch&)> lost;
    // The topics wanted, as prefixes (Bus::follow); "{" alone: all.
    std::function<std::vector<std::string>()> topics;
    std::function<void(Duration, std::function<void()>)> after;  // runs a task after a pause
    // The stream has begun anew by itself at position(), behind an event that wanted other topics:
    // what these are for has missed the events between its wish and that one. Empty: not told.
    std::function<void()> restarted = {};
  };

  EventReader(Bus& bus, const Engine& engine, const Clock& clock, Callbacks callbacks)
      : bus_(bus), engine_(engine), clock_(clock), callbacks_(std::move(callbacks)) {}

  // Begins, or begins anew, behind `position`. Not to be called by `process`.
  void follow(std::uint64_t position);
  // Begins anew at position() if not all topics wanted are followed. True when it did. Not to be
  // called by `process`.
  [[nodiscard]] bool follow_wanted();
  // Call it when deliveries were settled or a checkpoint was stored.
  void resume_if_ready();
  // Hands out nothing more.
  void stop();

  // The last sequence that was handed out, or is known to be of no interest; 0 before follow().
  [[nodiscard]] std::uint64_t position() const { return position_; }
  // True from the first follow() on.
  [[nodiscard]] bool following() const { return !topics_.empty(); }

 private:
  void on_batch(Batch batch);
  void process_slice();
  // False: the stream must begin anew behind the last event handed out.
  [[nodiscard]] bool process_events(const Batch& batch, std::size_t end);
  [[nodiscard]] bool includes_wanted() const;
  void check_later();

  Bus& bus_;
  const Engine& engine_;
  const Clock& clock_;
  const Callbacks callbacks_;
  ReadAheadLimiter limiter_;
  std::uint64_t position_ = 0;
  std::set<std::string> topics_;  // followed
  std::uint64_t stream_ = 0;      // number of the last follow(); batches of earlier ones are void
  std::optional<Batch> batch_;
  std::size_t next_event_ = 0;  // index in the batch
  bool paused_ = false;
  bool check_scheduled_ = false;
};

}  // namespace sense
