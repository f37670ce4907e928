// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/bus/protocol.hpp"
#include "core/bus/type_prefixes.hpp"

namespace sense::bus {

// Turns a lossy live stream and a fetchable journal into one stream without gap or repeat, in
// order. Pure: no I/O, no clock, one thread. Live events wait until the mark behind them says that
// none of theirs is missing; when one is, or a mark is, the journal is asked. Memory is bounded:
// what does not fit is thrown away and fetched later.
class Follower {
 public:
  static constexpr std::size_t waiting_events_max = 50'000;
  static constexpr std::size_t waiting_octets_max = 64 * 1024 * 1024;
  static constexpr std::size_t waiting_marks_max = 10'000;
  static constexpr std::uint64_t behind_max = 20'000;

  // Starts over after `position`.
  void follow(std::uint64_t position, std::vector<std::string> prefixes);
  [[nodiscard]] bool following() const { return following_; }
  [[nodiscard]] const std::vector<std::string>& prefixes() const { return prefixes_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }

  // What to do with the live stream. `leave`: its consumer is slower than it, so let it wait in the
  // socket, whose bounds make the sender drop in the end. `discard`: the journal is still far
  // ahead, and what comes now would not fit until it is reached.
  enum class Live { take, leave, discard };
  [[nodiscard]] Live live() const;

  // Events from the live stream, in the order of arrival. `octets` is their size, for the bound.
  void on_events(std::vector<EventRef> events, std::size_t octets);
  void on_mark(Mark mark);
  // The next batch to hand out, when there is one.
  [[nodiscard]] std::optional<Batch> next_batch();
  // What to fetch now: from `from` on. At most one fetch is under way.
  struct Fetch {
    std::uint64_t from = 0;
    std::uint64_t id = 0;  // no other has it
  };
  [[nodiscard]] std::optional<Fetch> next_fetch();
  // Whether it is still of use: follow() was not called since, and what comes before is known.
  [[nodiscard]] bool waits_for(const Fetch& fetch) const {
    return fetch.id != 0 && fetch.id == awaited_;
  }
  // The answer to `fetch` has come, reaches to before `next` and is still to be read: what to fetch
  // meanwhile, so that broker and follower work at the same time.
  [[nodiscard]] std::optional<Fetch> next_fetch_behind(const Fetch& fetch, std::uint64_t next,
                                                       std::uint64_t head);
  // The answer to `fetch`. Ignored when nobody waits for it.
  void on_fetched(const Fetch& fetch, Bus::FetchReply reply);
  // The answer to `fetch` could not be read. Whether to ask for it again.
  [[nodiscard]] bool on_unreadable(const Fetch& fetch);

 private:
  enum class Step { none, advanced, fetch };
  [[nodiscard]] Step try_mark();
  [[nodiscard]] bool wanted(const Event& event) { return selected_.select(event.type.clark()); }
  [[nodiscard]] std::uint64_t expected(const Mark& mark);
  void forget_waiting();
  void drop_until(std::uint64_t sequence);

  bool following_ = false;
  // Ids of fetches, or 0: the one whose answer is awaited, and the one that went out behind it.
  std::uint64_t awaited_ = 0;
  std::uint64_t behind_ = 0;
  std::uint64_t last_id_ = 0;
  bool need_fetch_ = false;
  std::uint64_t position_ = 0;
  std::vector<std::string> prefixes_;
  TypePrefixes selected_;  // by them
  struct Waiting {
    EventRef event;
    std::size_t octets = 0;
  };
  std::deque<Waiting> waiting_;
  std::size_t waiting_octets_ = 0;
  std::deque<Mark> marks_;
  std::uint64_t marked_ = 0;        // head of the mark that came last
  std::uint64_t fetched_head_ = 0;  // head that the last fetch told
  std::deque<Batch> ready_;         // at most a few: what a fetch or a mark completed
};

}  // namespace sense::bus
