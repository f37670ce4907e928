// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registry/account_counts.hpp"
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
  // Of a subscription: its owner and the end of its lease, as in the value; kept apart so that a
  // million rows can be loaded without parsing each value. Absent: parse the value.
  std::optional<SubscriptionHead> head;
  std::uint64_t before = 0;  // of a subscription: the revision whose row this replaces; 0: none
  std::string account = {};  // of a subscription: Registry::Account::name
};

// The `head` of an entry, parsed from its value; absent for kinds other than subscription.
[[nodiscard]] Result<std::optional<SubscriptionHead>> head_of(const RegistryEntry& entry);

// The shared registry: subscriptions with their leases and owners, gateways, sources. Pure: no I/O,
// no clock, one thread. Every change yields the management event that announces it; the caller
// journals it in the same transaction as the row. Changes since the last commit() are undone by
// rollback().
class Registry {
 public:
  static constexpr std::size_t key_length_max = 256;
  static constexpr std::size_t value_length_max = 64 * 1024;

  // How many entries there may be of a kind; further ones are refused with nomoreroom, further
  // sources are not listed.
  struct Limits {
    std::size_t subscriptions_max = 1'000'000;
    std::size_t sources_max = 100'000;
    std::size_t gateways_max = 1'000;
  };
  explicit Registry(Limits limits) : limits_(limits) {}

  // Adds a row from the store, at start. Fails when the row cannot be read; the store then keeps
  // it, and it is not served.
  [[nodiscard]] Status load(RegistryRow row, Timestamp now);

  // Whom a new subscription is counted for, and how many there may be then.
  struct Account {
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);
    std::string name;                 // empty: it is not counted
    std::size_t own_max = unlimited;  // subscriptions of this account
    std::size_t all_max = unlimited;  // of all; this account makes none beyond
    std::string_view option = {};     // that says own_max
  };
  // Who changes something. `account` is that of the subscriptions that it makes; `lists`: they may
  // get the management events about others, see Subscription::own_only.
  struct Author {
    std::string_view principal;
    Account account = {};
    bool lists = true;
  };

  // The result of a change: the row to store and the events to journal.
  struct Change {
    RegistryRow row;
    std::optional<Event> event;  // sources change without one
    std::optional<Event> whole;  // of a subscription, behind it: the change as gateways read it
  };
  // `sequence`: of `event`. `entry.revision` as in Bus::registry_put. No change: the entry has this
  // value already, with `revision`. A refusal (badparam, varvaltoobig, nomoreroom; badcontext for
  // another revision) changes nothing.
  struct Put {
    std::optional<Change> change;
    std::uint64_t revision = 0;
  };
  [[nodiscard]] Result<Put> put(const RegistryEntry& entry, std::string_view reason,
                                const Author& author, std::uint64_t sequence, Timestamp now);
  // Likewise; fails with notfound when there is no such entry. A leader's is only released.
  [[nodiscard]] Result<Change> remove(std::string_view kind, std::string_view key,
                                      std::uint64_t revision, std::string_view reason,
                                      std::string_view principal, std::uint64_t sequence,
                                      Timestamp now);
  // Ends the next subscription whose lease is over; absent when none is.
  [[nodiscard]] std::optional<Change> expire_one(std::uint64_t sequence, Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_expiry() const;

  // Adds a source of events. The row to store; absent when it is known or the limit is reached.
  [[nodiscard]] std::optional<RegistryRow> note_source(std::string_view source);

  // Fails with notfound.
  [[nodiscard]] Result<RegistryEntry> get(std::string_view kind, std::string_view key) const;
  // At most `limit` entries with a key behind `after`, ordered by key.
  [[nodiscard]] std::vector<RegistryEntry> list(std::string_view kind, std::string_view after,
                                                std::size_t limit) const;
  // The same for the subscriptions of one owner, in a time that depends on their number only.
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
    // The owner of a subscription, if any: a key of owners_. Set by set().
    const std::string* owner = nullptr;
    AccountCounts::Ref account = nullptr;  // likewise
  };
  // Whose a subscription is, and whose it counts as; empty: none.
  struct Bearer {
    std::string owner;
    std::string account;
  };
  using Rows = std::map<std::string, Held, std::less<>>;
  using Row = Rows::value_type;  // key and content
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
    Bearer bearer;
  };
  [[nodiscard]] static Bearer bearer_of(const Held& held);
  [[nodiscard]] static RegistryEntry entry_of(std::string_view kind, const Row& row);
  [[nodiscard]] const Row* find(std::string_view kind, std::string_view key) const;
  // Replaces the row; without `held`, removes it. `bearer` is empty except for subscriptions.
  // Changes by hold() are undone by rollback(), those by set() are not.
  void hold(std::string_view kind, std::string_view key, std::optional<Held> held,
            const Bearer& bearer = {});
  void set(std::string_view kind, std::string_view key, std::optional<Held> held,
           const Bearer& bearer);
  void set_owner(Row& row, std::string_view owner);
  void clear_owner(Row& row);
  [[nodiscard]] Status check_limits(const RegistryEntry& entry, bool fresh) const;
  [[nodiscard]] Result<Put> put_subscription(const RegistryEntry& entry, const Row* current,
                                             std::string_view reason, const Author& author,
                                             std::uint64_t sequence, Timestamp now);
  [[nodiscard]] Status check_account(const Account& account) const;
  [[nodiscard]] Change end(Subscription subscription, std::string_view reason,
                           std::string_view principal, std::uint64_t sequence, Timestamp now);

  [[nodiscard]] Status check_leader(const RegistryEntry& entry, const Row* current, Timestamp now);

  Limits limits_;
  Leaders leaders_;
  std::map<std::string, Rows, std::less<>> kinds_;
  std::set<std::pair<MonoTime, const std::string*>> leases_;  // keys of kinds_
  Owners owners_;                                             // rows of kinds_; none is empty
  AccountCounts accounts_;
  std::vector<Undo> undo_;
};

}  // namespace sense
