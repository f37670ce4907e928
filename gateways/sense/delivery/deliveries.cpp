// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/deliveries.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t closed_max = 4096;
constexpr unsigned jitter_percent_max = 25;  // of the wait, added to it
// Tries whose wait depends on the round trip. Later ones depend on `retry-interval`, so that a
// subscriber which usually answers within milliseconds is not given up within seconds.
constexpr std::uint32_t early_tries = 2;

std::string tag_text(std::uint64_t tag) { return "e" + std::to_string(tag); }

}  // namespace

Deliveries::Deliveries(const Limits& limits, const std::vector<Listener>& listeners,
                       const ServedSubscriptions& directory, const EgressPolicy& egress,
                       const DeliveryEncoder& encoder, Counters& counters, std::uint64_t seed)
    : limits_(limits),
      listeners_(listeners),
      directory_(directory),
      egress_(egress),
      encoder_(encoder),
      sent_(counters["sense.deliveries.sent"]),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

void Deliveries::deliver(AttemptId attempt_id, std::shared_ptr<const Delivery> delivery,
                         Timestamp now, Actions& out) {
  const auto& id = delivery->subscription->id;
  const bool ended = delivery->kind == Delivery::Kind::ended;
  if (is_closed(*delivery)) {
    out.emplace_back(Finished{attempt_id, Attempt::gone("the subscription has ended")});
    return;
  }
  // Before the queue is created: a subscription whose key was removed takes no memory here.
  if (!encoder_.can_encode_for(*delivery->subscription)) {
    out.emplace_back(Finished{attempt_id, Attempt::retry("its key is not in the file of keys")});
    return;
  }
  auto found = queues_.find(id);
  if (found == queues_.end()) {
    found = queues_.emplace(id, OutboundQueue{}).first;
    found->second.id = found->first;
  }
  auto& queue = found->second;
  const auto tag = ++tags_;
  const auto reached = find_peer(queue, delivery->subscription);
  auto octets = reached ? encoder_.encode(*delivery, tag_text(tag),
                                          octets_max_of(limits_, listeners_, queue.peer), now)
                        : Result<std::string>(tl::unexpected(reached.error()));
  if (!octets) {
    out.emplace_back(Finished{attempt_id, Attempt::rejected(octets.error().message)});
    return;
  }
  if (ended) close(id, out);
  ++sent_;
  std::string key(key_of_owner(delivery->subscription->owner));
  out.emplace_back(Send{queue.peer, std::move(*octets), std::move(key)});
  const auto due = now.mono + wait_for(*delivery, queue.round_trip);
  InFlight entry{attempt_id, delivery->kind,         delivery->number, delivery->number_last,
                 tag,        delivery->attempt == 1, now.mono,         due};
  ++in_flight_count_;
  if (ended) {
    queue.ended.push_back(entry);
  } else {
    // Numbers nearly always ascend: search from the end.
    auto place = queue.in_flight.end();
    while (place != queue.in_flight.begin() && std::prev(place)->number > entry.number) --place;
    queue.in_flight.insert(place, entry);
  }
  if (!queue.timer || due < *queue.timer) set_timer(queue, due);
}

bool Deliveries::is_closed(const Delivery& delivery) const {
  if (delivery.kind == Delivery::Kind::ended) return false;
  const auto& id = delivery.subscription->id;
  return closed_.contains(id) || directory_.find(id) == nullptr;
}

// The egress policy is asked at every attempt, about the address that is sent to. Exception: an
// address that registered itself with a cookie has proved that it exists and wants these datagrams,
// so it is served even in a denied range. A Deliver-To to another address has no exception.
Status Deliveries::find_peer(OutboundQueue& queue, const SubscriptionRef& subscription) const {
  if (queue.subscription != subscription) {
    queue.subscription = nullptr;
    const auto endpoint = endpoint_of(subscription->callback);
    if (!endpoint) return tl::unexpected(endpoint.error());
    const auto listener = listener_for(listeners_, *endpoint, *subscription);
    if (listener == listeners_.size())
      return fail(Code::addrnotavail, "no listener reaches " + subscription->callback +
                                          "; add one of its kind (" +
                                          std::string(to_text(endpoint->kind())) + ") to `listen`");
    queue.peer = {*endpoint, listener};
    queue.needs_permission = !registered_itself(*subscription);
    queue.subscription = subscription;
  }
  return queue.needs_permission ? may_be_target(queue.peer.address, egress_) : Status();
}

Duration Deliveries::wait_for(const Delivery& delivery, const RoundTrip& round_trip) {
  const auto& wanted = delivery.subscription->delivery;
  const auto interval = std::max<Duration>(wanted.retry_initial.value_or(limits_.retry_interval),
                                           std::chrono::milliseconds{50});
  auto wait = pause_after(interval, delivery.attempt);
  if (wanted.retry_max) wait = std::min(wait, std::max(*wanted.retry_max, interval));
  if (const auto trip = round_trip.wait()) {
    const auto early = *trip * (1 << (std::min(delivery.attempt, early_tries) - 1));
    // Never faster than a slow subscriber can answer; faster than the interval only at first.
    wait = delivery.attempt <= early_tries && early < wait
               ? early
               : std::max(wait, std::min<Duration>(*trip, pause_max));
  }
  std::uniform_int_distribution<std::int64_t> jitter(0, wait.count() * jitter_percent_max / 100);
  return wait + Duration{jitter(random_)};
}

