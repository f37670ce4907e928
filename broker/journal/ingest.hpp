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

// Turns everything that waits into one transaction with one sync: takes rights and repeats out,
// gives sequence numbers, appends to the journal, changes the registry, and only then answers. No
// threads, no sockets; time comes in. One thread.
class Ingest {
 public:
  struct Limits {
    Duration repeat_window{};
    std::size_t repeat_ids_max = 0;
    Registry::Limits registry;
  };
  // Restores head, registry and repeat window from the store, which must outlive it.
  [[nodiscard]] static Result<Ingest> restore(Store& store, Limits limits, Counters& counters,
                                              Timestamp now);

  // Makes the subscriptions of the configuration file those of the registry with via "config".
  [[nodiscard]] Status take_static(const std::vector<Subscription>& wanted, Timestamp now);

  // One group. On a full disk all are refused with nomoreroom and nothing has changed. Fails only
  // when the journal can no longer be trusted: the broker must then stop, and has answered nothing.
  [[nodiscard]] Result<Outgoing> commit_group(std::span<const IncomingRef> group, Timestamp now);

  // Sequences of the journal that could not be read. With the next group it is looked at again,
  // and what is damaged is quarantined and announced by {urn:sense:management}journal-damaged.
  void note_damage(Journal::Range range);

  // So many requests were refused before they came here: announced by events, now and then.
  void note_overload(std::uint64_t requests, Timestamp now) {
    conditions_.note_overload(requests, now);
  }

  // When leases end next.
  [[nodiscard]] std::optional<MonoTime> next_timer() const { return registry_.next_expiry(); }
  [[nodiscard]] std::uint64_t head() const { return head_; }

 private:
  Ingest(Store& store, Limits limits, Counters& counters);

  [[nodiscard]] Status restore_ids(Timestamp now);
  bus::Reply handle(const Incoming& incoming, Timestamp now);
  // An event of a PUBLISH that has been read and not yet taken.
  struct Arrival {
    std::string_view octets;
    Result<EventHead> head;
    RecentIds::Key key;
  };
  bus::Reply handle_publish(const Incoming& incoming, Timestamp now);
  [[nodiscard]] Status check_reserved(const Arrival& arrival, const Incoming& incoming) const;
  [[nodiscard]] Status check_letters(const Event& event, const Incoming& incoming) const;
  [[nodiscard]] Status check_test(const Event& event, const Incoming& incoming) const;
  bus::Published take_event(const Arrival& arrival, const Incoming& incoming, Timestamp now);
  [[nodiscard]] Status check_change(const Incoming& incoming) const;
  bus::Reply handle_put(const Incoming& incoming, Timestamp now);
  bus::Reply handle_remove(const Incoming& incoming, Timestamp now);
  bus::Reply handle_read(const Incoming& incoming) const;
  void take_change(const Registry::Change& change, Timestamp now);
  void append(std::string_view event, std::string_view type, std::string_view source,
              std::string_view principal, Timestamp now);
  void count_type(std::string_view type);
  void note_source(std::string_view source);
  void expire_leases(Timestamp now);
  void announce_damage(Timestamp now);
  void announce_conditions(Timestamp now);
  [[nodiscard]] Status write(Timestamp now);
  void undo();
  Outgoing refused(std::span<const IncomingRef> group, const Error& error) const;
  void seal(Outgoing& out);

  Store& store_;
  Counters& counters_;
  Registry registry_;
  RecentIds ids_;
  std::uint64_t head_ = 0;  // committed
  std::vector<Journal::Range> noted_;
  Conditions conditions_;

  // The group under way.
  std::uint64_t next_ = 1;
  std::string records_;
  std::vector<Outgoing::Publication> publications_;
  using Tally = std::map<std::string, std::uint64_t, std::less<>>;
  Tally tally_;
  Tally::value_type* counted_last_ = nullptr;
  std::string noted_last_;  // source
  CheckedNames names_;
  std::vector<Arrival> arrivals_;
  std::vector<RegistryRow> rows_;
  std::vector<Journal::Damage> damage_;
};

}  // namespace sense
