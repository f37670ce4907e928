#include "gateways/sense/verifications.hpp"

#include <algorithm>

#include "core/base/random.hpp"

namespace sense::datagram {

namespace {
// Too many verifications under way will be fewer; what is wrong with the address stays.
Verification not_asked(const Error& error) {
  const bool passing = error.code == Code::nomoreroom;
  return {passing ? Verification::Outcome::failed : Verification::Outcome::refused, error.message};
}
}  // namespace

Verifications::Verifications(const Limits& limits, const std::vector<Listener>& listeners,
                             const Subscriptions& directory, const EgressPolicy& egress,
                             Counters& counters)
    : limits_(limits),
      listeners_(listeners),
      directory_(directory),
      egress_(egress),
      sent_(counters["sense.verifications.sent"]) {}

Verification Verifications::start(const Subscription& subscription, std::string token, Now now,
                                  Actions& out) {
  const auto endpoint = endpoint_of(subscription.callback);
  if (!endpoint) return not_asked(endpoint.error());
  if (auto status = may_be_target(*endpoint, egress_); !status) return not_asked(status.error());
  if (auto status = admit(*endpoint); !status) return not_asked(status.error());
  const auto listener = listener_for(listeners_, *endpoint, subscription);
  if (listener == listeners_.size())
    return {Verification::Outcome::refused, "no listener reaches " + subscription.callback};
  auto message = make_message(Kind::verify, "v" + std::to_string(++tags_));
  message.add("Subscription", subscription.id).add("Challenge", token);
  Waiting waiting;
  waiting.token = std::move(token);
  waiting.to = {*endpoint, listener};
  waiting.octets = serialize(message);
  send(waiting, now, out);
  waiting_.insert_or_assign(subscription.id, std::move(waiting));
  return {Verification::Outcome::asked, "asked " + subscription.callback};
}

Status Verifications::admit(const Endpoint& endpoint) const {
  if (waiting_.size() >= limits_.max_pending)
    return fail(Code::nomoreroom, "too many verifications are under way; try again in a minute");
  const auto same = std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& entry) {
    return same_host(entry.second.to.address, endpoint);
  });
  if (static_cast<std::size_t>(same) >= per_address_max)
    return fail(Code::nomoreroom,
                "that address is being asked already; try again when it has answered");
  return {};
}

void Verifications::send(Waiting& waiting, Now now, Actions& out) {
  ++waiting.sent;
  ++sent_;
  waiting.due = now.mono + limits_.pause_after(waiting.sent);
  out.emplace_back(Send{waiting.to, waiting.octets});
}

bool Verifications::on_ack(std::string_view subscription, std::string_view challenge,
                           const Endpoint& from, Actions& out) {
  if (const auto found = waiting_.find(subscription); found != waiting_.end()) {
    const auto& waiting = found->second;
    if (waiting.to.address != from || !equal_secret(waiting.token, challenge)) return false;
    out.emplace_back(Confirm{found->first, std::string(challenge)});
    waiting_.erase(found);
    return true;
  }
  // Asked before a restart, or given up a moment ago: the host knows the token's hash.
  const auto known = directory_.find(subscription);
  if (!known || known->state != SubscriptionState::pending) return false;
  const auto endpoint = endpoint_of(known->callback);
  if (!endpoint || *endpoint != from) return false;
  out.emplace_back(Confirm{known->id, std::string(challenge)});
  return true;
}

void Verifications::on_timer(Now now, Actions& out) {
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    auto& waiting = entry->second;
    if (waiting.due > now.mono) {
      ++entry;
    } else if (waiting.sent < sends_max) {
      send(waiting, now, out);
      ++entry;
    } else {
      entry = waiting_.erase(entry);
    }
  }
}

std::optional<MonoTime> Verifications::next_timer() const {
  std::optional<MonoTime> next;
  for (const auto& [id, waiting] : waiting_)
    next = next ? std::min(*next, waiting.due) : waiting.due;
  return next;
}

void Verifications::forget(std::string_view subscription) {
  if (const auto found = waiting_.find(subscription); found != waiting_.end())
    waiting_.erase(found);
}

}  // namespace sense::datagram
