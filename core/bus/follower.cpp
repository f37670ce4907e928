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
}

Follower::Live Follower::live() const {
  if (!following_) return Live::discard;
  const bool fetching = awaited_ != 0 || need_fetch_;
  if (fetching && fetched_head_ > position_ + behind_max) return Live::discard;
  const bool consumer_is_late = !ready_.empty() || !marks_.empty();
  const bool half_full =
      waiting_.size() >= waiting_events_max / 2 || waiting_octets_ >= waiting_octets_max / 2;
  return consumer_is_late && half_full ? Live::leave : Live::take;
}

void Follower::forget_waiting() {
  waiting_.clear();
  waiting_octets_ = 0;
  marks_.clear();
}

void Follower::drop_until(std::uint64_t sequence) {
  while (!waiting_.empty() && waiting_.front().event->sequence <= sequence) {
    waiting_octets_ -= waiting_.front().octets;
    waiting_.pop_front();
  }
  while (!marks_.empty() && marks_.front().head <= sequence) marks_.pop_front();
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
    // A broker that restarts may send an event again; the stream itself is in order.
    const auto last = waiting_.empty() ? position_ : waiting_.back().event->sequence;
    if (event->sequence <= last) continue;
    waiting_.push_back({std::move(event), share});
    waiting_octets_ += share;
  }
}

void Follower::on_mark(Mark mark) {
  if (!following_) return;
  if (marks_.size() >= waiting_marks_max) {
    forget_waiting();
    need_fetch_ = true;
  }
  // One broker's heads never fall: the journal may have been put back from a backup. Asking tells.
  // A heartbeat behind us means the same, unless it was on its way while we fetched.
  const bool heartbeat = mark.previous == mark.head;
  if (mark.head < marked_ || (heartbeat && mark.head < position_)) need_fetch_ = true;
  marked_ = mark.head;
  // Heartbeats repeat the head; one that tells nothing new need not wait.
  if (heartbeat && !marks_.empty() && marks_.back().head == mark.head) return;
  marks_.push_back(std::move(mark));
}

std::uint64_t Follower::expected(const Mark& mark) {
  std::uint64_t count = 0;
  for (const auto& [type, events] : mark.tally)
    if (selected_.select(type)) count += events;
  return count;
}

Follower::Step Follower::try_mark() {
  while (!marks_.empty() && marks_.front().head <= position_) marks_.pop_front();
  if (marks_.empty()) return Step::none;
  const auto& mark = marks_.front();
  if (mark.previous != position_) return Step::fetch;
  // Gone from here whether they are complete or not: if not, they come again with the fetch.
  Batch batch;
  for (; !waiting_.empty() && waiting_.front().event->sequence <= mark.head; waiting_.pop_front()) {
    waiting_octets_ -= waiting_.front().octets;
    if (wanted(*waiting_.front().event)) batch.events.push_back(std::move(waiting_.front().event));
  }
  if (batch.events.size() != expected(mark)) return Step::fetch;
  batch.position = mark.head;
  position_ = mark.head;
  ready_.push_back(std::move(batch));
  drop_until(position_);
  return Step::advanced;
}

std::optional<Batch> Follower::next_batch() {
  if (!following_) return std::nullopt;
  if (ready_.empty() && awaited_ == 0 && !need_fetch_) {
    // Several marks make one batch, up to a size that keeps a consumer responsive.
    std::size_t events = 0;
    while (events < 1'000) {
      const auto step = try_mark();
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
  // Only when this one moves on, there is more, and what came before has been handed out.
  const bool useful = next > fetch.from && next <= head && ready_.empty();
  behind_ = useful ? ++last_id_ : 0;
  if (!useful) return std::nullopt;
  return Fetch{next, behind_};
}

bool Follower::on_unreadable(const Fetch& fetch) {
  if (fetch.id == behind_) behind_ = 0;
  return waits_for(fetch);
}

void Follower::on_fetched(const Fetch& fetch, Bus::FetchReply reply) {
  // Before what it goes on from, it is of no use and is asked for anew.
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
  // A journal that is shorter than what was seen was put back from a backup: go on from its end.
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