bool Deliveries::on_ack(std::string_view subscription, const std::vector<NumberRange>& numbers,
                        std::string_view tag, const AckSender& from, Timestamp now, Actions& out) {
  const auto found = queues_.find(subscription);
  if (found == queues_.end() || !found->second.subscription ||
      !from.may_acknowledge(found->second.peer.address, *found->second.subscription))
    return false;
  auto& queue = found->second;
  bool counted = false;
  const auto done = [&](const InFlight& entry) {
    if (entry.first) queue.round_trip.add(now.mono - entry.sent);
    finish(entry, Attempt::delivered(), out);
    counted = true;
  };
  if (std::erase_if(queue.ended,
                    [&](const InFlight& entry) {
                      const bool named = numbers.empty() || tag_text(entry.tag) == tag;
                      if (named) done(entry);
                      return named;
                    }) > 0 &&
      queue.ended.empty()) {
    erase(found);
    return true;
  }
  auto& all = queue.in_flight;
  for (const auto& range : numbers) {
    const auto first = std::lower_bound(
        all.begin(), all.end(), range.first,
        [](const InFlight& entry, std::uint64_t number) { return entry.number < number; });
    auto last = first;
    auto kept = first;
    for (; last != all.end() && last->number <= range.last; ++last) {
      // Both ends of a gap must be acknowledged, in one range or in adjacent ones.
      const bool whole = last->kind != Delivery::Kind::gap || contains(numbers, last->number_last);
      if (whole)
        done(*last);
      else
        *kept++ = *last;
    }
    all.erase(kept, last);
  }
  return counted;
}

// The wait is over: the host need not pause before its next try.
void Deliveries::on_timer(Timestamp now, Actions& out) {
  const auto late = Attempt::retry("no acknowledgement", Duration{0});
  while (!timers_.empty() && timers_.begin()->first <= now.mono) {
    auto& queue = *timers_.begin()->second;
    std::optional<MonoTime> next;
    const auto is_late = [&](const InFlight& entry) {
      if (entry.due > now.mono) {
        next = next ? std::min(*next, entry.due) : entry.due;
        return false;
      }
      finish(entry, late, out);
      return true;
    };
    std::erase_if(queue.in_flight, is_late);
    // Nothing follows ENDED: another try of it starts with a new queue.
    if (std::erase_if(queue.ended, is_late) > 0 && queue.ended.empty())
      erase(queues_.find(queue.id));
    else
      set_timer(queue, next);
  }
}

std::optional<MonoTime> Deliveries::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Deliveries::set_timer(OutboundQueue& queue, std::optional<MonoTime> due) {
  if (queue.timer) timers_.erase({*queue.timer, &queue});
  queue.timer = due;
  if (due) timers_.emplace(*due, &queue);
}

void Deliveries::finish(const InFlight& entry, Attempt attempt, Actions& out) {
  --in_flight_count_;
  out.emplace_back(Finished{entry.attempt_id, std::move(attempt)});
}

void Deliveries::finish_in_flight(OutboundQueue& queue, const Attempt& attempt, Actions& out) {
  for (const auto& entry : std::exchange(queue.in_flight, {})) finish(entry, attempt, out);
}

void Deliveries::close(const std::string& subscription, Actions& out) {
  remember_closed(subscription);
  const auto found = queues_.find(subscription);
  if (found != queues_.end())
    finish_in_flight(found->second, Attempt::gone("the subscription has ended"), out);
}

void Deliveries::forget(const std::string& subscription, Actions& out) {
  const auto now_served = directory_.find(subscription);
  const auto found = queues_.find(subscription);
  if (!now_served) {
    close(subscription, out);
    if (found != queues_.end() && found->second.ended.empty()) erase(found);
    return;
  }
  // A renewal does not affect datagrams in flight; a new callback does.
  if (found == queues_.end() || !found->second.subscription) return;
  if (found->second.subscription->callback != now_served->callback)
    finish_in_flight(found->second, Attempt::retry("the subscription has changed"), out);
}

void Deliveries::erase(OutboundQueues::iterator queue) {
  SENSE_CHECK(queue != queues_.end() && queue->second.in_flight.empty());
  set_timer(queue->second, std::nullopt);
  queues_.erase(queue);
}

void Deliveries::remember_closed(const std::string& subscription) {
  if (!closed_.insert(subscription).second) return;
  closed_order_.push_back(subscription);
  if (closed_order_.size() <= closed_max) return;
  closed_.erase(closed_order_.front());
  closed_order_.pop_front();
}

void Deliveries::stop(Actions& out) {
  const auto stopping = Attempt::retry("the gateway is stopping");
  for (auto& [id, queue] : queues_) {
    finish_in_flight(queue, stopping, out);
    for (const auto& ended : queue.ended) finish(ended, stopping, out);
  }
  timers_.clear();
  queues_.clear();
}

}  // namespace sense::datagram
