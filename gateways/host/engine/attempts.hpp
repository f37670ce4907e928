// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace sense {

// Numbers of attempts that are under way, and whose they are. A ticket is good once: after close()
// its number means nothing, also when the place is given again.
class Tickets {
 public:
  struct Holder {
    std::uint32_t lane = 0;
    std::uint64_t key = 0;
  };
  [[nodiscard]] std::uint64_t open(Holder holder) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const auto place = free_.back();
    free_.pop_back();
    places_[place].holder = holder;
    return std::uint64_t{++places_[place].turn} << 32U | place;  // odd: open
  }
  // Null when it was closed, or never opened.
  [[nodiscard]] const Holder* find(std::uint64_t ticket) const {
    const auto place = static_cast<std::uint32_t>(ticket);
    const auto turn = static_cast<std::uint32_t>(ticket >> 32U);
    const bool open = turn % 2 == 1 && place < places_.size() && places_[place].turn == turn;
    return open ? &places_[place].holder : nullptr;
  }
  // False when it was not open.
  bool close(std::uint64_t ticket) {
    if (find(ticket) == nullptr) return false;
    const auto place = static_cast<std::uint32_t>(ticket);
    ++places_[place].turn;
    free_.push_back(place);
    return true;
  }

 private:
  struct Place {
    Holder holder;
    std::uint32_t turn = 0;
  };
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace sense
