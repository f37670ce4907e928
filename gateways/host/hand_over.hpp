#pragma once

#include "core/subscription/test_event.hpp"
#include "gateways/host/engine.hpp"

namespace sense {

// Gives the engine the next event. It looks for who may want one by type; a test is for a
// subscription that asks for other types, which therefore asks for that of tests, too, as long as
// this takes.
inline void hand_over(Engine& engine, const EventRef& event, Now now) {
  const auto addressed = is_test(event->type) ? engine.find(event->subject) : nullptr;
  if (!addressed || addressed->types.empty()) return engine.on_event(event, now);
  auto widened = *addressed;
  widened.types.push_back(*TypePattern::parse(test_type));
  engine.put(std::make_shared<const Subscription>(std::move(widened)), now);
  engine.on_event(event, now);
  engine.put(addressed, now);
}

}  // namespace sense
