#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/access.hpp"
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
  struct Publication {
    std::string topic;
    std::string octets;
  };
  std::vector<Answer> answers;
  std::vector<Publication> publications;  // in order
  std::string mark;                       // behind the publications; empty: none
  std::uint64_t head = 0;                 // with a mark
};

}  // namespace sense
