// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sense {

// What the next checkpoint is to have, what the last one made durable, and whether a checkpoint may
// lag. Pure: knows queues by their handle and deliveries by handle and key, and keeps their marks
// in them; has neither contents nor store. One thread.
//
// An epoch ends with each checkpoint. A handle or key may be reused while it is listed: the mark
// decides, not the list.
class CheckpointTracker {
 public:
  using Handle = std::uint32_t;
  using Key = std::uint64_t;
  using PendingId = std::pair<Handle, Key>;
  // A lagged checkpoint has the state as of the checkpoint before: without the events that arrived
  // since, most of which are delivered before the next one and need never be stored. After a crash
  // the journal repeats them, and they get the same numbers.
  enum class AsOf : std::uint8_t { now, lagged };

  // The marks of a queue. Of a million idle ones: 16 octets.
  struct QueueMarks {
    std::uint32_t listed = 0;           // for the checkpoint that ends this epoch; 0: for none
    std::uint32_t number_epoch = 0;     // in which it last assigned a number
    std::uint32_t assigned = 0;         // numbers, in that epoch
    bool saved = false;                 // a checkpoint has it
    bool changed = false;               // in more than its next number
    bool clean_at_epoch_start = false;  // when `number_epoch` began, it was not listed
  };
  struct DeliveryMarks {
    std::uint32_t listed = 0;  // as above
    bool saved = false;        // a checkpoint has it
    bool event_saved = false;  // and its event
  };

  // ---- changes

  // An event was read from the journal. REQUIRES: sequences ascend.
  void on_event(std::uint64_t sequence) { last_sequence_ = sequence; }
  // In this epoch happened what a replay of the journal does not reproduce.
  void set_not_replayable() { not_replayable_ = true; }
  void on_change(Handle handle, QueueMarks& queue);
  // The queue is about to assign its next number.
  void on_number(Handle handle, QueueMarks& queue);
  void on_removed(const std::string& id, const QueueMarks& queue);
  void on_change(PendingId id, DeliveryMarks& delivery);
  void on_removed(const std::string& queue, Key key, const DeliveryMarks& delivery);
  // Wait for the checkpoint that ends this epoch: a delivery, or all of a queue.
  void await_stored(PendingId id) { awaiting_deliveries_.push_back({epoch_, id}); }
  void await_stored(Handle queue) { awaiting_queues_.push_back({epoch_, queue}); }

  // ---- a checkpoint: removals, then each that is listed, then end_epoch()

  // True when, in this epoch, events were only accepted, attempted and delivered: a replay of the
  // journal reproduces that.
  [[nodiscard]] bool allow_lagged() const { return !not_replayable_; }
  [[nodiscard]] std::vector<std::string> take_removed_queues();
  [[nodiscard]] std::vector<std::pair<std::string, Key>> take_removed_deliveries();
  [[nodiscard]] std::vector<Handle> take_queues() { return std::exchange(queues_, {}); }
  [[nodiscard]] std::vector<PendingId> take_deliveries() { return std::exchange(deliveries_, {}); }
  struct QueueSave {
    bool wanted = false;
    bool only_number = false;       // nothing else has changed since it was stored
    std::uint64_t next_number = 0;  // as of the checkpoint
  };
  // For a queue that was listed: whether this checkpoint has it, and as what.
  [[nodiscard]] QueueSave save(Handle handle, QueueMarks& queue, std::uint64_t next_number,
                               AsOf as_of);
  // For a delivery that was listed: whether this checkpoint has it. `has_event`: in memory, to be
  // released when it is stored.
  [[nodiscard]] bool save(PendingId id, DeliveryMarks& delivery, std::uint64_t sequence,
                          bool has_event, AsOf as_of);
  void end_epoch();

  // ---- the last checkpoint taken is stored

  struct Stored {
    std::vector<PendingId> releasable;  // their events are stored
    std::vector<PendingId> deliveries;  // that awaited it
    std::vector<Handle> queues;         // that awaited it
  };
  [[nodiscard]] Stored on_stored();
  // Not changed since the last checkpoint was taken. That what await_stored() was called for is
  // this one: its handle may have been reused meanwhile.
  [[nodiscard]] bool clean(const DeliveryMarks& delivery) const {
    return delivery.listed != epoch_;
  }
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }

 private:
  template <class Id>
  struct Awaiting {
    std::uint32_t since = 0;  // epoch
    Id id;
  };

  std::uint32_t epoch_ = 1;  // ends with each checkpoint; at two a second lasts for 68 years
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_sequence_at_epoch_start_ = 0;
  bool not_replayable_ = false;
  std::vector<Handle> queues_;
  std::vector<PendingId> deliveries_;
  std::vector<Handle> later_queues_;  // listed for the next checkpoint
  std::vector<PendingId> later_deliveries_;
  std::set<std::string> removed_queues_;
  std::vector<std::pair<std::string, Key>> removed_deliveries_;
  std::vector<PendingId> releasable_;
  std::vector<Awaiting<PendingId>> awaiting_deliveries_;
  std::vector<Awaiting<Handle>> awaiting_queues_;
};

}  // namespace sense
