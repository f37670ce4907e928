// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/journal/request.hpp"
#include "broker/journal/store.hpp"
#include "broker/registry/registry.hpp"
#include "core/base/clock.hpp"
#include "core/event/codec.hpp"

namespace sense {

// One group of events and changes, from its first request to its commit: it numbers the events and
// collects what is to be stored and sent. Nothing is stored before write(). One thread.
class CommitGroup {
 public:
  // `head`: the last sequence before the group. `octets`: about how many its requests have.
  CommitGroup(std::uint64_t head, std::size_t octets, Timestamp now);

  [[nodiscard]] Timestamp now() const { return now_; }
  // The sequence of the next event.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] std::uint64_t head() const { return next_ - 1; }
  // Whether there is room for one more request of the greatest length.
  [[nodiscard]] bool has_room() const;
  // Whether there is room for the broker's own events, without delaying its clients.
  [[nodiscard]] bool has_room_for_own() const;

  // `head`: of the event, as peek_event returns it. An event with recipients is left out of the
  // live stream, which all subscribers of its topic would get: they fetch it.
  void append(std::string_view event, const EventHead& head, std::string_view principal,
              std::string_view via = {});
  // The same with an event of the broker.
  void append(const Event& event);
  // And with one that is not on the live stream (bus::unannounced_topics). Behind all others.
  void append_unannounced(const Event& event);
  // What gateways read of the change (Change::whole) follows at settle(), so that many changes in a
  // row share messages of the live stream.
  void add(const Registry::Change& change);
  // Before an event that is not of a change, which gateways must see behind the changes.
  void settle();
  void add(RegistryRow row) { rows_.push_back(std::move(row)); }
  void add(Journal::Damage damage) { damage_.push_back(std::move(damage)); }

  // Whether no event before had this source; the source of consecutive events is asked for once.
  [[nodiscard]] bool is_other_source(std::string_view source);

  // In one transaction. A failure leaves the transaction open, for Store::rollback().
  [[nodiscard]] Status write(Store& store) const;
  // Adds the publications and the commit watermark to the answers. Nothing is left in the group.
  void move_to(Outgoing& out);

 private:
  void publish(const EventHead& head, std::size_t start);
  void count_type(std::string_view type);

  Timestamp now_;
  std::uint64_t before_;
  std::uint64_t next_;
  std::string records_;
  std::vector<Outgoing::Publication> publications_;
  using Tally = std::map<std::string, std::uint64_t, std::less<>>;
  Tally tally_;
  Tally::value_type* last_tally_ = nullptr;
  std::string last_source_;
  std::vector<RegistryRow> rows_;
  std::string wholes_;  // encoded, one behind the other
  std::vector<std::size_t> whole_lengths_;
  std::vector<Journal::Damage> damage_;
};

}  // namespace sense
