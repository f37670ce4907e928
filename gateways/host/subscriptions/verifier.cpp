// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/verifier.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/random.hpp"

namespace sense {

namespace {
constexpr unsigned token_bits = 130;
constexpr std::size_t answer_shown_max = 200;

// The broker was away, or others changed the record all the time.
bool is_passing(const Error& error) {
  return error.code == Code::timeout || error.code == Code::badcontext;
}
}  // namespace

void Verifier::on_change(Gateway& gateway, const SubscriptionRef& before,
                         const Subscription& after) {
  using State = SubscriptionState;
  const bool same_callback = before && before->callback == after.callback;
  if (after.state == State::pending && !same_callback) return verify(gateway, after.id);
  if (after.state == State::active && same_callback && before->state == State::pending)
    verified_callbacks_.add(after.owner, after.callback, clock_.now().wall);
}

void Verifier::verify(Gateway& gateway, const std::string& id) {
  const auto number = ++last_;
  open_.insert_or_assign(id, Open{number, 0});
  look(gateway, id, number);
}

Verifier::Open* Verifier::find(const std::string& id, std::uint64_t number) {
  const auto found = open_.find(id);
  return stopped_ || found == open_.end() || found->second.number != number ? nullptr
                                                                            : &found->second;
}

void Verifier::look(Gateway& gateway, const std::string& id, std::uint64_t number) {
  // The registry's record, because the events that announce changes carry no secrets.
  subscriptions_.get(id, [this, &gateway, id, number](Result<SubscriptionRef> answer) {
    auto* open = find(id, number);
    if (open == nullptr) return;
    if (!answer && is_passing(answer.error())) return look_later(gateway, id, *open, pause_max);
    if (!answer || (*answer)->state != SubscriptionState::pending ||
        !(*answer)->challenge_hash.empty()) {
      open_.erase(id);
      return;
    }
    const auto& subscription = **answer;
    if (verified_callbacks_.contains(subscription.owner, subscription.callback,
                                     clock_.now().wall)) {
      ++counters_["gateway.verifications.remembered"];
      return subscriptions_.activate(id, subscription.callback, kept(gateway, id, number));
    }
    ask(gateway, *answer, number);
  });
}

void Verifier::ask(Gateway& gateway, const SubscriptionRef& subscription, std::uint64_t number) {
  const auto token = random_token(token_bits);
  const auto failed = [&](const char* reason) {
    log::error("the gateway plugin failed to verify a callback",
               {{"subscription", subscription->id}, {"reason", reason}});
    ask_again(gateway, *subscription, number, "the gateway failed");
  };
  try {
    gateway.verify(subscription, token,
                   [this, &gateway, subscription, number, token](const Verification& verification) {
                     take(gateway, *subscription, number, token, verification);
                   });
  } catch (const std::exception& error) {
    failed(error.what());
  } catch (...) {
    failed("an unknown exception");
  }
}

void Verifier::take(Gateway& gateway, const Subscription& subscription, std::uint64_t number,
                    const std::string& token, const Verification& verification) {
  const auto& id = subscription.id;
  const auto& asked = subscription.callback;
  if (find(id, number) == nullptr) return;
  switch (verification.outcome) {
    case Verification::Outcome::verified:
      return subscriptions_.activate(id, asked, kept(gateway, id, number));
    case Verification::Outcome::asked:
      return subscriptions_.keep_challenge(id, asked, token, kept(gateway, id, number));
    case Verification::Outcome::failed:
      return ask_again(gateway, subscription, number, verification.answer);
    case Verification::Outcome::refused: break;
  }
  ++counters_["gateway.verifications.refused"];
  verified_callbacks_.remove(asked);
  log::warn("a callback does not want to be called; its subscription ends",
            {{"subscription", id}, {"answer", verification.answer}});
  open_.erase(id);
  ways_.refuse(id, "refused: " + verification.answer.substr(0, answer_shown_max));
}

Subscriptions::Answer<SubscriptionRef> Verifier::kept(Gateway& gateway, const std::string& id,
                                                      std::uint64_t number) {
  return [this, &gateway, id, number](const Result<SubscriptionRef>& answer) {
    auto* open = find(id, number);
    if (open == nullptr) return;
    if (!answer && is_passing(answer.error())) return look_later(gateway, id, *open, pause_max);
    open_.erase(id);
    if (!answer && answer.error().code != Code::duplicate)
      log::warn("the outcome of a verification could not be kept",
                {{"subscription", id}, {"reason", answer.error().message}});
  };
}

void Verifier::ask_again(Gateway& gateway, const Subscription& subscription, std::uint64_t number,
                         const std::string& answer) {
  const auto& id = subscription.id;
  auto* open = find(id, number);
  if (open == nullptr) return;
  ++counters_["gateway.verifications.failed"];
  const Duration left = subscription.updated + give_up_after_ - clock_.now().wall;
  if (left > Duration{0}) return look_later(gateway, id, *open, left);
  log::warn("a callback could not be asked; its subscription ends",
            {{"subscription", id}, {"answer", answer}});
  open_.erase(id);
  ways_.refuse(id, "not verified: " + answer.substr(0, answer_shown_max));
}

void Verifier::look_later(Gateway& gateway, const std::string& id, Open& open,
                          Duration pause_limit) {
  const auto doublings = std::min(open.failures++, 20U);
  const auto pause = std::min(pause_first * (std::int64_t{1} << doublings), pause_max);
  ways_.after(std::min<Duration>(pause, pause_limit), [this, &gateway, id, number = open.number] {
    if (find(id, number) != nullptr) look(gateway, id, number);
  });
}

}  // namespace sense
