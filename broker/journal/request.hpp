// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/security/rights.hpp"
#include "core/bus/protocol.hpp"

namespace sense {

// A request on its way through the broker. The octets stay where they are: `request` points into
// them.
struct Incoming {
  std::string peer;       // ZeroMQ routing id; empty: nobody waits for an answer (plain PUB)
  std::string principal;  // as authenticated
  RightsRef rights = Rights::all();  // the principal's; the broker's own doing may do everything
  std::string topic;                 // of a plain PUB: must be the event's own
  std::string octets;
  bus::Request request;
};
using IncomingRef = std::unique_ptr<Incoming>;

// What the network thread is to send.
struct Outgoing {
  struct Answer {
    std::string peer;
    std::string octets;
  };
  // A run of neighbouring records with one topic.
  struct Publication {
    std::string topic;
    std::size_t from = 0;  // in `records`
    std::size_t length = 0;
  };
  std::vector<Answer> answers;
  std::string records;                    // of the group, one behind the other
  std::vector<Publication> publications;  // in order
  [[nodiscard]] std::string_view octets_of(const Publication& publication) const {
    return std::string_view(records).substr(publication.from, publication.length);
  }
  std::string mark;        // behind the publications; empty: none
  std::uint64_t head = 0;  // with a mark
};

}  // namespace sense
