// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "core/admin/admin_listener.hpp"
#include "core/sense/shared_keys.hpp"
#include "gateways/host/host.hpp"

namespace sense {

std::span<const Option> gateway_host_options() {
  static constexpr std::array<Option, 25> table = {{
      {"lease-max", OptionType::duration, "7d",
       "The longest lease that this gateway grants; a longer request is reduced to this.", 1,
       31'536'000},
      {"checkpoint-interval", OptionType::duration, "500ms",
       "How often a checkpoint is stored; a crash repeats at most two intervals of deliveries.", 0,
       10},
      {"bus-waiting-max", OptionType::integer, "100000",
       "How many events published here may wait for the broker.", 1, 10'000'000},
      {"topics-max", OptionType::integer, "1000",
       "With more types subscribed to than this, the gateway takes all events from the bus.", 1,
       10'000},
      {"verified-memory", OptionType::duration, "30d",
       "How long a verified callback is not verified again for the same owner; 0s: always "
       "verified.",
       0, 315'360'000},
      {"verify-span", OptionType::duration, "1h",
       "A callback that cannot be verified is asked again after a sixtieth, a sixth and the whole "
       "of this time; then its subscription ends.",
       0, 2'592'000},
      {"verifications-per-address-hour", OptionType::integer, "10",
       "Verifications that one host or mailbox is asked in an hour; those that it agrees to are "
       "not "
       "counted. 0: any number.",
       0, 1'000'000},
      {"verifications-per-address-day", OptionType::integer, "30", "As above, in a day.", 0,
       1'000'000},
      {"verifications-per-owner-hour", OptionType::integer, "500",
       "Verifications in an hour for subscriptions of one owner; those that were agreed to are not "
       "counted. 0: any number.",
       0, 1'000'000},
      {"verifications-per-owner-day", OptionType::integer, "2000", "As above, in a day.", 0,
       1'000'000},
      {"verifications-hour", OptionType::integer, "2000",
       "Verifications in an hour, all together; those that were agreed to are not counted. 0: any "
       "number.",
       0, 1'000'000},
      {"verifications-day", OptionType::integer, "10000", "As above, in a day.", 0, 1'000'000},
      {"suspend-after", OptionType::integer, "20",
       "After so many failures in a row, over `suspend-over`, a callback is only probed; 0: never.",
       0, 1000},
      {"suspend-over", OptionType::duration, "1h",
       "How long a callback must have failed before its subscription is suspended.", 0, 604'800},
      {"backlog-max", OptionType::integer, "100000",
       "How many deliveries of a subscription may be pending; further events are dead letters.", 1,
       10'000'000},
      {"waiting-per-owner-max", OptionType::integer, "1000000",
       "How many deliveries of all subscriptions of one owner may be pending; further events are "
       "dead letters. 0: any number.",
       0, 1'000'000'000},
      {"waiting-size-per-owner", OptionType::size, "4GiB",
       "How many octets the data of their events may have; 0: any number.", 0,
       std::int64_t{1} << 50},
      {"filter-steps-per-owner", OptionType::integer, "250000",
       "How many steps the filters of one owner may take for each event, on average; a "
       "subscription "
       "whose filter takes more is suspended. 0: any number.",
       0, 1'000'000'000},
      {"endpoints-per-owner-max", OptionType::integer, "2500",
       "How many different callbacks one owner may have here; 0: any number.", 0, 10'000'000},
      {"feeds-max", OptionType::integer, "20000",
       "How many clients may be asking for events at once (callback pull:, and streams).", 1,
       1'000'000},
      {"feeds-per-owner-max", OptionType::integer, "10000", "As above, of one owner.", 1,
       1'000'000},
      {"delivery-log-attempts", OptionType::integer, "50",
       "How many attempts of each subscription are remembered for its owner, in memory; 0: none.",
       0, 1000},
      {"delivery-log-size", OptionType::size, "16MiB",
       "How many octets they may take in all; then the oldest are forgotten.", 0,
       std::int64_t{1} << 40},
      Option{"pair-key", OptionType::path, "",
             "The file with the key (`sense keys shared`) that the gateways of this kind share: "
             "what is "
             "not signed with it is not taken for the store of the one that leads. Empty: the "
             "broker's "
             "access file alone says who may publish that.",
             0, 0, nullptr, /*secret=*/true}
          .checked(checked_by<datagram::read_shared_key>),
      admin_option,
  }};
  return table;
}

}  // namespace sense
