// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/gateway_context.hpp"

namespace sense {

EventLoader events_by_sequence(JournalReader& bus) {
  return [&bus](std::uint64_t sequence, std::function<void(Result<EventRef>)> done) {
    // A bound of one octet is one event: the broker ends a reply with the first event that reaches
    // the bound.
    bus.fetch(sequence, {"{"}, 1,
              [sequence, done = std::move(done)](const Result<Bus::FetchReply>& reply) {
                if (!reply) return done(tl::unexpected(reply.error()));
                for (const auto& event : reply->events)
                  if (event->sequence == sequence) return done(event);
                done(fail(Code::notfound, "the journal does not hold event " +
                                              std::to_string(sequence) + " (any more)"));
              });
  };
}

std::vector<std::pair<std::string, std::string>> shown_parameters(const Settings& host,
                                                                  const Settings& plugin) {
  auto shown = host.shown();
  for (auto& own : plugin.shown()) shown.push_back(std::move(own));
  return shown;
}

}  // namespace sense
