// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.hpp"

namespace sense::http_poll {

// What happened to a resource, as the attribute `change` of its event says.
enum class Change : std::uint8_t { appeared = 0, changed = 1, vanished = 2 };

// What is known of a resource: its last event, and what a request for it may be made to depend on.
// A value; stored (store.hpp).
struct Known {
  std::uint64_t sequence = 0;  // of its last event; 0: there was none
  Change change = Change::appeared;
  std::string digest;  // of the content of that event
  // Whether the broker has that event for certain. If not, it is published again with its id when
  // the resource is still as it was then, and else the state that is found is published as another.
  bool acknowledged = true;
  WallTime time{};  // of that event
  // The validators of the content (RFC 9110 section 8.8), as the server sent them; empty: none.
  std::string etag;
  std::string last_modified;

  [[nodiscard]] bool there() const { return sequence != 0 && change != Change::vanished; }
  friend bool operator==(const Known&, const Known&) = default;
};

}  // namespace sense::http_poll
