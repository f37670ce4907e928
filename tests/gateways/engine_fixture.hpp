// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/gateways/make.hpp"

namespace sense::testing {

using namespace std::chrono_literals;

// An engine, a clock and the actions that the engine returned.
struct EngineFixture {
  static constexpr const char* type = "{urn:a}x";

  VirtualClock clock;
  Engine::Defaults defaults{{1s, 2s, 4s}, 2};
  Engine engine{defaults, 42};
  std::uint64_t sequence = 0;
  std::vector<Engine::Deliver> out;
  std::vector<Engine::DeadLetter> dead;
  std::vector<Engine::DeadLetter> undelivered;  // expired
  std::vector<std::string> gone;
  std::vector<std::string> forgotten;
  std::vector<Engine::Suspension> suspensions;
  bool checkpoint_wanted = false;

  void take() {
    auto actions = engine.take_actions();
    const auto append = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
    };
    append(out, actions.deliver);
    append(dead, actions.dead_letters);
    append(undelivered, actions.expired);
    append(gone, actions.gone);
    append(forgotten, actions.forget);
    append(suspensions, actions.suspensions);
    checkpoint_wanted = checkpoint_wanted || actions.checkpoint;
  }
  static Subscription plain(const char* id = "s-1") { return subscription_of(id, {type}); }
  void put(Subscription subscription) {
    engine.put(ref(std::move(subscription)), clock.now());
    take();
  }
  void end(const std::string& id, bool notify = true, std::string reason = "expired") {
    engine.end(id, std::move(reason), notify, clock.now());
    take();
  }
  EventRef event(const char* of = type) {
    auto made = event_of(of, ++sequence);
    made.time = clock.now().wall;
    return std::make_shared<const Event>(std::move(made));
  }
  void publish(int count = 1, const char* of = type) {
    for (int i = 0; i < count; ++i) engine.on_event(event(of), clock.now());
    take();
  }
  void publish(EventRef made) {
    engine.on_event(made, clock.now());
    take();
  }
  // The oldest attempt that is not answered.
  Engine::Deliver next() {
    BOOST_REQUIRE(!out.empty());
    auto first = std::move(out.front());
    out.erase(out.begin());
    return first;
  }
  void answer(const Engine::Deliver& deliver, const Attempt& attempt) {
    engine.on_result(deliver.attempt_id, attempt, clock.now());
    take();
  }
  Engine::Deliver answer_next(const Attempt& attempt) {
    auto deliver = next();
    answer(deliver, attempt);
    return deliver;
  }
  void pass(Duration time) {
    clock.advance(time);
    engine.on_timer(clock.now());
    take();
  }
  // To the next timer; answers how long that took.
  Duration pass_to_timer() {
    const auto timer = engine.next_timer();
    BOOST_REQUIRE(timer.has_value());
    const auto left = std::chrono::duration_cast<Duration>(*timer - clock.now().mono);
    pass(left);
    return left;
  }
  void fail_until_given_up(int attempts) {
    for (int i = 1; i < attempts; ++i) {
      answer_next(Attempt::retry("no"));
      pass_to_timer();
    }
    answer_next(Attempt::retry("no"));
  }
};

}  // namespace sense::testing
