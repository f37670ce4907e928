// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/event/event.hpp"

// How the store of a leading gateway gets into those of its standbys: as events of namespace
// urn:sense:gateway in the broker's journal, which delivers them once, in order, to who was away
// too. A stream is one copy of the whole, then what has changed, again and again. Pure.
namespace sense {

struct CopyPart {
  static constexpr std::size_t octets_max = 512 * 1024;

  std::string kind;  // of gateway
  std::uint64_t token = 0;
  std::string stream;
  std::uint64_t number = 0;  // 1, 2, 3 ... in its stream
  bool changes = false;      // no longer the copy of the whole
  bool last = false;         // of the copy, or of these changes
};

// The event's data are the octets.
[[nodiscard]] Event to_event(const CopyPart& part, const std::string& gateway, std::string octets,
                             WallTime now);
// Nothing when it is no such event, says nonsense, or its octets are not those that were sent.
[[nodiscard]] std::optional<CopyPart> copy_part(const Event& event);

// What a standby says from time to time: that it is there, and which stream it follows without a
// gap. Empty: none.
struct StandbyWord {
  std::string gateway;
  std::string kind;
  std::string stream;
};
[[nodiscard]] Event to_event(const StandbyWord& word, WallTime now);
[[nodiscard]] std::optional<StandbyWord> standby_word(const Event& event);

inline constexpr std::string_view standby_word_type = "{urn:sense:gateway}standby";

}  // namespace sense
