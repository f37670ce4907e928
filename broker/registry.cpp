#include "broker/registry.hpp"

#include <array>

#include "broker/management_event.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense {

namespace {

constexpr std::string_view subscription_kind = "subscription";
constexpr std::string_view source_kind = "source";
constexpr std::string_view gateway_kind = "gateway";

std::string_view change_name(const Subscription& before, const Subscription& after) {
  using State = SubscriptionState;
  if (after.state == State::ended) return "ended";
  if (before.state == State::pending && after.state == State::active) return "verified";
  if (before.state != after.state)
    return after.state == State::paused      ? "paused"
           : after.state == State::suspended ? "suspended"
                                             : "resumed";
  auto renewed = before;
  renewed.expires = after.expires;
  renewed.period = after.period;
  renewed.updated = after.updated;
  renewed.revision = after.revision;
  renewed.since = after.since;
  return renewed == after ? "renewed" : "edited";
}

// Whether a repeated request asks for what is there already.
bool same(Subscription left, const Subscription& right) {
  left.revision = right.revision;
  left.since = right.since;
  left.updated = right.updated;
  left.created = right.created;
  return left == right;
}

tl::unexpected<Error> changed_meanwhile(std::string_view kind, std::string_view key,
                                        std::uint64_t current) {
  return fail(Code::badcontext, std::string(kind) + " " + printable(key) +
                                    " has been changed meanwhile (its revision is " +
                                    std::to_string(current) + "): read it again and repeat");
}

}  // namespace

const RegistryEntry* Registry::find(std::string_view kind, std::string_view key) const {
  const auto rows = kinds_.find(kind);
  if (rows == kinds_.end()) return nullptr;
  const auto row = rows->second.find(key);
  return row == rows->second.end() ? nullptr : &row->second;
}

void Registry::remember(std::string_view kind, std::string_view key, const RegistryEntry* before) {
  Undo undo{std::string(kind), std::string(key), std::nullopt, std::nullopt};
  if (before != nullptr) undo.before = *before;
  if (const auto lease = lease_of_.find(key); kind == subscription_kind && lease != lease_of_.end())
    undo.lease = lease->second;
  undo_.push_back(std::move(undo));
}

void Registry::store(const RegistryEntry& entry) {
  remember(entry.kind, entry.key, find(entry.kind, entry.key));
  kinds_[entry.kind][entry.key] = entry;
}

void Registry::erase(std::string_view kind, std::string_view key) {
  const auto* before = find(kind, key);
  if (before == nullptr) return;
  remember(kind, key, before);
  if (kind == subscription_kind) set_lease(before->key, std::nullopt);
  kinds_.find(kind)->second.erase(before->key);
}

void Registry::set_lease(const std::string& key, std::optional<MonoTime> deadline) {
  if (const auto lease = lease_of_.find(key); lease != lease_of_.end()) {
    leases_.erase({lease->second, key});
    lease_of_.erase(lease);
  }
  if (!deadline) return;
  leases_.emplace(*deadline, key);
  lease_of_.emplace(key, *deadline);
}

void Registry::keep_lease(const std::string& id, std::optional<WallTime> expires, Now now) {
  // On the monotonic clock from here on: a jump of the wall clock ends no lease.
  std::optional<MonoTime> deadline;
  if (expires) deadline = now.mono + (*expires - now.wall);
  set_lease(id, deadline);
}

Status Registry::load(RegistryEntry entry, Now now) {
  if (entry.kind == subscription_kind) {
    // The rest was right when it was stored, and is read again before it is acted upon.
    const auto expires = lease_end_from_json(entry.value);
    if (!expires)
      return fail(expires.error().code,
                  "subscription " + printable(entry.key) +
                      " in the store cannot be read and is not served: " + expires.error().message);
    keep_lease(entry.key, *expires, now);
  }
  // Rows mostly come in the order of their keys.
  auto& rows = kinds_[entry.kind];
  auto key = entry.key;
  rows.insert_or_assign(rows.end(), std::move(key), std::move(entry));
  return {};
}

