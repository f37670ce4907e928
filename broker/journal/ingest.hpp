// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "broker/accounts/subscription_room.hpp"
#include "broker/journal/audit_notes.hpp"
#include "broker/journal/commit_group.hpp"
#include "broker/journal/notices.hpp"
#include "broker/journal/recent_ids.hpp"
#include "broker/journal/request.hpp"
#include "broker/journal/store.hpp"
#include "broker/registry/registry.hpp"
#include "broker/registry/seen_types.hpp"
#include "broker/security/permission.hpp"
#include "core/base/counters.hpp"
#include "core/event/codec.hpp"

namespace sense {

// Group commit: turns all waiting requests into one transaction with one sync. Refuses what the
// rights do not allow, answers duplicates, assigns sequence numbers, appends to the journal,
// changes the registry, and returns the replies once all of it is stored. No threads, no sockets,
// no clock. One thread.
class Ingest {
 public:
  // Of broker_options().
  struct Limits {
    Duration deduplication_window{};
    std::size_t deduplication_ids_max = 0;
    Registry::Limits registry;
    std::size_t types_max = 10'000;
    // Of which `all` is registry.subscriptions_max.
    SubscriptionRoom::Limits subscriptions = {};
  };
  // Restores head, registry and deduplication window from the store. `audit` gets what is refused
  // and changed, and is stored with each group; null: there is none. All must outlive the result.
  [[nodiscard]] static Result<Ingest> restore(Store& store, Limits limits, Counters& counters,
                                              Timestamp now, AuditTrail* audit = nullptr);

  // Replaces the registry's subscriptions with via "config" by those of the configuration file.
  // Fails, naming the subscription, when one is refused; the others are then stored.
  [[nodiscard]] Status load_configured_subscriptions(const std::vector<Subscription>& wanted,
                                                     Timestamp now);

  // Commits one group. On a full disk all requests are refused with nomoreroom and nothing changes.
  // Fails only when the state of the journal is unknown: the broker must then stop without having
  // answered the group.
  [[nodiscard]] Result<Outgoing> commit_group(std::span<const IncomingRef> requests, Timestamp now);

  // Sequences of the journal that could not be read. The next commit inspects them again,
  // quarantines what is damaged, and announces it by {urn:sense:management}journal-damaged. At most
  // 1,000 ranges wait for that; a further one is ignored.
  void note_damage(Journal::Range range);

  // The number of requests that were refused before they reached Ingest; announced by a notice.
  void note_overload(std::uint64_t requests, Timestamp now) {
    notices_.note_overload(requests, now);
  }

  // When the next lease ends.
  [[nodiscard]] std::optional<MonoTime> next_timer() const { return registry_.next_expiry(); }
  // The last sequence that is stored.
  [[nodiscard]] std::uint64_t head() const { return head_; }

 private:
  Ingest(Store& store, Limits limits, Counters& counters, AuditTrail* audit);

  // An event of a PUBLISH, parsed and not yet accepted.
  struct ParsedEvent {
    std::string_view octets;
    Result<EventHead> head;
    RecentIds::Key key;
  };

  [[nodiscard]] Status restore_ids(Timestamp now);
  [[nodiscard]] FindEntry find_entry() const;
  [[nodiscard]] Result<bus::Reply> reply_to(const Incoming& incoming, CommitGroup& group);
  [[nodiscard]] bus::Reply publish(const Incoming& incoming, CommitGroup& group);
  [[nodiscard]] ParsedEvent parse(std::string_view octets);
  // `index`: of the event in the request.
  [[nodiscard]] Result<bus::Published> accept(const ParsedEvent& event, const Incoming& incoming,
                                              std::size_t index, CommitGroup& group);
  [[nodiscard]] Result<bus::Reply> put(const Incoming& incoming, CommitGroup& group);
  [[nodiscard]] Result<bus::Reply> remove(const Incoming& incoming, CommitGroup& group);
  // Whether a GET that is refused names what is there.
  [[nodiscard]] bool is_hidden(const Incoming& incoming) const;
  [[nodiscard]] Result<bus::Reply> get(const Incoming& incoming) const;
  // Of what the broker itself lists.
  [[nodiscard]] std::vector<RegistryEntry> entries(std::string_view kind, std::string_view after,
                                                   std::size_t count) const;
  void keep_readable(std::vector<RegistryEntry>& seen, const Rights& rights,
                     std::size_t count) const;
  [[nodiscard]] Result<bus::Reply> list(const Incoming& incoming, const CommitGroup& group) const;
  void end_leases(CommitGroup& group);
  void announce_damage(CommitGroup& group);
  [[nodiscard]] Result<Outgoing> undo(std::span<const IncomingRef> requests, const Error& error,
                                      Timestamp now);

  Store& store_;
  Counters& counters_;
  AuditNotes audit_;
  Registry registry_;
  SubscriptionRoom room_;
  SeenTypes types_;
  RecentIds ids_;
  std::uint64_t head_ = 0;
  std::vector<Journal::Range> suspected_;  // of note_damage()
  BrokerNotices notices_;
  CheckedNames names_;
};

}  // namespace sense
