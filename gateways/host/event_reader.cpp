// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/event_reader.hpp"

#include <algorithm>
#include <utility>

namespace sense {

void EventReader::follow(std::uint64_t position) {
  stop();
  position_ = position;
  auto topics = callbacks_.topics();
  topics_ = std::set<std::string>(topics.begin(), topics.end());
  bus_.follow(position, std::move(topics), [this, stream = stream_](Batch batch) {
    // A batch of an earlier stream is delivered again by the new one.
    if (stream == stream_) on_batch(std::move(batch));
  });
}

bool EventReader::follow_wanted() {
  if (!following() || includes_wanted()) return false;
  follow(position_);
  return true;
}

void EventReader::stop() {
  ++stream_;
  batch_.reset();
  paused_ = false;
}

void EventReader::on_batch(Batch batch) {
  if (batch.lost_from != 0 || batch.position < position_) {
    position_ = batch.lost_from != 0 ? batch.lost_to : batch.position;
    return callbacks_.lost(batch);
  }
  batch_ = std::move(batch);
  next_event_ = 0;
  process_slice();
}

void EventReader::process_slice() {
  // Moved out: whatever a callback does, the batch that is iterated stays as it is.
  auto batch = *std::exchange(batch_, std::nullopt);
  const auto stream = stream_;
  const auto end = std::min(batch.events.size(), next_event_ + slice);
  const bool goes_on = process_events(batch, end);
  if (stream != stream_) return;
  if (goes_on && end == batch.events.size()) position_ = batch.position;
  callbacks_.slice_done();
  if (stream != stream_) return;
  if (!goes_on) {
    follow(position_);
    if (callbacks_.restarted) callbacks_.restarted();
    return;
  }
  if (end != batch.events.size()) batch_ = std::move(batch);
  paused_ = true;
  resume_if_ready();
}

bool EventReader::process_events(const Batch& batch, std::size_t end) {
  const auto stream = stream_;
  while (next_event_ < end && stream == stream_) {
    const auto& event = batch.events[next_event_++];
    position_ = event->sequence;
    if (callbacks_.process(event) && !includes_wanted()) return false;
  }
  return true;
}

bool EventReader::includes_wanted() const {
  if (topics_.contains("{")) return true;
  const auto wanted = callbacks_.topics();
  return std::all_of(wanted.begin(), wanted.end(),
                     [this](const auto& topic) { return topics_.contains(topic); });
}

void EventReader::resume_if_ready() {
  if (!paused_ || engine_.unsaved() > unsaved_max) return;
  if (!limiter_.may_read(engine_.active(), engine_.totals().delivered, clock_.now().mono))
    return check_later();
  paused_ = false;
  if (!batch_) return bus_.resume();
  // Not at once: outcomes that have arrived are processed first.
  callbacks_.after(Duration{0}, [this, stream = stream_] {
    if (stream == stream_ && batch_) process_slice();
  });
}

// In case that no delivery is settled.
void EventReader::check_later() {
  if (std::exchange(check_scheduled_, true)) return;
  callbacks_.after(ReadAheadLimiter::measured_span / 4, [this] {
    check_scheduled_ = false;
    resume_if_ready();
  });
}

}  // namespace sense
