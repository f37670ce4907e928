// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>

#include "core/event/event.hpp"

namespace sense::bus {

// An event as the journal has it.
[[nodiscard]] inline EventRef sequenced_event(std::uint64_t sequence, const std::string& type) {
  Event event;
  event.id = "e" + std::to_string(sequence);
  event.type = *QName::parse(type);
  event.source = "//test/source";
  event.sequence = sequence;
  return std::make_shared<const Event>(std::move(event));
}

}  // namespace sense::bus
