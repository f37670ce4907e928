// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/checkpoint_tracker.hpp"

namespace sense {

namespace {

// Takes out what awaits a checkpoint of an earlier epoch.
template <class Entries, class Ids>
void take_before(std::uint32_t epoch, Entries& entries, Ids& ids) {
  std::erase_if(entries, [&](const auto& entry) {
    if (entry.since == epoch) return false;
    ids.push_back(entry.id);
    return true;
  });
}

}  // namespace

void CheckpointTracker::on_change(Handle handle, QueueMarks& queue) {
  queue.changed = not_replayable_ = true;
  if (std::exchange(queue.listed, epoch_) != epoch_) queues_.push_back(handle);
}

void CheckpointTracker::on_number(Handle handle, QueueMarks& queue) {
  const bool listed = std::exchange(queue.listed, epoch_) == epoch_;
  if (!listed) queues_.push_back(handle);
  if (std::exchange(queue.number_epoch, epoch_) != epoch_) {
    queue.clean_at_epoch_start = !listed;
    queue.assigned = 0;
  }
  ++queue.assigned;
}

void CheckpointTracker::on_removed(const std::string& id, const QueueMarks& queue) {
  not_replayable_ = true;
  if (queue.saved) removed_queues_.insert(id);
}

void CheckpointTracker::on_change(PendingId id, DeliveryMarks& delivery) {
  if (std::exchange(delivery.listed, epoch_) != epoch_) deliveries_.push_back(id);
}

void CheckpointTracker::on_removed(const std::string& queue, Key key,
                                   const DeliveryMarks& delivery) {
  if (delivery.saved) removed_deliveries_.emplace_back(queue, key);
}

std::vector<std::string> CheckpointTracker::take_removed_queues() {
  const auto removed = std::exchange(removed_queues_, {});
  return {removed.begin(), removed.end()};
}

std::vector<std::pair<std::string, CheckpointTracker::Key>>
CheckpointTracker::take_removed_deliveries() {
  return std::exchange(removed_deliveries_, {});
}

CheckpointTracker::QueueSave CheckpointTracker::save(Handle handle, QueueMarks& queue,
                                                     std::uint64_t next_number, AsOf as_of) {
  if (queue.listed != epoch_) return {};
  queue.listed = 0;
  if (as_of == AsOf::lagged && queue.number_epoch == epoch_) {
    next_number -= queue.assigned;
    queue.listed = epoch_ + 1;
    later_queues_.push_back(handle);
    if (queue.clean_at_epoch_start) return {};
  }
  const bool only_number = !std::exchange(queue.changed, false) && queue.saved;
  queue.saved = true;
  return {true, only_number, next_number};
}

bool CheckpointTracker::save(PendingId id, DeliveryMarks& delivery, std::uint64_t sequence,
                             bool has_event, AsOf as_of) {
  if (delivery.listed != epoch_) return false;
  if (as_of == AsOf::lagged && sequence > last_sequence_at_epoch_start_) {
    delivery.listed = epoch_ + 1;
    later_deliveries_.push_back(id);
    return false;
  }
  delivery.listed = 0;
  delivery.saved = true;
  if (!has_event) return true;
  delivery.event_saved = true;
  releasable_.push_back(id);
  return true;
}

void CheckpointTracker::end_epoch() {
  ++epoch_;
  last_sequence_at_epoch_start_ = last_sequence_;
  not_replayable_ = false;
  queues_ = std::exchange(later_queues_, {});
  deliveries_ = std::exchange(later_deliveries_, {});
}

CheckpointTracker::Stored CheckpointTracker::on_stored() {
  Stored stored;
  stored.releasable = std::exchange(releasable_, {});
  take_before(epoch_, awaiting_deliveries_, stored.deliveries);
  take_before(epoch_, awaiting_queues_, stored.queues);
  return stored;
}

}  // namespace sense
