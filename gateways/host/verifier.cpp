#include "gateways/host/verifier.hpp"

#include "core/base/log.hpp"
#include "core/base/random.hpp"

namespace sense {

namespace {
constexpr unsigned token_bits = 130;
constexpr std::size_t answer_shown_max = 200;
}  // namespace

void Verifier::verify(Gateway& gateway, const std::string& id) {
  // The registry's record, because the events that announce changes carry no secrets.
  subscriptions_.get(id, [this, &gateway](Result<SubscriptionRef> answer) {
    if (stopped_ || !answer) return;
    if ((*answer)->state == SubscriptionState::pending && (*answer)->challenge_hash.empty())
      ask(gateway, *answer);
  });
}

void Verifier::ask(Gateway& gateway, const SubscriptionRef& subscription) {
  const auto token = random_token(token_bits);
  try {
    gateway.verify(subscription, token,
                   [this, id = subscription->id, token](const Verification& verification) {
                     if (!stopped_) take(id, token, verification);
                   });
  } catch (const std::exception& error) {
    log::error("the gateway plugin failed to verify a callback",
               {{"subscription", subscription->id}, {"reason", error.what()}});
  } catch (...) {
    log::error("the gateway plugin failed to verify a callback",
               {{"subscription", subscription->id}});
  }
}

void Verifier::take(const std::string& id, const std::string& token,
                    const Verification& verification) {
  const auto report = [id](const Result<SubscriptionRef>& answer) {
    if (!answer && answer.error().code != Code::duplicate)
      log::warn("the outcome of a verification could not be kept",
                {{"subscription", id}, {"reason", answer.error().message}});
  };
  switch (verification.outcome) {
    case Verification::Outcome::verified: return subscriptions_.activate(id, report);
    case Verification::Outcome::asked: return subscriptions_.keep_challenge(id, token, report);
    case Verification::Outcome::refused: break;
  }
  ++counters_["gateway.verifications.refused"];
  log::warn("a callback does not want to be called; its subscription ends",
            {{"subscription", id}, {"answer", verification.answer}});
  refuse_(id, "refused: " + verification.answer.substr(0, answer_shown_max));
}

}  // namespace sense
