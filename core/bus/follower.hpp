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

// Turns a lossy live stream and a fetchable journal into one stream without gaps or repeats, in
// order. Pure: no I/O, no clock, one thread. Live events are held until the commit watermark behind
// them confirms that none is missing; when an event or a watermark is missing, the journal is
// fetched. Memory is bounded: events beyond the bounds are dropped and fetched later.
class Follower {
 public:
  static constexpr std::size_t waiting_events_max = 50'000;
  static constexpr std::size_t waiting_octets_max = 64 * 1024 * 1024;
  static constexpr std::size_t waiting_watermarks_max = 10'000;
  static constexpr std::uint64_t behind_max = 20'000;

  // Starts over after `position`.
  void follow(std::uint64_t position, std::vector<std::string> prefixes);
  [[nodiscard]] bool following() const { return following_; }
  [[nodiscard]] const std::vector<std::string>& prefixes() const { return prefixes_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }

  // What to do with the live stream. `leave`: the consumer is slower than the stream; leave it in
  // the socket, whose bounds eventually make the sender drop messages. `discard`: the journal is
  // far ahead, and live events would not fit into memory until it is reached.
  enum class Live { take, leave, discard };
  [[nodiscard]] Live live() const;

  // Events from the live stream, in the order received. `octets` is their size, for the bound.
  void on_events(std::vector<EventRef> events, std::size_t octets);
  void on_watermark(Watermark watermark);
  // The next complete batch, if any.
  [[nodiscard]] std::optional<Batch> next_batch();
  // The fetch to start now, from `from` on. At most one is outstanding.
  struct Fetch {
    std::uint64_t from = 0;
    std::uint64_t id = 0;  // unique
  };
  [[nodiscard]] std::optional<Fetch> next_fetch();
  // Whether its reply is needed: follow() was not called since, and the events before it are known.
  [[nodiscard]] bool waits_for(const Fetch& fetch) const {
    return fetch.id != 0 && fetch.id == awaited_;
  }
  // The reply to `fetch`, which covers the events before `next`, was received and is not decoded
  // yet: the fetch to start meanwhile, so that broker and follower work in parallel.
  [[nodiscard]] std::optional<Fetch> next_fetch_behind(const Fetch& fetch, std::uint64_t next,
                                                       std::uint64_t head);
  // The reply to `fetch`. Ignored when it is not awaited.
  void on_fetched(const Fetch& fetch, JournalReader::FetchReply reply);
  // The reply to `fetch` could not be decoded. Whether to repeat the fetch.
  [[nodiscard]] bool on_unreadable(const Fetch& fetch);

 private:
  enum class Step { none, advanced, fetch };
  [[nodiscard]] Step try_watermark();
  [[nodiscard]] bool wanted(const Event& event) { return selected_.select(event.type.clark()); }
  [[nodiscard]] std::uint64_t expected(const Watermark& watermark);
  [[nodiscard]] bool may_hide_wanted(const Watermark& watermark) const;
  void forget_waiting();
  void drop_until(std::uint64_t sequence);

  bool following_ = false;
  // Ids of fetches, 0: none. The one whose reply is awaited, and the one started behind it.
  std::uint64_t awaited_ = 0;
  std::uint64_t behind_ = 0;
  std::uint64_t last_id_ = 0;
  bool need_fetch_ = false;
  std::uint64_t position_ = 0;
  std::vector<std::string> prefixes_;
  TypePrefixes selected_;  // by prefixes_
  bool wants_unannounced_ = false;
  struct Waiting {
    EventRef event;
    std::size_t octets = 0;
  };
  std::deque<Waiting> waiting_;
  std::size_t waiting_octets_ = 0;
  std::deque<Watermark> watermarks_;
  std::uint64_t watermark_head_ = 0;  // head of the last watermark received
  std::uint64_t fetched_head_ = 0;    // head in the last fetch reply
  std::deque<Batch> ready_;           // batches completed by fetches or watermarks; a few at most
};

}  // namespace sense::bus
