// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gateways/api/feeds.hpp"

namespace sense {

// Numbers what one feed hands out, from a position in the journal on: parts of the journal and
// events behind them go in, items come out. The same position gives the same numbers again while
// the selection is the same. Pure; one thread.
class FeedReader {
 public:
  // Whether an event is selected; absent: the filter's steps are used up.
  using Select = std::function<std::optional<bool>(const Event&)>;
  using Items = std::vector<FeedItem>;

  // `from`: what was acknowledged. `asked`: what the client says that it has; items up to there are
  // not handed out.
  FeedReader(FeedPosition from, std::optional<FeedPosition> asked);

  // Takes a part of the journal that begins behind position(). Stops after `most` items. Absent: as
  // with `select`.
  [[nodiscard]] std::optional<Items> read(const Bus::FetchReply& part, std::size_t most,
                                          std::optional<Duration> expiry, WallTime now,
                                          const Select& select);

  // The last sequence that was looked at.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  // The whole of the last part was looked at, and it was the end of the journal.
  [[nodiscard]] bool at_end() const { return at_end_; }
  // What the client has said is behind it, once it is found.
  [[nodiscard]] std::optional<FeedPosition> acknowledged() const { return acknowledged_; }
  // At the end of the journal: the client says that it has items that there are not.
  [[nodiscard]] bool asked_too_much() const { return number_ < skip_to_; }

 private:
  void add(FeedItem item, Items& items);
  void add_gap(std::uint64_t count, std::uint64_t sequence, const char* reason, Items& items);

  std::uint64_t number_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t skip_to_ = 0;
  std::uint64_t missing_from_ = 0;  // to number_: acknowledged, and asked for again
  bool at_end_ = false;
  std::optional<FeedPosition> acknowledged_;
};

}  // namespace sense
