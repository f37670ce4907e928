// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/registry.hpp"

#include <tuple>

#include "broker/registry/management_event.hpp"
#include "core/base/check.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense {

namespace {

constexpr std::string_view subscription_kind = "subscription";
constexpr std::string_view source_kind = "source";
constexpr std::string_view gateway_kind = "gateway";

// Whether the two are equal but for what the broker sets.
bool same(Subscription left, const Subscription& right) {
  left.revision = right.revision;
  left.since = right.since;
  left.updated = right.updated;
  left.created = right.created;
  return left == right;
}

std::string_view change_name(const Subscription& before, const Subscription& after) {
  using State = SubscriptionState;
  if (after.state == State::ended) return "ended";
  if (before.state == State::pending && after.state == State::active) return "verified";
  // The callback was changed and the new one is not verified yet.
  if (before.state != after.state && after.state == State::pending) return "edited";
  if (before.state != after.state)
    return after.state == State::paused      ? "paused"
           : after.state == State::suspended ? "suspended"
                                             : "resumed";
  auto renewed = before;
  renewed.expires = after.expires;
  renewed.period = after.period;
  return same(std::move(renewed), after) ? "renewed" : "edited";
}

MonoTime deadline_of(std::optional<WallTime> lease_end, Timestamp now) {
  return lease_end ? now.mono + (*lease_end - now.wall) : MonoTime::max();
}

// What the author decides holds where it owns the subscription, and where one with the right to
// list chooses the types. Otherwise it stays: a gateway that suspends a subscription decides
// nothing.
bool sees_own_only(const Subscription& wanted, const std::optional<Subscription>& before,
                   const Registry::Author& author) {
  if (!names_management(wanted)) return false;
  if (!author.lists) return true;
  const bool decides = !before || before->types != wanted.types || wanted.owner == author.principal;
  return !decides && before->own_only;
}

// An entry of a newer version is kept unchanged, since the effect of a change is unknown.
Result<Subscription> read_held(std::string_view key, std::string_view value) {
  auto subscription = subscription_from_json(value);
  if (subscription) return subscription;
  return fail(Code::notyetimplemented,
              "subscription " + printable(key) +
                  " is kept as it is and not served: this version cannot read it: " +
                  subscription.error().message);
}

tl::unexpected<Error> changed_meanwhile(std::string_view kind, std::string_view key,
                                        std::uint64_t current) {
  return fail(Code::badcontext, std::string(kind) + " " + printable(key) +
                                    " has been changed meanwhile (its revision is " +
                                    std::to_string(current) + "): read it again and repeat");
}

}  // namespace

Result<std::optional<SubscriptionHead>> head_of(const RegistryEntry& entry) {
  if (entry.kind != subscription_kind) return std::nullopt;
  auto head = peek_subscription(entry.value);
  if (!head) return tl::unexpected(head.error());
  return std::move(*head);
}

const Registry::Row* Registry::find(std::string_view kind, std::string_view key) const {
  const auto rows = kinds_.find(kind);
  if (rows == kinds_.end()) return nullptr;
  const auto row = rows->second.find(key);
  return row == rows->second.end() ? nullptr : &*row;
}

Registry::Bearer Registry::bearer_of(const Held& held) {
  return {held.owner == nullptr ? "" : *held.owner, held.account == nullptr ? "" : *held.account};
}

void Registry::set(std::string_view kind, std::string_view key, std::optional<Held> held,
                   const Bearer& bearer) {
  auto rows = kinds_.find(kind);
  if (rows == kinds_.end()) rows = kinds_.emplace(kind, Rows()).first;
  auto row = rows->second.lower_bound(key);
  const bool there = row != rows->second.end() && row->first == key;
  if (there && row->second.lease_end != never) leases_.erase({row->second.lease_end, &row->first});
  if (!held) {
    if (!there) return;
    clear_owner(*row);
    accounts_.remove(row->second.account);
    rows->second.erase(row);
    return;
  }
  held->owner = there ? row->second.owner : nullptr;
  held->account = accounts_.add(bearer.account);
  if (there) accounts_.remove(row->second.account);
  if (!there)
    row = rows->second.emplace_hint(row, key, std::move(*held));
  else
    row->second = std::move(*held);
  set_owner(*row, bearer.owner);
  if (row->second.lease_end != never) leases_.emplace(row->second.lease_end, &row->first);
}

// `owner` may be the present owner.
void Registry::set_owner(Row& row, std::string_view owner) {
  const auto* before = row.second.owner;
  if (before != nullptr ? *before == owner : owner.empty()) return;
  clear_owner(row);
  if (owner.empty()) return;
  auto of = owners_.find(owner);
  if (of == owners_.end()) of = owners_.emplace(owner, Owners::mapped_type()).first;
  of->second.insert(&row);
  row.second.owner = &of->first;
}

void Registry::clear_owner(Row& row) {
  if (row.second.owner == nullptr) return;
  const auto of = owners_.find(*row.second.owner);
  row.second.owner = nullptr;
  of->second.erase(&row);
  if (of->second.empty()) owners_.erase(of);
}

void Registry::hold(std::string_view kind, std::string_view key, std::optional<Held> held,
                    const Bearer& bearer) {
  const auto* before = find(kind, key);
  Undo undo{std::string(kind), std::string(key), std::nullopt, {}};
  if (before != nullptr) undo.before = before->second;
  if (before != nullptr) undo.bearer = bearer_of(before->second);
  undo_.push_back(std::move(undo));
  // From a copy: `key` may be a view into the row that set() removes.
  set(undo_.back().kind, undo_.back().key, std::move(held), bearer);
}

Status Registry::load(RegistryRow row, Timestamp now) {
  auto& entry = row.entry;
  if (entry.kind.empty() || entry.key.empty() || entry.value.empty())
    return fail(Code::system, "a row of the registry in the store is damaged and is not served: " +
                                  printable(entry.kind) + " " + printable(entry.key));
  if (!row.head) {
    auto read = head_of(entry);
    if (!read)
      return fail(read.error().code,
                  "subscription " + printable(entry.key) +
                      " in the store cannot be read and is not served: " + read.error().message);
    row.head = std::move(*read);
  }
  if (entry.kind == leader_kind) leaders_.hold(entry, now);
  Held held{entry.revision, std::move(entry.value)};
  if (row.head) held.lease_end = deadline_of(row.head->expires, now);
  Bearer bearer;
  if (row.head) bearer = {std::move(row.head->owner), std::move(row.account)};
  set(entry.kind, entry.key, std::move(held), bearer);
  return {};
}

Status Registry::check_limits(const RegistryEntry& entry, bool fresh) const {
  if (entry.key.empty() || entry.key.size() > key_length_max || !valid_utf8(entry.key) ||
      entry.key.find('\0') != std::string::npos)
    return fail(Code::badparam, "registry: a key has 1 to 256 octets of UTF-8 without NUL");
  if (entry.value.empty()) return fail(Code::badparam, "registry: a value must not be empty");
  if (entry.value.size() > value_length_max)
    return fail(Code::varvaltoobig, "registry: a value has at most 65536 octets");
  if (entry.kind != subscription_kind && entry.kind != gateway_kind && entry.kind != leader_kind)
    return fail(Code::badparam, "registry: kind '" + printable(entry.kind.substr(0, 64)) +
                                    "' cannot be written; kinds are subscription, gateway, leader");
  const auto max =
      entry.kind == subscription_kind ? limits_.subscriptions_max : limits_.gateways_max;
  if (fresh && count(entry.kind) >= max)
    return fail(Code::nomoreroom, "registry: there are " + std::to_string(max) + " of kind " +
                                      entry.kind + " already, which is the limit");
  return {};
}

Result<Registry::Put> Registry::put(const RegistryEntry& entry, std::string_view reason,
                                    const Author& author, std::uint64_t sequence, Timestamp now) {
  const auto* current = find(entry.kind, entry.key);
  if (auto status = check_limits(entry, current == nullptr); !status)
    return tl::unexpected(status.error());
  if (entry.kind == subscription_kind)
    return put_subscription(entry, current, reason, author, sequence, now);
  const auto revision = current ? current->second.revision : 0;
  if (entry.kind == leader_kind)
    if (auto status = check_leader(entry, current, now); !status)
      return tl::unexpected(status.error());
  if (current != nullptr && current->second.value == entry.value)
    return Put{std::nullopt, revision};
  if (revision != entry.revision) return changed_meanwhile(entry.kind, entry.key, revision);
  Change change{{entry, std::nullopt, 0},
                entry_event(entry, "changed", author.principal, reason, now.wall),
                std::nullopt};
  change.row.entry.revision = sequence;
  hold(entry.kind, entry.key, Held{sequence, entry.value});
  return Put{std::move(change), sequence};
}

Status Registry::check_leader(const RegistryEntry& entry, const Row* current, Timestamp now) {
  const auto held = current ? std::optional(entry_of(leader_kind, *current)) : std::nullopt;
  if (auto status = leaders_.check(entry, held ? &*held : nullptr, now); !status) return status;
  leaders_.hold(entry, now);
  return {};
}

Status Registry::check_account(const Account& account) const {
  if (accounts_.count(account.name) >= account.own_max)
    return fail(Code::nomoreroom, "this client has made " + std::to_string(account.own_max) +
                                      " subscriptions already (" + std::string(account.option) +
                                      "): end those that are not needed, or let their leases end");
  if (count(subscription_kind) >= account.all_max)
    return fail(Code::nomoreroom,
                "there are " + std::to_string(account.all_max) +
                    " subscriptions already: the rest of broker.subscriptions-max is for "
                    "principals, and for clients on the broker's machine");
  return {};
}

Result<Registry::Put> Registry::put_subscription(const RegistryEntry& entry, const Row* current,
                                                 std::string_view reason, const Author& author,
                                                 std::uint64_t sequence, Timestamp now) {
  auto wanted = subscription_from_json(entry.value);
  if (!wanted) return tl::unexpected(wanted.error());
  if (wanted->id != entry.key)
    return fail(Code::badparam, "registry: the subscription's id is not the entry's key");
  const auto revision = current ? current->second.revision : 0;
  std::optional<Subscription> before;
  if (current != nullptr) {
    auto parsed = read_held(entry.key, current->second.value);
    if (!parsed) return tl::unexpected(parsed.error());
    before = std::move(*parsed);
  }
  // Who may not read them writes a subscription back without them.
  if (before && wanted->secrets->current.empty())
    std::tie(wanted->secrets, wanted->websub) = std::tie(before->secrets, before->websub);
  wanted->own_only = sees_own_only(*wanted, before, author);
  if (before && same(*wanted, *before)) return Put{std::nullopt, revision};
  if (revision != entry.revision) return changed_meanwhile(subscription_kind, entry.key, revision);
  if (wanted->state == SubscriptionState::ended) {
    if (!before) return fail(Code::notfound, "subscription " + entry.key + " is not there");
    return Put{end(std::move(*before), reason, author.principal, sequence, now), sequence};
  }
  if (!before)
    if (auto status = check_account(author.account); !status) return tl::unexpected(status.error());
  wanted->created = before ? before->created : now.wall;
  wanted->updated = now.wall;
  wanted->revision = sequence;
  wanted->since = before ? before->since : 0;
  const bool was_active = before && before->state != SubscriptionState::pending;
  if (!was_active && wanted->state == SubscriptionState::active) wanted->since = sequence;
  const auto what = before ? change_name(*before, *wanted) : "created";
  auto value = to_json(*wanted, true);
  auto whole = whole_subscription_event(entry.key, value, author.principal, reason, now.wall);
  Change change{{{entry.kind, entry.key, sequence, std::move(value)},
                 SubscriptionHead{wanted->owner, wanted->expires},
                 revision,
                 author.account.name},
                subscription_event(*wanted, what, author.principal, reason, now.wall),
                std::move(whole)};
  // It stays with the account that made it; one from before accounts were stored is its changer's.
  if (current != nullptr && current->second.account != nullptr)
    change.row.account = *current->second.account;
  hold(entry.kind, entry.key,
       Held{sequence, change.row.entry.value, deadline_of(wanted->expires, now)},
       {wanted->owner, change.row.account});
  return Put{std::move(change), sequence};
}

Registry::Change Registry::end(Subscription subscription, std::string_view reason,
                               std::string_view principal, std::uint64_t sequence, Timestamp now) {
  const auto* held = find(subscription_kind, subscription.id);
  const auto before = held == nullptr ? 0 : held->second.revision;
  subscription.state = SubscriptionState::ended;
  subscription.reason = reason;
  subscription.updated = now.wall;
  subscription.revision = sequence;
  hold(subscription_kind, subscription.id, std::nullopt);
  return {{{std::string(subscription_kind), subscription.id, sequence, ""}, std::nullopt, before},
          subscription_event(subscription, "ended", principal, reason, now.wall),
          whole_subscription_event(subscription.id, to_json(subscription, false), principal, reason,
                                   now.wall)};
}

Result<Registry::Change> Registry::remove(std::string_view kind, std::string_view key,
                                          std::uint64_t revision, std::string_view reason,
                                          std::string_view principal, std::uint64_t sequence,
                                          Timestamp now) {
  const auto* current = find(kind, key);
  if (current == nullptr || kind == source_kind)
    return fail(Code::notfound, printable(kind.substr(0, 64)) + " " +
                                    printable(key.substr(0, key_length_max)) + " is not there");
  const auto& held = current->second;
  if (revision != 0 && revision != held.revision)
    return changed_meanwhile(kind, key, held.revision);
  if (kind == subscription_kind) {
    auto subscription = read_held(key, held.value);
    if (!subscription) return tl::unexpected(subscription.error());
    return end(std::move(*subscription), reason, principal, sequence, now);
  }
  const auto before = entry_of(kind, *current);
  // The entry is kept, since it tells the last leader, which alone has the newest state.
  if (kind == leader_kind) {
    leaders_.release(key);
    return Change{{before, std::nullopt, 0}, std::nullopt, std::nullopt};
  }
  hold(kind, key, std::nullopt);
  return Change{{{before.kind, before.key, sequence, ""}, std::nullopt, 0},
                entry_event(before, "removed", principal, reason, now.wall),
                std::nullopt};
}

std::optional<MonoTime> Registry::next_expiry() const {
  if (leases_.empty()) return std::nullopt;
  return leases_.begin()->first;
}

std::optional<Registry::Change> Registry::expire_one(std::uint64_t sequence, Timestamp now) {
  while (!leases_.empty() && leases_.begin()->first <= now.mono) {
    const auto* row = find(subscription_kind, *leases_.begin()->second);
    SENSE_CHECK(row != nullptr);
    auto subscription = read_held(row->first, row->second.value);
    if (subscription) return end(std::move(*subscription), "expired", "broker", sequence, now);
    log::warn("the lease of a subscription is over, and it cannot be ended",
              {{"reason", subscription.error().message}});
    auto kept = row->second;
    kept.lease_end = never;
    const auto bearer = bearer_of(kept);
    set(subscription_kind, row->first, std::move(kept), bearer);
  }
  return std::nullopt;
}

std::optional<RegistryRow> Registry::note_source(std::string_view source) {
  if (find(source_kind, source) != nullptr) return std::nullopt;
  if (count(source_kind) >= limits_.sources_max) return std::nullopt;
  hold(source_kind, source, Held{0, "{}"});
  return RegistryRow{{std::string(source_kind), std::string(source), 0, "{}"}, std::nullopt, 0};
}

Result<RegistryEntry> Registry::get(std::string_view kind, std::string_view key) const {
  const auto* row = find(kind, key);
  if (row == nullptr)
    return fail(Code::notfound, printable(kind.substr(0, 64)) + " " +
                                    printable(key.substr(0, key_length_max)) + " is not there");
  return entry_of(kind, *row);
}

std::vector<RegistryEntry> Registry::list(std::string_view kind, std::string_view after,
                                          std::size_t limit) const {
  std::vector<RegistryEntry> entries;
  const auto rows = kinds_.find(kind);
  if (rows == kinds_.end()) return entries;
  for (auto row = rows->second.upper_bound(after);
       row != rows->second.end() && entries.size() < limit; ++row)
    entries.push_back(entry_of(kind, *row));
  return entries;
}

std::vector<RegistryEntry> Registry::list_owned(std::string_view owner, std::string_view after,
                                                std::size_t limit) const {
  std::vector<RegistryEntry> entries;
  const auto of = owners_.find(owner);
  if (of == owners_.end()) return entries;
  for (auto row = of->second.upper_bound(after); row != of->second.end() && entries.size() < limit;
       ++row)
    entries.push_back(entry_of(subscription_kind, **row));
  return entries;
}

RegistryEntry Registry::entry_of(std::string_view kind, const Row& row) {
  return {std::string(kind), row.first, row.second.revision, row.second.value};
}

std::size_t Registry::count(std::string_view kind) const {
  const auto rows = kinds_.find(kind);
  return rows == kinds_.end() ? 0 : rows->second.size();
}

void Registry::rollback() {
  for (; !undo_.empty(); undo_.pop_back())
    set(undo_.back().kind, undo_.back().key, std::move(undo_.back().before), undo_.back().bearer);
}

}  // namespace sense
