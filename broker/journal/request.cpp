// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/request.hpp"

namespace sense {

Outgoing::Answer make_answer(Incoming& incoming, const bus::Reply& reply) {
  Outgoing::Answer answer{incoming.peer, incoming.request.id,
                          bus::encode(reply, incoming.request.operation), std::move(incoming.hold)};
  answer.hold.resize(answer.octets.size());
  return answer;
}

Outgoing::Answer make_refusal(Incoming& incoming, const Error& error) {
  bus::Reply reply;
  reply.id = incoming.request.id;
  reply.code = error.code;
  reply.reason = error.message;
  return make_answer(incoming, reply);
}

AuditEntry audit_entry(AuditEntry::Kind kind, const Incoming& incoming, const Sender& sender,
                       const bus::OnBehalf& client) {
  AuditEntry entry;
  entry.kind = kind;
  entry.principal = sender.principal;
  entry.via = sender.via;
  entry.gateway = client.gateway;
  entry.peer = client.peer.empty() ? incoming.address : client.peer;
  entry.operation = bus::to_text(incoming.request.operation);
  entry.entry = incoming.request.kind;
  entry.key = incoming.request.key;
  return entry;
}

AuditEntry audit_entry(AuditEntry::Kind kind, const Incoming& incoming) {
  return audit_entry(kind, incoming, incoming, incoming.request.client);
}

}  // namespace sense
