#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// The shared registry: subscriptions with their leases, gateways, sources. Pure: no I/O, no clock,
// one thread. Every change yields the management event that announces it; the caller journals it in
// the same transaction as the row. Changes since the last commit() are undone by rollback().
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
  [[nodiscard]] Status load(RegistryEntry entry, Now now);

  // What a change leads to: the row to store (value empty: to delete) and the event to journal.
  struct Change {
    RegistryEntry row;
    std::optional<Event> event;  // sources change without one
  };
  // `sequence` is the one that the change's event will get. `entry.revision` as in
  // Bus::registry_put. nullopt: the same value is there already, under the revision in `current`.
  struct Put {
    std::optional<Change> change;
    std::uint64_t revision = 0;
  };
  [[nodiscard]] Result<Put> put(const RegistryEntry& entry, std::string_view reason,
                                std::string_view principal, std::uint64_t sequence, Now now);
  [[nodiscard]] Result<Change> remove(std::string_view kind, std::string_view key,
                                      std::uint64_t revision, std::string_view reason,
                                      std::string_view principal, std::uint64_t sequence, Now now);
  // The next subscription whose lease is over, ended; nothing when there is none yet.
  [[nodiscard]] std::optional<Change> expire_one(std::uint64_t sequence, Now now);
  [[nodiscard]] std::optional<MonoTime> next_expiry() const;

  // Remembers a source of events. A row to store when it is new and there is room.
  [[nodiscard]] std::optional<RegistryEntry> note_source(std::string_view source);

  [[nodiscard]] Result<RegistryEntry> get(std::string_view kind, std::string_view key) const;
  [[nodiscard]] std::vector<RegistryEntry> list(std::string_view kind, std::string_view after,
                                                std::size_t limit) const;
  [[nodiscard]] std::size_t count(std::string_view kind) const;

  void commit() { undo_.clear(); }
  void rollback();

 private:
  using Rows = std::map<std::string, RegistryEntry, std::less<>>;
  struct Undo {
    std::string kind;
    std::string key;
    std::optional<RegistryEntry> before;
    std::optional<MonoTime> lease;
  };
  [[nodiscard]] const RegistryEntry* find(std::string_view kind, std::string_view key) const;
  void store(const RegistryEntry& entry);
  void erase(std::string_view kind, std::string_view key);
  [[nodiscard]] Status check_limits(const RegistryEntry& entry, bool fresh) const;
  [[nodiscard]] Result<Put> put_subscription(const RegistryEntry& entry,
                                             const RegistryEntry* current, std::string_view reason,
                                             std::string_view principal, std::uint64_t sequence,
                                             Now now);
  [[nodiscard]] Change end(const RegistryEntry& row, Subscription subscription,
                           std::string_view reason, std::string_view principal,
                           std::uint64_t sequence, Now now);
  void keep_lease(const std::string& id, std::optional<WallTime> expires, Now now);
  void set_lease(const std::string& key, std::optional<MonoTime> deadline);
  void remember(std::string_view kind, std::string_view key, const RegistryEntry* before);

  Limits limits_;
  std::map<std::string, Rows, std::less<>> kinds_;
  std::set<std::pair<MonoTime, std::string>> leases_;
  std::map<std::string, MonoTime, std::less<>> lease_of_;
  std::vector<Undo> undo_;
};

}  // namespace sense
