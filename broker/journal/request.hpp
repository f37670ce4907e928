// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/audit/audit_trail.hpp"
#include "broker/journal/answer_budget.hpp"
#include "broker/security/sender.hpp"
#include "core/bus/protocol.hpp"

namespace sense {

// A request under processing in the broker; the loop that has it owns it. `request` holds views
// into `octets`, which must not be changed.
struct Incoming : Sender {
  std::string peer;     // ZeroMQ routing id; empty: no reply is expected (plain PUB)
  std::string address;  // of the connection; empty: unknown
  std::string topic;    // of a plain PUB: must be that of the event
  // Whose each event is, or why it is refused; empty: all are of the request's sender.
  std::vector<Result<SenderRef>> senders;
  std::string octets;
  MonoTime received{};
  bus::Request request;
  // The access file as it was then; null: it is the broker's own.
  std::shared_ptr<const AccessList> access;
  AnswerBudget::Hold hold;  // reserved for the answer; none: it is not bounded further
};
// A request is passed from loop to loop, never copied or moved, so that its views stay valid.
using IncomingRef = std::unique_ptr<Incoming>;

// The messages that the network thread sends, after what they tell is on stable storage.
struct Outgoing {
  // The encoded reply to the client with this routing id.
  struct Answer {
    std::string peer;
    std::uint64_t id = 0;  // of the request
    std::string octets;
    AnswerBudget::Hold hold = {};  // of these octets; none when nothing was reserved
  };
  // Consecutive records of one topic.
  struct Publication {
    std::string topic;
    std::size_t from = 0;  // in `records`
    std::size_t length = 0;
  };
  std::vector<Answer> answers;
  std::string records;                    // of the group, concatenated
  std::vector<Publication> publications;  // in order
  [[nodiscard]] std::string_view octets_of(const Publication& publication) const {
    return std::string_view(records).substr(publication.from, publication.length);
  }
  std::string watermark;   // the commit watermark, sent behind the publications; empty: none
  std::uint64_t head = 0;  // with a watermark
};

// The answer to a request, with what was reserved for it.
[[nodiscard]] Outgoing::Answer make_answer(Incoming& incoming, const bus::Reply& reply);
[[nodiscard]] Outgoing::Answer make_refusal(Incoming& incoming, const Error& error);

// What the audit trail says of a request of that client, or of an event in it.
[[nodiscard]] AuditEntry audit_entry(AuditEntry::Kind kind, const Incoming& incoming,
                                     const Sender& sender, const bus::OnBehalf& client);
// The same of the request as a whole.
[[nodiscard]] AuditEntry audit_entry(AuditEntry::Kind kind, const Incoming& incoming);

}  // namespace sense