Status Registry::check_limits(const RegistryEntry& entry, bool fresh) const {
  if (entry.key.empty() || entry.key.size() > key_length_max || !valid_utf8(entry.key) ||
      entry.key.find('\0') != std::string::npos)
    return fail(Code::badparam, "registry: a key has 1 to 256 octets of UTF-8 without NUL");
  if (entry.value.empty()) return fail(Code::badparam, "registry: a value must not be empty");
  if (entry.value.size() > value_length_max)
    return fail(Code::varvaltoobig, "registry: a value has at most 65536 octets");
  if (entry.kind != subscription_kind && entry.kind != gateway_kind)
    return fail(Code::badparam, "registry: kind '" + printable(entry.kind.substr(0, 64)) +
                                    "' cannot be written; kinds are subscription and gateway");
  const auto max =
      entry.kind == subscription_kind ? limits_.subscriptions_max : limits_.gateways_max;
  if (fresh && count(entry.kind) >= max)
    return fail(Code::nomoreroom, "registry: there are " + std::to_string(max) + " of kind " +
                                      entry.kind + " already, which is the limit");
  return {};
}

Result<Registry::Put> Registry::put(const RegistryEntry& entry, std::string_view reason,
                                    std::string_view principal, std::uint64_t sequence, Now now) {
  const auto* current = find(entry.kind, entry.key);
  if (auto status = check_limits(entry, current == nullptr); !status)
    return tl::unexpected(status.error());
  if (entry.kind == subscription_kind)
    return put_subscription(entry, current, reason, principal, sequence, now);
  if (current != nullptr && current->value == entry.value)
    return Put{std::nullopt, current->revision};
  if ((current ? current->revision : 0) != entry.revision)
    return changed_meanwhile(entry.kind, entry.key, current ? current->revision : 0);
  Change change{entry, entry_event(entry, "changed", principal, reason, now.wall)};
  change.row.revision = sequence;
  store(change.row);
  return Put{std::move(change), sequence};
}

Result<Registry::Put> Registry::put_subscription(const RegistryEntry& entry,
                                                 const RegistryEntry* current,
                                                 std::string_view reason,
                                                 std::string_view principal, std::uint64_t sequence,
                                                 Now now) {
  auto wanted = subscription_from_json(entry.value);
  if (!wanted) return tl::unexpected(wanted.error());
  if (wanted->id != entry.key)
    return fail(Code::badparam, "registry: the subscription's id is not the entry's key");
  if (auto status = validate(*wanted); !status) return tl::unexpected(status.error());
  std::optional<Subscription> before;
  if (current != nullptr) {
    auto parsed = subscription_from_json(current->value);
    if (!parsed) return tl::unexpected(parsed.error());
    if (same(*wanted, *parsed)) return Put{std::nullopt, current->revision};
    before = std::move(*parsed);
  }
  if ((current ? current->revision : 0) != entry.revision)
    return changed_meanwhile("subscription", entry.key, current ? current->revision : 0);
  if (wanted->state == SubscriptionState::ended) {
    if (!before) return fail(Code::notfound, "subscription " + entry.key + " is not there");
    return Put{end(*current, std::move(*before), reason, principal, sequence, now), sequence};
  }
  wanted->created = before ? before->created : now.wall;
  wanted->updated = now.wall;
  wanted->revision = sequence;
  wanted->since = before ? before->since : 0;
  const bool was_active = before && before->state != SubscriptionState::pending;
  if (!was_active && wanted->state == SubscriptionState::active) wanted->since = sequence;
  const auto what = before ? change_name(*before, *wanted) : "created";
  Change change{{entry.kind, entry.key, sequence, to_json(*wanted, true)},
                subscription_event(*wanted, what, principal, reason, now.wall)};
  store(change.row);
  keep_lease(wanted->id, wanted->expires, now);
  return Put{std::move(change), sequence};
}

