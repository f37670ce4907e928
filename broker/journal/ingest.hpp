// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "broker/journal/notices.hpp"
#include "broker/journal/recent_ids.hpp"
#include "broker/journal/request.hpp"
#include "broker/journal/store.hpp"
#include "broker/registry/registry.hpp"
#include "core/base/counters.hpp"
#include "core/event/codec.hpp"

namespace sense {

// Group commit: turns all waiting requests into one transaction with one sync. Refuses what the
// rights do not allow, answers duplicates, assigns sequence numbers, appends to the journal,
// changes the registry, and returns the replies once all of it is stored. No threads, no sockets,
// no clock. One thread.
class Ingest {
 public:
  struct Limits {
    Duration deduplication_window{};
    std::size_t deduplication_ids_max = 0;
    Registry::Limits registry;
  };
  // Restores head, registry and deduplication window from the store, which must outlive the result.
  [[nodiscard]] static Result<Ingest> restore(Store& store, Limits limits, Counters& counters,
                                              Timestamp now);

  // Replaces the registry's subscriptions with via "config" by those of the configuration file.
  [[nodiscard]] Status load_configured_subscriptions(const std::vector<Subscription>& wanted,
                                                     Timestamp now);

  // Commits one group. On a full disk all requests are refused with nomoreroom and nothing changes.
  // Fails only when the state of the journal is unknown: the broker must then stop without having
  // answered the group.
  [[nodiscard]] Result<Outgoing> commit_group(std::span<const IncomingRef> group, Timestamp now);

  // Sequences of the journal that could not be read. The next commit inspects them again,
  // quarantines what is damaged, and announces it by {urn:sense:management}journal-damaged.
  void note_damage(Journal::Range range);

  // The number of requests that were refused before they reached Ingest; announced by a notice.
  void note_overload(std::uint64_t requests, Timestamp now) {
    notices_.note_overload(requests, now);
  }

  // When the next lease ends.
  [[nodiscard]] std::optional<MonoTime> next_timer() const { return registry_.next_expiry(); }
  [[nodiscard]] std::uint64_t head() const { return head_; }

 private:
  Ingest(Store& store, Limits limits, Counters& counters);

  [[nodiscard]] Status restore_ids(Timestamp now);
  bus::Reply handle(const Incoming& incoming, Timestamp now);
  // An event of a PUBLISH, parsed and not yet accepted.
  struct ParsedEvent {
    std::string_view octets;
    Result<EventHead> head;
    RecentIds::Key key;
  };
  bus::Reply handle_publish(const Incoming& incoming, Timestamp now);
  [[nodiscard]] Status check_reserved(const ParsedEvent& parsed, const Incoming& incoming) const;
  [[nodiscard]] Status check_dead_letter_event(const Event& event, const Incoming& incoming) const;
  [[nodiscard]] Status check_test_event(const Event& event, const Incoming& incoming) const;
  bus::Published accept_event(const ParsedEvent& parsed, const Incoming& incoming, Timestamp now);
  [[nodiscard]] Status check_change(const Incoming& incoming) const;
  bus::Reply handle_put(const Incoming& incoming, Timestamp now);
  bus::Reply handle_remove(const Incoming& incoming, Timestamp now);
  bus::Reply handle_read(const Incoming& incoming) const;
  void append_change(const Registry::Change& change, Timestamp now);
  void append(std::string_view event, std::string_view type, std::string_view source,
              std::string_view principal, Timestamp now);
  void count_type(std::string_view type);
  void note_source(std::string_view source);
  void expire_leases(Timestamp now);
  void announce_damage(Timestamp now);
  void announce_notices(Timestamp now);
  [[nodiscard]] Status write(Timestamp now);
  void undo();
  Outgoing refused(std::span<const IncomingRef> group, const Error& error) const;
  void finish(Outgoing& out);

  Store& store_;
  Counters& counters_;
  Registry registry_;
  RecentIds ids_;
  std::uint64_t head_ = 0;                 // committed
  std::vector<Journal::Range> suspected_;  // of note_damage()
  BrokerNotices notices_;

  // The group under commit.
  std::uint64_t next_ = 1;
  std::string records_;
  std::vector<Outgoing::Publication> publications_;
  using Tally = std::map<std::string, std::uint64_t, std::less<>>;
  Tally tally_;
  Tally::value_type* last_tally_ = nullptr;
  std::string last_source_;
  CheckedNames names_;
  std::vector<ParsedEvent> parsed_;
  std::vector<RegistryRow> rows_;
  std::vector<Journal::Damage> damage_;
};

}  // namespace sense
