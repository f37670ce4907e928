// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "broker/broker.hpp"
#include "core/admin/admin_listener.hpp"

namespace sense {

std::span<const Option> broker_options() {
  static constexpr std::array<Option, 25> table = {{
      {"retention-age", OptionType::duration, "7d", "Events older than this leave the journal.", 60,
       315'360'000},
      {"retention-size", OptionType::size, "10GiB",
       "When the journal holds more than this, its oldest events leave.", 1'048'576,
       std::int64_t{1} << 50},
      {"retention-count", OptionType::integer, "0",
       "When the journal holds more events than this, its oldest leave; 0: no limit.", 0,
       std::int64_t{1} << 50},
      {"deduplication-window", OptionType::duration, "10min",
       "An event that is published again within this time is stored once.", 1, 86'400,
       "repeat-window"},
      {"deduplication-ids-max", OptionType::integer, "1000000",
       "How many event ids are remembered for deduplication at most.", 1'000, 100'000'000,
       "repeat-ids-max"},
      {"subscriptions-max", OptionType::integer, "1000000", "How many subscriptions there may be.",
       1, 10'000'000},
      {"subscriptions-per-principal-max", OptionType::integer, "10000",
       "How many subscriptions one principal may have made; those that may manage any number.", 1,
       10'000'000},
      {"subscriptions-per-address-max", OptionType::integer, "2500",
       "The same for the clients of one address of another machine that have proved nothing; "
       "those of all addresses together leave an eighth of `subscriptions-max`.",
       1, 10'000'000},
      {"sources-max", OptionType::integer, "100000",
       "How many sources of events are listed; events of further ones are accepted, too.", 0,
       10'000'000},
      {"types-max", OptionType::integer, "10000",
       "How many types of events are listed; events of further ones are accepted, too.", 0,
       1'000'000},
      {"requests-per-client-max", OptionType::integer, "256",
       "How many requests of one client may wait for an answer.", 1, 10'000},
      {"reads-per-principal-max", OptionType::integer, "4096",
       "How many FETCH, HEAD and LIST requests of one principal may wait for their turn; further "
       "ones are refused.",
       1, 1'000'000},
      {"reads-size-per-principal", OptionType::size, "32MiB",
       "How many octets those of one principal may have.", 1'048'576, std::int64_t{1} << 36},
      {"reads-size", OptionType::size, "256MiB",
       "How many octets those of all principals may have; one of each principal may always wait.",
       1'048'576, std::int64_t{1} << 36},
      {"answers-size-per-client", OptionType::size, "16MiB",
       "How many octets of answers that one client has not taken the broker holds: FETCH and LIST "
       "wait at half of it, other requests are refused at all of it.",
       1'048'576, std::int64_t{1} << 36},
      {"answers-size-per-principal", OptionType::size, "32MiB",
       "The same for the FETCH and LIST of one principal: beyond it, each client has one small "
       "answer at a time.",
       1'048'576, std::int64_t{1} << 36},
      {"answers-size", OptionType::size, "256MiB", "The same for those of all principals.",
       1'048'576, std::int64_t{1} << 36},
      {"waiting-size", OptionType::size, "256MiB",
       "How many octets of requests may wait to be stored; further ones are refused.", 1'048'576,
       std::int64_t{1} << 36},
      {"rate-per-principal-max", OptionType::integer, "0",
       "How many events one principal, or one address of clients that have proved nothing, may "
       "publish in a second, with bursts of as many; 0: no limit.",
       0, 100'000'000},
      {"audit-rate-per-principal-max", OptionType::integer, "10",
       "How many audit events of one kind one principal may cause in a second; further ones are "
       "counted.",
       1, 100'000},
      {"audit-rate-max", OptionType::integer, "100", "The same for all principals together.", 1,
       100'000},
      {"prefixes-per-principal-max", OptionType::integer, "20000",
       "How many subscriptions to the live stream one principal may have at once; those that come "
       "through ipc:// may have any number.",
       100, 10'000'000},
      {"key-file", OptionType::path, "",
       "The broker's key pair; tcp:// needs it (`sense keys new broker`)."},
      {"access-file", OptionType::path, "",
       "The access file: the principals of the bus, their keys and rights (docs/security.md). Its "
       "changes take effect while the broker runs; empty: no key is accepted.",
       0, 0, "allow-file"},
      admin_option,
  }};
  return table;
}

}  // namespace sense
