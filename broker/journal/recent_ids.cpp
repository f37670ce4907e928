// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/recent_ids.hpp"

#include <array>
#include <cstring>

#include "core/event/event.hpp"

namespace sense {

namespace {
constexpr std::size_t size_min = 1024;
constexpr std::size_t text_length_max = Event::source_length_max + 1 + Event::id_length_max;
}  // namespace

RecentIds::RecentIds(Duration window, std::size_t count_max)
    : window_(window), count_max_(count_max) {
  grow();
}

RecentIds::Key RecentIds::key_of(std::string_view source, std::string_view id) const {
  std::array<char, text_length_max> text;
  // Only bounds the copy: an event over its limits was refused before.
  source = source.substr(0, Event::source_length_max);
  id = id.substr(0, Event::id_length_max);
  // A source has no NUL, so different pairs have different texts.
  std::memcpy(text.data(), source.data(), source.size());
  text[source.size()] = '\0';
  std::memcpy(text.data() + source.size() + 1, id.data(), id.size());
  return keyed_hash(secret_, {text.data(), source.size() + 1 + id.size()});
}

std::size_t RecentIds::place_of(std::size_t age) const {
  const auto place = oldest_ + age;
  return place < ring_.size() ? place : place - ring_.size();
}

std::size_t RecentIds::slot_of(const Key& key) const {
  return slots_.find(tag_of(key), [&](std::uint32_t place) { return ring_[place].key == key; });
}

void RecentIds::prefetch(const Key& key) const { slots_.prefetch(tag_of(key)); }

std::uint64_t RecentIds::find(const Key& key) const {
  const auto place = slots_.number(slot_of(key));
  return place == SlotTable::none ? 0 : ring_[place].sequence;
}

std::uint64_t RecentIds::insert(const Key& key, std::uint64_t sequence, WallTime time) {
  auto slot = slot_of(key);
  if (const auto held = slots_.number(slot); held != SlotTable::none) return ring_[held].sequence;
  if (size_ == ring_.size()) {
    grow();
    slot = slot_of(key);
  }
  const auto place = place_of(size_);
  ring_[place] = {key, sequence, time};
  slots_.insert(slot, tag_of(key), static_cast<std::uint32_t>(place));
  ++size_;
  ++pending_;
  return 0;
}

void RecentIds::grow() {
  std::vector<Seen> ring(ring_.size() + ring_.size() / 4 + size_min);
  for (std::size_t age = 0; age < size_; ++age) ring[age] = ring_[place_of(age)];
  ring_ = std::move(ring);
  oldest_ = 0;
  slots_ = SlotTable();
  slots_.reserve(ring_.size());
  for (std::size_t age = 0; age < size_; ++age) {
    const auto& key = ring_[age].key;
    slots_.insert(slot_of(key), tag_of(key), static_cast<std::uint32_t>(age));
  }
}

void RecentIds::expire(WallTime now) {
  while (size_ > 0 && (size_ > count_max_ || ring_[oldest_].time + window_ < now)) {
    slots_.erase(slot_of(ring_[oldest_].key));
    oldest_ = place_of(1);
    --size_;
  }
}

void RecentIds::rollback() {
  for (; pending_ > 0; --pending_) slots_.erase(slot_of(ring_[place_of(--size_)].key));
}

}  // namespace sense
