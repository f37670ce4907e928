// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/bus/bus.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"

namespace sense {

// What is asked of this gateway's dead letters (core/subscription/dead_letter_request.hpp), one
// request after the other: redrives or purges what it selects of the letters that there are when it
// begins, and publishes what became of it once that is stored.
//
// A portion at a time, between which the reactor goes on and the store is written, so that a
// million letters neither hold up deliveries nor fill memory. How far a request is stands in the
// checkpoint that holds what it did: a crash neither forgets one nor does anything of it twice that
// was stored.
//
// Reactor thread; all that it is given must outlive it, and run none of its tasks after that.
class DeadLetters {
 public:
  static constexpr std::uint32_t portion_letters = 500;
  static constexpr std::size_t portion_octets = 4 * 1024 * 1024;
  static constexpr std::size_t requests_max = 100;     // that wait; more are refused
  static constexpr std::size_t waiting_max = 100'000;  // more deliveries than when it began
  static constexpr Duration patience = std::chrono::seconds{5};  // with what has no room
  static constexpr Duration again_after = std::chrono::milliseconds{250};
  static constexpr Duration progress_interval = std::chrono::seconds{2};

  struct Parts {
    HostStore& store;
    Engine& engine;
    Progress& progress;
    Publisher& publisher;
    Counters& counters;
    const Clock& clock;
  };
  struct Host {
    std::function<void(Duration, std::function<void()>)> after;  // runs a task later
    std::function<void()> checkpoint;  // stores progress, then does what the engine wants
  };
  DeadLetters(std::string gateway, Parts parts, Host host)
      : gateway_(std::move(gateway)), parts_(parts), host_(std::move(host)) {}

  // Goes on with what a stop or a crash cut off.
  void start();
  // The next event of the journal. True when it is a request, of this gateway or another.
  bool take(const Event& event);

 private:
  struct Stall {  // of what has no room
    std::size_t waiting = 0;
    MonoTime since{};
  };

  void plan(Duration after);
  void step();
  // False when it got nowhere: try again later.
  [[nodiscard]] bool portion(LetterWork& work);
  [[nodiscard]] bool begin(LetterWork& work);
  // False: this letter again later.
  [[nodiscard]] bool treat(LetterWork& work, const Letter& letter, std::size_t& octets);
  [[nodiscard]] bool redrive(LetterWork& work, const Letter& letter, const EventRef& event);
  [[nodiscard]] bool may_wait(const std::string& subscription);
  void refuse(LetterWork& work, LetterRefusal refusal);
  void trouble(const Error& error);
  void tell_progress();
  void answer();
  void answered(const Result<Receipt>& receipt);

  const std::string gateway_;
  Parts parts_;
  Host host_;
  std::deque<LetterWork> work_;  // the first is under way
  bool planned_ = false;
  bool answering_ = false;
  // Of the one under way, since this process works on it:
  std::optional<std::size_t> room_;      // deliveries that may wait in all
  std::map<std::string, Stall> stalls_;  // by subscription; "": of all
  MonoTime told_{};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense
