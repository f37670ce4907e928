// SPDX-License-Identifier: Apache-2.0
#include "broker/audit/audit_trail.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::size_t text_shown_max = 512;
constexpr std::array<std::string_view, 2> kind_names = {"refused", "changed"};
constexpr std::array<std::string_view, 2> kind_counters = {"broker.audit.refused",
                                                           "broker.audit.changed"};

std::string_view name_of(AuditEntry::Kind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::string data_of(const AuditEntry& entry) {
  JsonObject data;
  const auto put = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) data.put(name, printable(text.substr(0, text_shown_max)));
  };
  put("principal", entry.principal);
  put("via", entry.via);
  put("gateway", entry.gateway);
  put("peer", entry.peer);
  put("operation", entry.operation);
  put("kind", entry.entry);
  put("key", entry.key);
  put("type", entry.type);
  if (entry.code != Code::noerror) put("code", std::string(symbol(entry.code)));
  put("reason", entry.reason);
  if (entry.left_out != 0) data.put("left-out", entry.left_out);
  return data.take();
}

Event event_of(const AuditEntry& entry, WallTime now) {
  Event event;
  event.id = make_ulid(now);
  event.type = *QName::make(audit_namespace, name_of(entry.kind));
  event.source = "/sense/broker";
  event.subject = entry.principal;
  event.time = now;
  event.datacontenttype = "application/json";
  event.data = data_of(entry);
  return event;
}

}  // namespace

AuditTrail::AuditTrail(Limits limits, Counters& counters) : limits_(limits), counters_(counters) {}

bool AuditTrail::has_room(OfKind& kind, std::string_view principal, MonoTime now) {
  if (now - kind.second >= std::chrono::seconds{1}) {
    kind.second = now;
    kind.taken.clear();
    kind.taken_in_all = 0;
  }
  if (waiting_.size() >= waiting_max || kind.taken_in_all >= limits_.in_all) return false;
  // No more names are kept than entries are taken.
  auto found = kind.taken.find(principal);
  if (found == kind.taken.end()) found = kind.taken.emplace(principal, 0).first;
  if (found->second >= limits_.per_principal) return false;
  ++found->second;
  ++kind.taken_in_all;
  return true;
}

bool AuditTrail::takes(AuditEntry::Kind kind, std::string_view principal, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (has_room(of(kind), principal, now)) return true;
  ++of(kind).left_out;
  ++counters_["broker.audit.left-out"];
  return false;
}

void AuditTrail::add(AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  ++counters_[kind_counters[static_cast<std::size_t>(entry.kind)]];
  entry.left_out += std::exchange(of(entry.kind).left_out, 0);
  waiting_.push_back(std::move(entry));
}

void AuditTrail::leave_out(AuditEntry::Kind kind, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  of(kind).left_out += count;
}

std::vector<Event> AuditTrail::due(Timestamp now) {
  std::vector<Event> events;
  const std::lock_guard lock(mutex_);
  if (now.mono < silent_until_) return events;
  offered_ = std::min(waiting_.size(), due_max);
  events.reserve(offered_);
  for (std::size_t i = 0; i < offered_; ++i) events.push_back(event_of(waiting_[i], now.wall));
  return events;
}

void AuditTrail::stored() {
  const std::lock_guard lock(mutex_);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(offered_));
  offered_ = 0;
  // Those that had no room in the group are true now.
  for (auto& entry : waiting_) entry.with_group = false;
}

void AuditTrail::undone(MonoTime now) {
  const std::lock_guard lock(mutex_);
  offered_ = 0;
  silent_until_ = now + silence;
  for (const auto& entry : waiting_)
    if (entry.with_group) of(entry.kind).left_out += entry.left_out;
  std::erase_if(waiting_, [](const AuditEntry& entry) { return entry.with_group; });
}

}  // namespace sense
