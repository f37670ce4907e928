#include "gateways/sense/deliveries.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t closed_max = 4096;
constexpr unsigned jitter_percent_max = 25;  // of the wait, added

bool acknowledged(const Delivery& delivery, const std::vector<NumberRange>& numbers) {
  switch (delivery.kind) {
    case Delivery::Kind::event:
    case Delivery::Kind::digest: return contains(numbers, delivery.number);
    case Delivery::Kind::gap:
      return contains(numbers, delivery.number) && contains(numbers, delivery.number_last);
    case Delivery::Kind::ended: return numbers.empty();
  }
  return false;
}

}  // namespace

Deliveries::Deliveries(const Limits& limits, const std::vector<Listener>& listeners,
                       const Subscriptions& directory, const EgressPolicy& egress,
                       const DatagramWriter& writer, Counters& counters, std::uint64_t seed)
    : limits_(limits),
      listeners_(listeners),
      directory_(directory),
      egress_(egress),
      writer_(writer),
      sent_(counters["sense.deliveries.sent"]),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {}

void Deliveries::deliver(Ticket ticket, std::shared_ptr<const Delivery> delivery, Now now,
                         Actions& out) {
  const auto& subscription = *delivery->subscription;
  if (refuses(*delivery)) {
    out.emplace_back(Finished{ticket, Attempt::gone("the subscription has ended")});
    return;
  }
  if (!writer_.can_write_for(subscription)) {
    out.emplace_back(Finished{ticket, Attempt::retry("its key is not in the file of keys")});
    return;
  }
  const auto peer = where_to(subscription);
  const auto tag = "e" + std::to_string(++tags_);
  auto octets =
      peer ? writer_.write(*delivery, tag, now) : Result<std::string>(tl::unexpected(peer.error()));
  if (!octets) {
    out.emplace_back(Finished{ticket, Attempt::rejected(octets.error().message)});
    return;
  }
  if (delivery->kind == Delivery::Kind::ended) close(subscription.id, out);
  ++sent_;
  out.emplace_back(Send{*peer, std::move(*octets)});
  const auto due = now.mono + wait_for(*delivery);
  due_.emplace(due, ticket);
  by_subscription_[subscription.id].push_back(ticket);
  const bool added =
      waiting_.emplace(ticket, Waiting{std::move(delivery), peer->address, tag, due}).second;
  SENSE_CHECK(added);
}

bool Deliveries::refuses(const Delivery& delivery) const {
  if (delivery.kind == Delivery::Kind::ended) return false;
  const auto& id = delivery.subscription->id;
  return closed_.contains(id) || directory_.find(id) == nullptr;
}

// The check is made at every attempt, on the very address that is sent to. It has one exception: an
// address that returned a cookie from where it sent has shown that it is there and that it wants
// this, so it is served even in a denied range; denying it would protect nobody. A Deliver-To
// elsewhere has no such exception.
Result<Peer> Deliveries::where_to(const Subscription& subscription) const {
  const auto endpoint = endpoint_of(subscription.callback);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (!asked_for_itself(subscription))
    if (auto status = may_be_target(*endpoint, egress_); !status)
      return tl::unexpected(status.error());
  const auto listener = listener_for(listeners_, *endpoint, subscription);
  if (listener == listeners_.size())
    return fail(Code::addrnotavail, "no listener reaches " + subscription.callback +
                                        "; add one of its kind (IPv4 or IPv6) to `listen`");
  return Peer{*endpoint, listener};
}

Duration Deliveries::wait_for(const Delivery& delivery) {
  const auto& wanted = delivery.subscription->delivery;
  Limits limits = limits_;
  limits.retry_interval = std::max<Duration>(wanted.retry_initial.value_or(limits_.retry_interval),
                                             std::chrono::milliseconds{50});
  auto wait = limits.pause_after(delivery.attempt);
  if (wanted.retry_max) wait = std::min(wait, std::max(*wanted.retry_max, limits.retry_interval));
  std::uniform_int_distribution<std::int64_t> jitter(0, wait.count() * jitter_percent_max / 100);
  return wait + Duration{jitter(random_)};
}

bool Deliveries::on_ack(std::string_view subscription, const std::vector<NumberRange>& numbers,
                        std::string_view tag, const Acknowledger& from, Actions& out) {
  const auto found = by_subscription_.find(subscription);
  if (found == by_subscription_.end()) return false;
  std::vector<Ticket> done;
  for (const auto ticket : found->second) {
    const auto& waiting = waiting_.at(ticket);
    const bool ended = waiting.delivery->kind == Delivery::Kind::ended;
    const bool named = acknowledged(*waiting.delivery, numbers) || (ended && waiting.tag == tag);
    if (named && from.may_acknowledge(waiting.address, *waiting.delivery->subscription))
      done.push_back(ticket);
  }
  for (const auto ticket : done) finish(ticket, Attempt::delivered(), out);
  return !done.empty();
}

void Deliveries::on_timer(Now now, Actions& out) {
  // The wait has passed already, so the host need not pause: its next try may follow at once.
  while (!due_.empty() && due_.begin()->first <= now.mono)
    finish(due_.begin()->second, Attempt::retry("no acknowledgement", Duration{0}), out);
}

std::optional<MonoTime> Deliveries::next_timer() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void Deliveries::finish(Ticket ticket, Attempt attempt, Actions& out) {
  const auto found = waiting_.find(ticket);
  SENSE_CHECK(found != waiting_.end());
  due_.erase({found->second.due, ticket});
  const auto tickets = by_subscription_.find(found->second.delivery->subscription->id);
  std::erase(tickets->second, ticket);
  if (tickets->second.empty()) by_subscription_.erase(tickets);
  waiting_.erase(found);
  out.emplace_back(Finished{ticket, std::move(attempt)});
}

void Deliveries::finish_all(const std::string& subscription, const Attempt& attempt,
                            bool events_only, Actions& out) {
  const auto found = by_subscription_.find(subscription);
  if (found == by_subscription_.end()) return;
  const auto tickets = found->second;
  for (const auto ticket : tickets)
    if (!events_only || waiting_.at(ticket).delivery->kind != Delivery::Kind::ended)
      finish(ticket, attempt, out);
}

void Deliveries::close(const std::string& subscription, Actions& out) {
  remember_closed(subscription);
  finish_all(subscription, Attempt::gone("the subscription has ended"), true, out);
}

void Deliveries::forget(const std::string& subscription, Actions& out) {
  const auto now_served = directory_.find(subscription);
  if (!now_served) {
    close(subscription, out);
    return;
  }
  // A renewal changes nothing for what is in flight; another callback does.
  const auto found = by_subscription_.find(subscription);
  if (found == by_subscription_.end()) return;
  const auto& served = waiting_.at(found->second.front()).delivery->subscription;
  if (served->callback != now_served->callback)
    finish_all(subscription, Attempt::retry("the subscription has changed"), true, out);
}

void Deliveries::remember_closed(const std::string& subscription) {
  if (!closed_.insert(subscription).second) return;
  closed_order_.push_back(subscription);
  if (closed_order_.size() <= closed_max) return;
  closed_.erase(closed_order_.front());
  closed_order_.pop_front();
}

void Deliveries::stop(Actions& out) {
  while (!waiting_.empty())
    finish(waiting_.begin()->first, Attempt::retry("the gateway stops"), out);
}

}  // namespace sense::datagram
