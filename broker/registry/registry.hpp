// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registry/leaders.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// A row of the registry as it is stored.
struct RegistryRow {
  RegistryEntry entry;  // an empty value: the row is to be deleted
  // Of a subscription: whose it is and when its lease ends. It stands in the value too; kept apart
  // so that a million rows can be loaded without reading each. Nothing: look into the value.
  std::optional<SubscriptionHead> head;
  std::uint64_t before = 0;  // of a subscription: the revision whose row this replaces; 0: none
};

// What `head` is to be, read from the value; nothing for other kinds than subscriptions.
[[nodiscard]] Result<std::optional<SubscriptionHead>> head_of(const RegistryEntry& entry);

// The shared registry: subscriptions with their leases and owners, gateways, sources. Pure: no I/O,
// no clock, one thread. Every change yields the management event that announces it; the caller
// journals it in the same transaction as the row. Changes since the last commit() are undone by
// rollback().
class Registry {
 public:
  static constexpr std::size_t key_length_max = 256;
  static constexpr std::size_t value_length_max = 64 * 1024;

  struct Limits {
    std::size_t subscriptions_max = 1'000'000;
    std::size_t sources_max = 100'000;
    std::size_t gateways_max = 1'000;
  };
  explicit Registry(Limits limits) : limits_(limits) {}

  // A row from the store, at start. Fails when it cannot be read; it is then kept, not served.
  [[nodiscard]] Status load(RegistryRow row, Timestamp now);

  // What a change leads to: the row to store and the event to journal.
  struct Change {
    RegistryRow row;
    std::optional<Event> event;  // sources change without one
  };
  // `sequence` is the one that the change's event will get. `entry.revision` as in
  // Bus::registry_put. nullopt: the same value is there already, under the revision in `current`.
  struct Put {
    std::optional<Change> change;
    std::uint64_t revision = 0;
  };
  [[nodiscard]] Result<Put> put(const RegistryEntry& entry, std::string_view reason,
                                std::string_view principal, std::uint64_t sequence, Timestamp now);
  [[nodiscard]] Result<Change> remove(std::string_view kind, std::string_view key,
                                      std::uint64_t revision, std::string_view reason,
                                      std::string_view principal, std::uint64_t sequence,
                                      Timestamp now);
  // The next subscription whose lease is over, ended; nothing when there is none yet.
  [[nodiscard]] std::optional<Change> expire_one(std::uint64_t sequence, Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_expiry() const;

  // Remembers a source of events. A row to store when it is new and there is room.
  [[nodiscard]] std::optional<RegistryRow> note_source(std::string_view source);

  [[nodiscard]] Result<RegistryEntry> get(std::string_view kind, std::string_view key) const;
  [[nodiscard]] std::vector<RegistryEntry> list(std::string_view kind, std::string_view after,
                                                std::size_t limit) const;
  // The subscriptions of one owner alone, likewise; what others have costs no time.
  [[nodiscard]] std::vector<RegistryEntry> list_owned(std::string_view owner,
                                                      std::string_view after,
                                                      std::size_t limit) const;
  [[nodiscard]] std::size_t count(std::string_view kind) const;

  void commit() { undo_.clear(); }
  void rollback();

 private:
  static constexpr MonoTime never = MonoTime::max();
  struct Held {
    std::uint64_t revision = 0;
    std::string value;
    // On the monotonic clock: a jump of the wall clock ends no lease.
    MonoTime lease_end = never;
    // Of a subscription that has one: the key in owners_. Set by set().
    const std::string* owner = nullptr;
  };
  using Rows = std::map<std::string, Held, std::less<>>;
  using Row = Rows::value_type;  // key and what is held under it
  struct ByKey {
    using is_transparent = void;
    static std::string_view key(const Row* row) { return row->first; }
    static std::string_view key(std::string_view text) { return text; }
    bool operator()(const auto& left, const auto& right) const { return key(left) < key(right); }
  };
  using Owners = std::map<std::string, std::set<const Row*, ByKey>, std::less<>>;
  struct Undo {
    std::string kind;
    std::string key;
    std::optional<Held> before;
    std::string owner;
  };
  [[nodiscard]] static RegistryEntry entry_of(std::string_view kind, const Row& row);
  [[nodiscard]] const Row* find(std::string_view kind, std::string_view key) const;
  // Nothing to hold: the row goes. `owner` is empty for all but subscriptions. hold() can be
  // undone, set() not.
  void hold(std::string_view kind, std::string_view key, std::optional<Held> held,
            std::string_view owner = {});
  void set(std::string_view kind, std::string_view key, std::optional<Held> held,
           std::string_view owner);
  void give(Row& row, std::string_view owner);
  void take_away(Row& row);
  [[nodiscard]] Status check_limits(const RegistryEntry& entry, bool fresh) const;
  [[nodiscard]] Result<Put> put_subscription(const RegistryEntry& entry, const Row* current,
                                             std::string_view reason, std::string_view principal,
                                             std::uint64_t sequence, Timestamp now);
  [[nodiscard]] Change end(Subscription subscription, std::string_view reason,
                           std::string_view principal, std::uint64_t sequence, Timestamp now);

  [[nodiscard]] Status check_leader(const RegistryEntry& entry, const Row* current, Timestamp now);

  Limits limits_;
  Leaders leaders_;
  std::map<std::string, Rows, std::less<>> kinds_;
  std::set<std::pair<MonoTime, const std::string*>> leases_;  // keys of kinds_
  Owners owners_;                                             // rows of kinds_; none is empty
  std::vector<Undo> undo_;
};

}  // namespace sense
