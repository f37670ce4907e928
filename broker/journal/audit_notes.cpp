// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/audit_notes.hpp"

namespace sense {

namespace {

using AuditKind = AuditEntry::Kind;

bool is_told(const Error& error) {
  return error.code == Code::noaccess || error.code == Code::nomoreroom;
}

bool is_order(std::string_view type) {
  return type == "{urn:sense:management}dead-letters-redrive" ||
         type == "{urn:sense:management}dead-letters-purge";
}

}  // namespace

void AuditNotes::add_refused(AuditEntry entry, const Error& error) const {
  entry.code = error.code;
  entry.reason = error.message;
  trail_->add(std::move(entry));
}

void AuditNotes::add_changed(AuditEntry entry, std::string_view reason) const {
  entry.reason = reason;
  entry.with_group = true;
  trail_->add(std::move(entry));
}

void AuditNotes::refused(const Incoming& incoming, const Error& error, bool hidden,
                         MonoTime now) const {
  const bool hides = hidden && error.code == Code::notfound;
  if (trail_ == nullptr || !(hides || is_told(error))) return;
  if (!trail_->takes(AuditKind::refused, incoming.principal, now)) return;
  add_refused(audit_entry(AuditKind::refused, incoming),
              {hides ? Code::noaccess : error.code, error.message});
}

void AuditNotes::event_refused(const Incoming& incoming, std::size_t index, std::string_view type,
                               const Error& error, MonoTime now) const {
  if (trail_ == nullptr || !is_told(error)) return;
  // Without a sender, the gateway may not speak for the client that it names.
  const bool known = !incoming.senders.empty() && incoming.senders[index].has_value();
  const Sender& sender = known ? **incoming.senders[index] : incoming;
  if (!trail_->takes(AuditKind::refused, sender.principal, now)) return;
  auto entry =
      audit_entry(AuditKind::refused, incoming, sender, incoming.request.events[index].client);
  entry.type = type;
  add_refused(std::move(entry), error);
}

void AuditNotes::changed(const Incoming& incoming, MonoTime now) const {
  if (trail_ == nullptr || !trail_->takes(AuditKind::changed, incoming.principal, now)) return;
  add_changed(audit_entry(AuditKind::changed, incoming), incoming.request.reason);
}

void AuditNotes::accepted(const Incoming& incoming, const Sender& sender, std::size_t index,
                          std::string_view type, MonoTime now) const {
  if (trail_ == nullptr || !is_order(type)) return;
  if (!trail_->takes(AuditKind::changed, sender.principal, now)) return;
  auto entry =
      audit_entry(AuditKind::changed, incoming, sender, incoming.request.events[index].client);
  entry.type = type;
  add_changed(std::move(entry), {});
}

std::vector<Event> AuditNotes::due(Timestamp now) const {
  return trail_ == nullptr ? std::vector<Event>() : trail_->due(now);
}

void AuditNotes::stored() const {
  if (trail_ != nullptr) trail_->stored();
}

void AuditNotes::undone(MonoTime now) const {
  if (trail_ != nullptr) trail_->undone(now);
}

}  // namespace sense
