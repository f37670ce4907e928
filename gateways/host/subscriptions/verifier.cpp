// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/verifier.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/egress/callback_address.hpp"

namespace sense {

namespace {
constexpr unsigned token_bits = 130;
constexpr unsigned questions_max = 4;
// After which part of the span the callback is asked again.
constexpr std::array<int, questions_max - 1> span_divisors = {60, 6, 1};
constexpr const char* disagreed = "refused: the callback did not agree, or may not be called";
constexpr const char* no_room_at_last =
    "not verified: too many verifications of this callback, by its owner, or in all";
constexpr const char* not_reached = "not verified: the callback could not be reached";

// The broker did not answer, or the record was changed concurrently.
bool is_temporary(const Error& error) {
  return error.code == Code::timeout || error.code == Code::badcontext;
}
}  // namespace

void Verifier::on_change(const SubscriptionRef& before, const Subscription& after) {
  using State = SubscriptionState;
  const bool same_callback = before && before->callback == after.callback;
  if (after.state == State::pending && !same_callback) return verify(after.id);
  if (has_intent(after) && !(before && before->websub == after.websub)) return verify(after.id);
  if (after.state == State::active && same_callback && before->state == State::pending &&
      !is_websub(after))
    verified_callbacks_.add(after.owner, after.callback, clock_.now().wall);
}

void Verifier::verify(const std::string& id) {
  finish(id);
  const auto number = ++last_number_;
  verifications_.emplace(id, UnderWay{number, random_token(token_bits)});
  load_record(id, number);
}

void Verifier::finish(const std::string& id) {
  const auto found = verifications_.find(id);
  if (found == verifications_.end()) return;
  stop_waiting(id, found->second);
  verifications_.erase(found);
}

Verifier::UnderWay* Verifier::find(const std::string& id, std::uint64_t number) {
  const auto found = verifications_.find(id);
  return stopped_ || found == verifications_.end() || found->second.number != number
             ? nullptr
             : &found->second;
}

void Verifier::load_record(const std::string& id, std::uint64_t number) {
  // From the registry, since the events that announce changes carry no secrets.
  subscriptions_.get(id, [this, id, number](Result<SubscriptionRef> answer) {
    auto* under_way = find(id, number);
    if (under_way == nullptr) return;
    if (!answer && is_temporary(answer.error())) return retry_broker(id, *under_way);
    if (!answer || !must_be_asked(**answer)) {
      finish(id);
      return;
    }
    const auto& subscription = **answer;
    if (!under_way->since) under_way->since = subscription.updated;
    // WebSub asks about each subscription: the callback is told its lease so.
    if (!is_websub(subscription) &&
        verified_callbacks_.contains(subscription.owner, subscription.callback,
                                     clock_.now().wall)) {
      ++counters_["gateway.verifications.remembered"];
      return subscriptions_.activate(id, subscription.callback, on_outcome_stored(id, number));
    }
    if (has_intent(subscription)) {
      under_way->intends = subscription.state == SubscriptionState::pending ? nullptr : *answer;
      return ask(*answer, number);
    }
    if (under_way->asked)
      return subscriptions_.challenge_sent(id, under_way->token, on_outcome_stored(id, number));
    if (subscription.challenge_hash == sha256_hex(under_way->token)) return ask(*answer, number);
    store_challenge(*answer, *under_way);
  });
}

void Verifier::store_challenge(const SubscriptionRef& subscription, UnderWay& under_way) {
  const auto& id = subscription->id;
  subscriptions_.store_challenge(
      id, subscription->callback, under_way.token,
      [this, subscription, number = under_way.number](const Result<SubscriptionRef>& answer) {
        if (find(subscription->id, number) == nullptr) return;
        if (answer) return ask(subscription, number);
        on_outcome_stored(subscription->id, number)(answer);
      });
}

void Verifier::ask(const SubscriptionRef& subscription, std::uint64_t number) {
  const auto& id = subscription->id;
  auto& under_way = *find(id, number);
  auto address = callback_address(subscription->callback);
  auto owner = callback_address(subscription->owner);
  if (!budget_.take(owner, address, clock_.now().mono)) return on_no_room(id, address);
  stop_waiting(id, under_way);
  ++under_way.questions;
  const auto token = under_way.token;
  gateway_.verify(subscription, token,
                  [this, subscription, number, owner = std::move(owner),
                   address = std::move(address)](const Verification& verification) {
                    const bool agreed = verification.outcome == Verification::Outcome::verified;
                    budget_.settle(owner, address, agreed);
                    on_verification(*subscription, number, verification);
                    if (agreed) on_room(address);
                  });
}

void Verifier::on_verification(const Subscription& subscription, std::uint64_t number,
                               const Verification& verification) {
  const auto& id = subscription.id;
  const auto& callback = subscription.callback;
  auto* under_way = find(id, number);
  if (under_way == nullptr) return;
  switch (verification.outcome) {
    case Verification::Outcome::verified:
      if (has_intent(subscription))
        return subscriptions_.settle(id, subscription.websub->intent, /*agreed=*/true,
                                     on_outcome_stored(id, number));
      return subscriptions_.activate(id, callback, on_outcome_stored(id, number));
    case Verification::Outcome::asked:
      under_way->asked = true;
      return subscriptions_.challenge_sent(id, under_way->token, on_outcome_stored(id, number));
    case Verification::Outcome::failed: return on_failure(id, *under_way, verification.answer);
    case Verification::Outcome::refused: break;
  }
  ++counters_["gateway.verifications.refused"];
  // One that knows nothing of WebSub has not taken its other consent back.
  if (!is_websub(subscription)) verified_callbacks_.remove(callback);
  log::warn("a callback refused verification; what was asked for ends",
            {{"subscription", id}, {"answer", verification.answer}});
  give_up(id, disagreed);
}

Subscriptions::Answer<SubscriptionRef> Verifier::on_outcome_stored(const std::string& id,
                                                                   std::uint64_t number) {
  return [this, id, number](const Result<SubscriptionRef>& answer) {
    auto* under_way = find(id, number);
    if (under_way == nullptr) return;
    if (!answer && is_temporary(answer.error())) return retry_broker(id, *under_way);
    finish(id);
    if (!answer && answer.error().code != Code::duplicate)
      log::warn("the outcome of a verification could not be stored",
                {{"subscription", id}, {"reason", answer.error().message}});
  };
}

Status Verifier::check_room(const std::string& owner, const std::string& callback) {
  const auto now = clock_.now();
  if (verified_callbacks_.contains(owner, callback, now.wall)) return {};
  auto room = budget_.check(callback_address(owner), callback_address(callback), now.mono);
  if (!room) ++counters_["gateway.verifications.no-room"];
  return room;
}

void Verifier::on_no_room(const std::string& id, const std::string& address) {
  auto& under_way = verifications_.at(id);
  ++counters_["gateway.verifications.no-room"];
  if (const auto pause = pause_before_next(under_way)) {
    wait_at(id, under_way, address);
    return load_later(id, under_way, *pause);
  }
  log::warn("there was no room to verify a callback in time; what was asked for ends",
            {{"subscription", id}, {"address", printable(address)}});
  give_up(id, no_room_at_last);
}

void Verifier::wait_at(const std::string& id, UnderWay& under_way, const std::string& address) {
  stop_waiting(id, under_way);
  under_way.waits_at = address;
  waiting_[address].insert(id);
}

void Verifier::stop_waiting(const std::string& id, UnderWay& under_way) {
  const auto found = waiting_.find(std::exchange(under_way.waits_at, {}));
  if (found == waiting_.end()) return;
  found->second.erase(id);
  if (found->second.empty()) waiting_.erase(found);
}

// What agrees gives its room back, so that many subscriptions to one callback need not wait.
void Verifier::on_room(const std::string& address) {
  const auto found = waiting_.find(address);
  if (stopped_ || found == waiting_.end()) return;
  const auto id = *found->second.begin();
  auto& under_way = verifications_.at(id);
  stop_waiting(id, under_way);
  under_way.number = ++last_number_;  // its timer does nothing any more
  load_record(id, under_way.number);
}

void Verifier::on_failure(const std::string& id, UnderWay& under_way, const std::string& answer) {
  ++counters_["gateway.verifications.failed"];
  if (const auto pause = pause_before_next(under_way)) return load_later(id, under_way, *pause);
  log::warn("a callback could not be verified in time; what was asked for ends",
            {{"subscription", id}, {"answer", answer}});
  give_up(id, not_reached);
}

void Verifier::give_up(std::string id, const char* reason) {
  auto& under_way = verifications_.at(id);
  if (const auto kept = under_way.intends)
    return subscriptions_.settle(id, kept->websub->intent, /*agreed=*/false,
                                 on_outcome_stored(id, under_way.number));
  finish(id);
  callbacks_.end(id, reason);
}

std::optional<Duration> Verifier::pause_before_next(const UnderWay& under_way) const {
  if (under_way.questions >= questions_max) return std::nullopt;
  const Duration passed = clock_.now().wall - *under_way.since;
  for (const auto divisor : span_divisors)
    if (const auto at = give_up_after_ / divisor; at > passed)
      return std::min<Duration>(at - passed, give_up_after_);
  return std::nullopt;
}

void Verifier::load_later(const std::string& id, const UnderWay& under_way, Duration pause) {
  callbacks_.after(pause, [this, id, number = under_way.number] {
    if (find(id, number) != nullptr) load_record(id, number);
  });
}

void Verifier::retry_broker(const std::string& id, UnderWay& under_way) {
  const auto doublings = std::min(under_way.failures++, 20U);
  load_later(id, under_way, std::min(pause_first * (std::int64_t{1} << doublings), pause_max));
}

}  // namespace sense
