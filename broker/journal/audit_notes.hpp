// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "broker/audit/audit_trail.hpp"
#include "broker/journal/request.hpp"
#include "core/base/clock.hpp"

namespace sense {

// What the commit loop tells the audit trail of its requests. A refusal is told when it is one of
// rights or of room; others are the client's mistakes. Without a trail nothing is told. One thread.
class AuditNotes {
 public:
  // Null: there is no trail. It must outlive this.
  explicit AuditNotes(AuditTrail* trail) : trail_(trail) {}

  // A request as a whole. `hidden`: it was answered NOTFOUND, for what may not be seen.
  void refused(const Incoming& incoming, const Error& error, bool hidden, MonoTime now) const;
  // The event with that index in a PUBLISH.
  void event_refused(const Incoming& incoming, std::size_t index, std::string_view type,
                     const Error& error, MonoTime now) const;
  // A change of the registry; void when the group is not stored.
  void changed(const Incoming& incoming, MonoTime now) const;
  // An accepted event, if gateways act on it for all owners; likewise.
  void accepted(const Incoming& incoming, const Sender& sender, std::size_t index,
                std::string_view type, MonoTime now) const;

  // As AuditTrail has them.
  [[nodiscard]] std::vector<Event> due(Timestamp now) const;
  void stored() const;
  void undone(MonoTime now) const;

 private:
  void add_refused(AuditEntry entry, const Error& error) const;
  void add_changed(AuditEntry entry, std::string_view reason) const;

  AuditTrail* trail_;
};

}  // namespace sense
