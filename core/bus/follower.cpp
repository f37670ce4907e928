// SPDX-License-Identifier: Apache-2.0
#include "core/bus/follower.hpp"

#include <algorithm>
#include <iterator>

namespace sense::bus {

void Follower::follow(std::uint64_t position, std::vector<std::string> prefixes) {
  forget_waiting();
  ready_.clear();
  following_ = true;
  awaited_ = behind_ = 0;
  need_fetch_ = true;
  position_ = position;
  fetched_head_ = 0;
  prefixes_ = std::move(prefixes);
  selected_ = TypePrefixes(prefixes_);
  wants_unannounced_ = std::any_of(prefixes_.begin(), prefixes_.end(), [](const auto& prefix) {
    return prefix.starts_with(unannounced_topics);
  });
}

Follower::Live Follower::live() const {
  if (!following_) return Live::discard;
  const bool fetching = awaited_ != 0 || need_fetch_;
  if (fetching && fetched_head_ > position_ + behind_max) return Live::discard;
  const bool consumer_is_late = !ready_.empty() || !watermarks_.empty();
  const bool half_full =
      waiting_.size() >= waiting_events_max / 2 || waiting_octets_ >= waiting_octets_max / 2;
  return consumer_is_late && half_full ? Live::leave : Live::take;
}

void Follower::forget_waiting() {
  waiting_.clear();
  waiting_octets_ = 0;
  watermarks_.clear();
}

void Follower::drop_until(std::uint64_t sequence) {
  while (!waiting_.empty() && waiting_.front().event->sequence <= sequence) {
    waiting_octets_ -= waiting_.front().octets;
    waiting_.pop_front();
  }
  while (!watermarks_.empty() && watermarks_.front().head <= sequence) watermarks_.pop_front();
}

void Follower::on_events(std::vector<EventRef> events, std::size_t octets) {
  if (!following_) return;
  if (waiting_.size() + events.size() > waiting_events_max ||
      waiting_octets_ + octets > waiting_octets_max) {
    forget_waiting();
    need_fetch_ = true;
    return;
  }
  if (events.empty()) return;
  const auto share = octets / events.size();
  for (auto& event : events) {
    // A restarted broker may send an event again; otherwise the stream is in order.
    const auto last = waiting_.empty() ? position_ : waiting_.back().event->sequence;
    if (event->sequence <= last) continue;
    waiting_.push_back({std::move(event), share});
    waiting_octets_ += share;
  }
}

void Follower::on_watermark(Watermark watermark) {
  if (!following_) return;
  if (watermarks_.size() >= waiting_watermarks_max) {
    forget_waiting();
    need_fetch_ = true;
  }
  // The head of a journal never decreases: it may have been restored from a backup, which a fetch
  // tells. A heartbeat below our position means the same, unless it was sent before our last fetch.
  const bool heartbeat = watermark.previous == watermark.head;
  if (watermark.head < watermark_head_ || (heartbeat && watermark.head < position_))
    need_fetch_ = true;
  watermark_head_ = watermark.head;
  // Heartbeats repeat the head; one without news is not queued.
  if (heartbeat && !watermarks_.empty() && watermarks_.back().head == watermark.head) return;
  watermarks_.push_back(std::move(watermark));
}

std::uint64_t Follower::expected(const Watermark& watermark) {
  std::uint64_t count = 0;
  for (const auto& [type, events] : watermark.tally)
    if (selected_.select(type)) count += events;
  return count;
}

// Events that no watermark counts may be among those before it.
bool Follower::may_hide_wanted(const Watermark& watermark) const {
  if (!wants_unannounced_) return false;
  std::uint64_t counted = 0;
  for (const auto& [type, events] : watermark.tally) counted += events;
  return counted < watermark.head - watermark.previous;
}

Follower::Step Follower::try_watermark() {
  while (!watermarks_.empty() && watermarks_.front().head <= position_) watermarks_.pop_front();
  if (watermarks_.empty()) return Step::none;
  const auto& watermark = watermarks_.front();
  if (watermark.previous != position_) return Step::fetch;
  // Removed even if incomplete: then the fetch brings them again.
  Batch batch;
  for (; !waiting_.empty() && waiting_.front().event->sequence <= watermark.head;
       waiting_.pop_front()) {
    waiting_octets_ -= waiting_.front().octets;
    if (wanted(*waiting_.front().event)) batch.events.push_back(std::move(waiting_.front().event));
  }
  if (batch.events.size() != expected(watermark) || may_hide_wanted(watermark)) return Step::fetch;
  batch.position = watermark.head;
  position_ = watermark.head;
  ready_.push_back(std::move(batch));
  drop_until(position_);
  return Step::advanced;
}

std::optional<Batch> Follower::next_batch() {
  if (!following_) return std::nullopt;
  if (ready_.empty() && awaited_ == 0 && !need_fetch_) {
    // Several watermarks form one batch, of a size that keeps the consumer responsive.
    std::size_t events = 0;
    while (events < 1'000) {
      const auto step = try_watermark();
      if (step == Step::fetch) need_fetch_ = true;
      if (step != Step::advanced) break;
      events += ready_.back().events.size() + 1;
    }
  }
  if (ready_.empty()) return std::nullopt;
  auto batch = std::move(ready_.front());
  ready_.pop_front();
  while (!ready_.empty() && ready_.front().lost_from == 0) {
    auto& more = ready_.front();
    std::move(more.events.begin(), more.events.end(), std::back_inserter(batch.events));
    batch.position = more.position;
    ready_.pop_front();
  }
  return batch;
}

std::optional<Follower::Fetch> Follower::next_fetch() {
  if (!following_ || awaited_ != 0 || !need_fetch_ || !ready_.empty()) return std::nullopt;
  awaited_ = ++last_id_;
  return Fetch{position_ + 1, awaited_};
}

std::optional<Follower::Fetch> Follower::next_fetch_behind(const Fetch& fetch, std::uint64_t next,
                                                           std::uint64_t head) {
  if (!waits_for(fetch)) return std::nullopt;
  // Only when this reply advances, there is more, and earlier batches have been handed out.
  const bool useful = next > fetch.from && next <= head && ready_.empty();
  behind_ = useful ? ++last_id_ : 0;
  if (!useful) return std::nullopt;
  return Fetch{next, behind_};
}

bool Follower::on_unreadable(const Fetch& fetch) {
  if (fetch.id == behind_) behind_ = 0;
  return waits_for(fetch);
}

void Follower::on_fetched(const Fetch& fetch, JournalReader::FetchReply reply) {
  // A reply before that of the fetch it continues is useless; the fetch is repeated.
  if (fetch.id == behind_) behind_ = 0;
  if (!waits_for(fetch)) return;
  awaited_ = std::exchange(behind_, 0);
  fetched_head_ = reply.head;
  Batch batch;
  if (reply.first > position_ + 1 && position_ < reply.head) {
    batch.lost_from = position_ + 1;
    batch.lost_to = reply.first - 1;
  }
  for (auto& event : reply.events)
    if (event->sequence > position_ && wanted(*event)) batch.events.push_back(std::move(event));
  // A journal that ends before our position was restored from a backup: continue at its end.
  const bool restored = reply.head < position_;
  if (restored) forget_waiting();
  const auto seen = std::min(reply.next - std::min<std::uint64_t>(reply.next, 1), reply.head);
  position_ = restored ? reply.head : std::max(position_, seen);
  batch.position = position_;
  drop_until(position_);
  need_fetch_ = position_ < reply.head;
  ready_.push_back(std::move(batch));
}

}  // namespace sense::bus
