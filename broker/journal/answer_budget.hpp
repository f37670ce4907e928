// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/counters.hpp"

namespace sense {

// The octets of answers that the broker holds: from the reservation, before an answer is made,
// until libzmq has written it to the connection or the connection has ended. Bounded for each
// client, each principal and in all; for answers without a reservation they are only counted. A
// client that has taken all its answers always gets one of small_octets_max, so that none is locked
// out by others. Any thread.
class AnswerBudget {
 public:
  static constexpr std::size_t small_octets_max = 256 * 1024;

  // Of broker_options().
  struct Limits {
    std::size_t client = 0;  // one connection; reservations take at most half of it
    std::size_t principal = 0;
    std::size_t all = 0;
  };

  // Octets of one answer, given back when it is destroyed, on any thread; the budget must outlive
  // it. Default: none.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          client_(std::move(other.client_)),
          principal_(std::move(other.principal_)),
          octets_(std::exchange(other.octets_, 0)) {}
    Hold& operator=(Hold&& other) noexcept;
    ~Hold();
    [[nodiscard]] std::size_t octets() const { return octets_; }
    // The answer is there and has so many octets, which may be more than were reserved.
    void resize(std::size_t octets);

   private:
    friend AnswerBudget;
    Hold(AnswerBudget& budget, std::string client, std::string principal, std::size_t octets)
        : budget_(&budget),
          client_(std::move(client)),
          principal_(std::move(principal)),
          octets_(octets) {}

    AnswerBudget* budget_ = nullptr;
    std::string client_;
    std::string principal_;
    std::size_t octets_ = 0;
  };

  // The counters must outlive it.
  AnswerBudget(Limits limits, Counters& counters);

  // Room for an answer of at most `wanted` octets, or for a smaller one. No octets: the client
  // has to take its answers first.
  [[nodiscard]] Hold reserve(const std::string& client, const std::string& principal,
                             std::size_t wanted);
  // For an answer without a reservation.
  [[nodiscard]] Hold hold(const std::string& client, const std::string& principal,
                          std::size_t octets);
  // Whether the client holds all that one client may: it reads no answers.
  [[nodiscard]] bool is_full(const std::string& client) const;
  [[nodiscard]] std::size_t octets() const;

  // Called after a reserve() without room, once, when octets were given back; on the thread that
  // did that. REQUIRES: set before the first Hold.
  void on_room(std::function<void()> call) { on_room_ = std::move(call); }

 private:
  using Octets = std::unordered_map<std::string, std::size_t>;
  [[nodiscard]] std::size_t room(const std::string& client, const std::string& principal,
                                 std::size_t wanted) const;
  void add(const std::string& client, const std::string& principal, std::size_t octets);
  void give_back(const std::string& client, const std::string& principal, std::size_t octets);

  const Limits limits_;
  Counters::Counter& held_;  // shown as counter.broker.answers.octets
  std::function<void()> on_room_;

  mutable std::mutex mutex_;
  Octets clients_;  // none is 0
  Octets principals_;
  std::size_t all_ = 0;
  bool awaited_ = false;  // on_room_ is to be called
};

}  // namespace sense
