// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"

// Events for a client that comes and asks: of a subscription with the callback "pull:", or of a
// selection that is stored nowhere. What waits for the client stands in the journal alone.
namespace sense {

// How far a client has come: that many items of its feed, the last of them with that sequence.
struct FeedPosition {
  std::uint64_t number = 0;    // 0 in a feed of no subscription, whose items have none
  std::uint64_t sequence = 0;  // 0: not known, only the number counts

  friend bool operator==(const FeedPosition&, const FeedPosition&) = default;
};

// An event, or a gap: events that will never be handed out. A value.
struct FeedItem {
  std::uint64_t number = 0;       // within the subscription
  std::uint64_t number_last = 0;  // of a gap; else as `number`
  std::uint64_t sequence = 0;     // of the event; of a gap the last that it concerns
  EventRef event;                 // null: a gap
  std::string reason;             // of a gap: "expired", "acknowledged", "retention" (the journal
                                  // does not hold them any more; how many is not known)
};

// What a feed is to hand out.
struct FeedRequest {
  SubscriptionRef subscription;  // without an id: a selection of the client
  ServedClient client;           // the rights of a selection
  // Absent: of a subscription behind what is acknowledged; of a selection from now on.
  std::optional<FeedPosition> after = std::nullopt;
};

// An open feed; its owner's, and closed by its end. Reactor thread only, also within its handler.
class Feed {
 public:
  virtual ~Feed() = default;
  // The handler may be called with so many items more. Until then it is not, and an open feed costs
  // a few hundred octets.
  virtual void want(std::size_t items) = 0;
  // Nothing is wanted any more, for now.
  virtual void pause() = 0;
};

// Opens feeds. Reactor thread only.
class Feeds {
 public:
  // The subscription has ended, is another's or is not served here, or the request is wrong:
  // nothing follows.
  using Ended = Error;
  // Called later, any number of times: items in the order of their numbers, about as many as are
  // wanted at most; none when the end of the journal is reached without any; or the end.
  using Handler = std::function<void(const std::variant<std::vector<FeedItem>, Ended>&)>;
  virtual ~Feeds() = default;

  // Fails with nomoreroom when too many feeds are open, of all clients or of one owner. With
  // `after`, all up to there is acknowledged: the next feed begins behind it.
  [[nodiscard]] virtual Result<std::unique_ptr<Feed>> open(FeedRequest request,
                                                           Handler handler) = 0;
};

}  // namespace sense