Registry::Change Registry::end(const RegistryEntry& row, Subscription subscription,
                               std::string_view reason, std::string_view principal,
                               std::uint64_t sequence, Now now) {
  subscription.state = SubscriptionState::ended;
  subscription.reason = reason;
  subscription.updated = now.wall;
  subscription.revision = sequence;
  Change change{{row.kind, row.key, sequence, ""},
                subscription_event(subscription, "ended", principal, reason, now.wall)};
  erase(change.row.kind, change.row.key);
  return change;
}

Result<Registry::Change> Registry::remove(std::string_view kind, std::string_view key,
                                          std::uint64_t revision, std::string_view reason,
                                          std::string_view principal, std::uint64_t sequence,
                                          Now now) {
  const auto* current = find(kind, key);
  if (current == nullptr || kind == source_kind)
    return fail(Code::notfound, printable(kind.substr(0, 64)) + " " +
                                    printable(key.substr(0, key_length_max)) + " is not there");
  if (revision != 0 && revision != current->revision)
    return changed_meanwhile(kind, key, current->revision);
  if (kind == subscription_kind) {
    auto subscription = subscription_from_json(current->value);
    if (!subscription) return tl::unexpected(subscription.error());
    return end(*current, std::move(*subscription), reason, principal, sequence, now);
  }
  Change change{{current->kind, current->key, sequence, ""},
                entry_event(*current, "removed", principal, reason, now.wall)};
  erase(kind, key);
  return change;
}

std::optional<MonoTime> Registry::next_expiry() const {
  if (leases_.empty()) return std::nullopt;
  return leases_.begin()->first;
}

std::optional<Registry::Change> Registry::expire_one(std::uint64_t sequence, Now now) {
  while (!leases_.empty() && leases_.begin()->first <= now.mono) {
    const auto id = leases_.begin()->second;
    const auto* row = find(subscription_kind, id);
    auto subscription = row ? subscription_from_json(row->value) : fail(Code::notfound, "");
    if (subscription)
      return end(*row, std::move(*subscription), "expired", "broker", sequence, now);
    set_lease(id, std::nullopt);
  }
  return std::nullopt;
}

std::optional<RegistryEntry> Registry::note_source(std::string_view source) {
  if (find(source_kind, source) != nullptr) return std::nullopt;
  if (count(source_kind) >= limits_.sources_max) return std::nullopt;
  RegistryEntry row{std::string(source_kind), std::string(source), 0, "{}"};
  store(row);
  return row;
}

Result<RegistryEntry> Registry::get(std::string_view kind, std::string_view key) const {
  const auto* row = find(kind, key);
  if (row == nullptr)
    return fail(Code::notfound, printable(kind.substr(0, 64)) + " " +
                                    printable(key.substr(0, key_length_max)) + " is not there");
  return *row;
}

std::vector<RegistryEntry> Registry::list(std::string_view kind, std::string_view after,
                                          std::size_t limit) const {
  std::vector<RegistryEntry> entries;
  const auto rows = kinds_.find(kind);
  if (rows == kinds_.end()) return entries;
  for (auto row = rows->second.upper_bound(after);
       row != rows->second.end() && entries.size() < limit; ++row)
    entries.push_back(row->second);
  return entries;
}

std::size_t Registry::count(std::string_view kind) const {
  const auto rows = kinds_.find(kind);
  return rows == kinds_.end() ? 0 : rows->second.size();
}

void Registry::rollback() {
  while (!undo_.empty()) {
    auto& undo = undo_.back();
    if (undo.before)
      kinds_[undo.kind][undo.key] = std::move(*undo.before);
    else
      kinds_[undo.kind].erase(undo.key);
    if (undo.kind == subscription_kind) set_lease(undo.key, undo.lease);
    undo_.pop_back();
  }
}

}  // namespace sense
