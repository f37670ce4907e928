// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/pending_deliveries.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "gateways/host/engine/delivery_notices.hpp"

namespace sense {

using Stage = PendingDelivery::Stage;

void PendingDeliveries::count_event(const PendingDelivery& pending, const QueueScope& in) {
  ++events_;
  octets_ += pending.octets;
  in.engine.owners.add(in.queue.handle, pending.octets);
}

PendingDeliveries::Key PendingDeliveries::add(PendingDelivery&& pending, const QueueScope& in) {
  const auto key = next_key_++;
  if (pending.event) ++in.engine.unsaved;
  ++in.engine.waiting;
  if (pending.kind == Delivery::Kind::event)
    count_event(pending, in);
  else
    in.engine.tracker.set_not_replayable();
  auto& added = deliveries_.emplace_hint(deliveries_.end(), key, std::move(pending))->second;
  in.engine.tracker.on_change({in.queue.handle, key}, added.marks);
  return key;
}

void PendingDeliveries::restore(Key key, PendingDelivery pending, const QueueScope& in) {
  const auto [place, fresh] = deliveries_.emplace(key, std::move(pending));
  if (!fresh) return;
  ++in.engine.waiting;
  if (place->second.kind == Delivery::Kind::event) count_event(place->second, in);
  next_key_ = std::max(next_key_, key + 1);
}

std::optional<PendingDeliveries::Key> PendingDeliveries::remove(Key key, const QueueScope& in) {
  const auto found = deliveries_.find(key);
  SENSE_CHECK(found != deliveries_.end());
  const auto& pending = found->second;
  if (pending.event && !pending.marks.event_saved) --in.engine.unsaved;
  --in.engine.waiting;
  if (pending.kind == Delivery::Kind::event) {
    --events_;
    octets_ -= pending.octets;
    in.engine.owners.remove(in.queue.handle, pending.octets);
  }
  if (pending.whole_window) --windows_;
  in.engine.tracker.on_removed(in.queue.subscription->id, key, pending.marks);
  const bool ordered = pending.ordered;
  const auto group = pending.group;
  deliveries_.erase(found);
  if (!ordered) return std::nullopt;
  order_.erase({group, key});
  const auto next = order_.lower_bound({group, 0});
  if (next == order_.end() || next->first != group) return std::nullopt;
  if (at(next->second).stage != Stage::blocked) return std::nullopt;
  return next->second;
}

bool PendingDeliveries::enter_order(Key key) {
  auto& pending = at(key);
  pending.ordered = true;
  const auto place = order_.emplace(pending.group, key).first;
  if (place == order_.begin() || std::prev(place)->first != pending.group) return true;
  pending.stage = Stage::blocked;
  return false;
}

PendingDeliveries::Key PendingDeliveries::close_window(std::vector<Key> members,
                                                       const QueueScope& in) {
  auto key = members.front();
  if (members.size() > 1) {
    for (const auto member : members) at(member).stage = Stage::in_digest;
    PendingDelivery digest;
    digest.kind = Delivery::Kind::digest;
    digest.details.edit().members = std::move(members);
    key = add(std::move(digest), in);
    number_digest(key);
  }
  auto& pending = at(key);
  pending.stage = Stage::not_durable;
  pending.window = in.queue.windows;
  count_window(key);
  mark(key, in);
  return key;
}

void PendingDeliveries::count_window(Key key) {
  at(key).whole_window = true;
  ++windows_;
}

void PendingDeliveries::number_digest(Key digest) {
  auto& pending = at(digest);
  auto& members = pending.details.edit().members;
  std::sort(members.begin(), members.end(),
            [this](const Key a, const Key b) { return at(a).number < at(b).number; });
  pending.number = at(members.front()).number;
  pending.number_last = at(members.back()).number;
}

void PendingDeliveries::rebuild_digests(const QueueScope& in) {
  std::map<std::uint64_t, Key> digests;  // by window
  for (const auto& [key, pending] : deliveries_)
    if (pending.kind == Delivery::Kind::digest) digests.emplace(pending.window, key);
  if (!digests.empty())
    in.queue.windows = std::max(in.queue.windows, std::prev(digests.end())->first);
  for (auto& [key, pending] : deliveries_) {
    const auto digest = digests.find(pending.window);
    if (pending.kind != Delivery::Kind::event || pending.window == 0 || digest == digests.end())
      continue;
    pending.stage = Stage::in_digest;
    at(digest->second).details.edit().members.push_back(key);
  }
  for (const auto& [window, key] : digests) {
    if (at(key).details->members.empty())
      (void)remove(key, in);
    else
      number_digest(key);
  }
}

std::shared_ptr<Delivery> PendingDeliveries::to_delivery(Key key, const QueueScope& in) {
  const auto& pending = at(key);
  const auto& subscription = *in.queue.subscription;
  auto delivery = std::make_shared<Delivery>();
  delivery->kind = pending.kind;
  delivery->subscription = in.queue.subscription;
  delivery->number = pending.number;
  delivery->number_last = pending.number_last;
  delivery->attempt = pending.attempts;
  delivery->reason = pending.details->reason;
  delivery->window = pending.window;
  switch (pending.kind) {
    case Delivery::Kind::event: delivery->event = pending.event; break;
    case Delivery::Kind::gap:
      delivery->event = gap_notice(subscription, pending.number, pending.number_last,
                                   delivery->reason, in.now.wall);
      break;
    case Delivery::Kind::ended:
      delivery->event = ended_notice(subscription, delivery->reason, in.now.wall);
      break;
    case Delivery::Kind::digest:
      for (const auto member_key : pending.details->members) {
        const auto& member = at(member_key);
        delivery->contents.push_back({member.number, member.sequence, member.event});
      }
      break;
  }
  return delivery;
}

void PendingDeliveries::mark(Key key, const QueueScope& in) {
  in.engine.tracker.on_change({in.queue.handle, key}, at(key).marks);
}

std::vector<PendingDeliveries::Key> PendingDeliveries::keys() const {
  std::vector<Key> keys;
  keys.reserve(deliveries_.size());
  for (const auto& [key, pending] : deliveries_) keys.push_back(key);
  return keys;
}

}  // namespace sense
