#include <array>

#include "broker/broker.hpp"

namespace sense {

std::span<const Option> broker_options() {
  static constexpr std::array<Option, 9> table = {{
      {"retention-age", OptionType::duration, "7d", "Events older than this leave the journal.", 60,
       315'360'000},
      {"retention-size", OptionType::size, "10GiB",
       "When the journal holds more than this, its oldest events leave.", 1'048'576,
       std::int64_t{1} << 50},
      {"retention-count", OptionType::integer, "0",
       "When the journal holds more events than this, its oldest leave; 0: no limit.", 0,
       std::int64_t{1} << 50},
      {"repeat-window", OptionType::duration, "10min",
       "An event that is published again within this time is stored once.", 1, 86'400},
      {"repeat-ids-max", OptionType::integer, "1000000",
       "How many event ids are remembered for that at most.", 1'000, 100'000'000},
      {"subscriptions-max", OptionType::integer, "1000000", "How many subscriptions there may be.",
       1, 10'000'000},
      {"sources-max", OptionType::integer, "100000",
       "How many sources of events are listed; events of further ones are taken in all the same.",
       0, 10'000'000},
      {"requests-per-client-max", OptionType::integer, "64",
       "How many requests of one client may wait for an answer.", 1, 10'000},
      {"waiting-size", OptionType::size, "256MiB",
       "How many octets of requests may wait to be stored; further ones are refused.", 1'048'576,
       std::int64_t{1} << 36},
  }};
  return table;
}

}  // namespace sense
