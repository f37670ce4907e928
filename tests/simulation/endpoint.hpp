// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gateways/api/gateway.hpp"

namespace sense::simulation {

using Random = std::mt19937_64;

// 0 to `below` - 1.
inline std::uint64_t pick(Random& random, std::uint64_t below) { return random() % below; }
inline bool one_in(Random& random, std::uint64_t chances) { return pick(random, chances) == 0; }
inline Duration up_to(Random& random, Duration longest) {
  return Duration{
      static_cast<std::int64_t>(pick(random, static_cast<std::uint64_t>(longest.count()) + 1))};
}

enum class Behaviour { fast, slow, failing, hanging, flapping, lying, gone };

// The callback of one subscription. It survives every crash of the host and records what it
// received.
class Endpoint {
 public:
  struct Reply {
    Attempt attempt;
    Duration takes{0};
    bool twice = false;  // a faulty plugin: reports the outcome twice
  };

  explicit Endpoint(Behaviour behaviour, MonoTime fails_from = {})
      : behaviour_(behaviour), fails_from_(fails_from) {}

  // Receives one attempt.
  Reply take(const Delivery& delivery, MonoTime now, Random& random) {
    auto reply = decide(delivery, now, random);
    const auto outcome = reply.attempt.outcome;
    const bool lied = behaviour_ == Behaviour::lying && outcome == Attempt::Outcome::retry;
    if (outcome == Attempt::Outcome::delivered || lied) note(delivery);
    // A rejected gap has still been received.
    if (outcome == Attempt::Outcome::rejected && delivery.kind == Delivery::Kind::gap)
      note(delivery);
    if (delivery.kind == Delivery::Kind::ended) ++asked_to_end_;
    if (outcome == Attempt::Outcome::gone) said_gone_ = true;
    return reply;
  }

  // Is asked whether it agrees.
  Verification verify(Random& random) {
    const bool fails = (behaviour_ == Behaviour::flapping && one_in(random, 2)) ||
                       behaviour_ == Behaviour::hanging;
    const bool refuses = behaviour_ == Behaviour::lying && one_in(random, 10);
    if (fails || refuses) ++verifications_failed_;
    if (refuses) return {Verification::Outcome::refused, "never"};
    if (fails) return {Verification::Outcome::failed, "no answer in time"};
    return {Verification::Outcome::verified, "yes"};
  }

  void heal() { behaviour_ = Behaviour::fast; }
  [[nodiscard]] Behaviour behaviour() const { return behaviour_; }
  [[nodiscard]] bool has(std::uint64_t number) const { return got_.contains(number); }
  [[nodiscard]] bool has_event(std::uint64_t sequence) const {
    return sequences_.contains(sequence);
  }
  [[nodiscard]] bool knows_missing(std::uint64_t number) const { return missing_.contains(number); }
  [[nodiscard]] int asked_to_end() const { return asked_to_end_; }
  [[nodiscard]] int verifications_failed() const { return verifications_failed_; }
  // The highest number that it knows of.
  [[nodiscard]] std::uint64_t last() const {
    return std::max(got_.empty() ? 0 : got_.rbegin()->first,
                    missing_.empty() ? 0 : missing_.rbegin()->first);
  }
  [[nodiscard]] bool said_gone() const { return said_gone_; }

 private:
  Reply decide(const Delivery& delivery, MonoTime now, Random& random) const {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    switch (behaviour_) {
      case Behaviour::fast: return {Attempt::delivered(), up_to(random, milliseconds{10}), false};
      case Behaviour::slow: return {Attempt::delivered(), up_to(random, seconds{30}), false};
      case Behaviour::hanging: return {Attempt::retry("no answer in time"), seconds{30}, false};
      case Behaviour::failing: return {Attempt::retry("no answer"), seconds{5}, false};
      case Behaviour::flapping: return flap(now, random);
      case Behaviour::lying: return lie(delivery, random);
      case Behaviour::gone:
        if (now < fails_from_) return {Attempt::delivered(), milliseconds{5}, false};
        return {Attempt::gone("no such mailbox"), milliseconds{5}, false};
    }
    return {};
  }

  static Reply flap(MonoTime now, Random& random) {
    using namespace std::chrono_literals;
    const auto part = now.time_since_epoch() / 10min;
    if (part % 3 == 0) return {Attempt::delivered(), up_to(random, 2s), false};
    if (one_in(random, 3)) return {Attempt::retry("busy", up_to(random, 5min)), 1ms, false};
    return {Attempt::retry("refused"), up_to(random, 1s), false};
  }

  static Reply lie(const Delivery& delivery, Random& random) {
    using namespace std::chrono_literals;
    const bool twice = one_in(random, 4);
    if (one_in(random, 3)) return {Attempt::retry("lost the answer"), up_to(random, 3s), twice};
    if (delivery.kind != Delivery::Kind::ended && one_in(random, 10))
      return {Attempt::rejected("do not like it"), up_to(random, 1s), twice};
    return {Attempt::delivered(), up_to(random, 1s), twice};
  }

  void note(const Delivery& delivery) {
    if (delivery.kind == Delivery::Kind::event) got(delivery.number, *delivery.event);
    for (const auto& content : delivery.contents) got(content.number, *content.event);
    if (delivery.kind == Delivery::Kind::gap)
      for (auto number = delivery.number; number <= delivery.number_last; ++number)
        missing_[number] = delivery.reason;
  }

  void got(std::uint64_t number, const Event& event) {
    got_[number] = event.id;
    sequences_.insert(event.sequence);
  }

  Behaviour behaviour_;
  MonoTime fails_from_;
  std::set<std::uint64_t> sequences_;
  std::map<std::uint64_t, std::string> got_;      // number, id
  std::map<std::uint64_t, std::string> missing_;  // number, reason
  int asked_to_end_ = 0;
  int verifications_failed_ = 0;
  bool said_gone_ = false;
};

}  // namespace sense::simulation
