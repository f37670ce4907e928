// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/feeds/feed_reader.hpp"

#include <algorithm>
#include <utility>

namespace sense {

namespace {

bool is_expired(const Event& event, std::optional<Duration> expiry, WallTime now) {
  if (event.expirytime && *event.expirytime <= now) return true;
  const WallTime occurred = event.time.value_or(event.observedtime.value_or(now));
  return expiry && occurred + *expiry <= now;
}

}  // namespace

// What the client says is believed only where it goes on: its numbers are its own affair, and what
// it may read is judged event by event.
FeedReader::FeedReader(FeedPosition from, std::optional<FeedPosition> asked)
    : number_(from.number), position_(from.sequence) {
  if (!asked) return;
  if (asked->number < from.number) {
    missing_from_ = asked->number + 1;
  } else if (asked->sequence > from.sequence &&
             asked->number - from.number <= asked->sequence - from.sequence) {
    number_ = asked->number;
    position_ = asked->sequence;
    acknowledged_ = *asked;
  } else {
    skip_to_ = asked->number;
  }
}

void FeedReader::add(FeedItem item, Items& items) {
  if (item.number_last > skip_to_) return items.push_back(std::move(item));
  if (item.number_last == skip_to_) acknowledged_ = {item.number_last, item.sequence};
}

// Numbers of one reason that follow each other are one gap.
void FeedReader::add_gap(std::uint64_t count, std::uint64_t sequence, const char* reason,
                         Items& items) {
  const auto first = number_ + 1;
  number_ += count;
  auto* last = items.empty() ? nullptr : &items.back();
  if (last == nullptr || last->event || last->reason != reason)
    return add({first, number_, sequence, nullptr, reason}, items);
  last->number_last = number_;
  last->sequence = sequence;
}

std::optional<FeedReader::Items> FeedReader::read(const Bus::FetchReply& part, std::size_t most,
                                                  std::optional<Duration> expiry, WallTime now,
                                                  const Select& select) {
  Items items;
  at_end_ = false;
  if (missing_from_ != 0)
    items.push_back({std::exchange(missing_from_, 0), number_, position_, nullptr, "acknowledged"});
  // A journal that ends before our position was restored from a backup: continue at its end.
  if (part.head < position_) position_ = part.head;
  if (part.first > position_ + 1 && position_ < part.head) {
    position_ = part.first - 1;
    add_gap(1, position_, "retention", items);
  }
  for (const auto& event : part.events) {
    if (event->sequence <= position_) continue;
    if (items.size() >= most) return items;
    const auto selected = select(*event);
    if (!selected) return std::nullopt;
    position_ = event->sequence;
    if (!*selected) continue;
    if (is_expired(*event, expiry, now)) {
      add_gap(1, position_, "expired", items);
      continue;
    }
    ++number_;
    add({number_, number_, position_, event, {}}, items);
  }
  position_ =
      std::max(position_, std::min(part.next - std::min<std::uint64_t>(part.next, 1), part.head));
  at_end_ = position_ >= part.head;
  return items;
}

}  // namespace sense
