// SPDX-License-Identifier: Apache-2.0
// What a gateway's store keeps through a power cut, since the journal would not repeat it alike.
#include <boost/test/unit_test.hpp>

#include "gateways/host/store/gateway_store.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/simulation/simulated_disk.hpp"

using namespace sense;
using simulation::SimulatedDisk;

namespace {

constexpr Timestamp stored_at{WallTime{std::chrono::seconds{1'700'000'000}}, MonoTime{}};

// The store's position behind a power cut that came behind these checkpoints.
std::optional<std::uint64_t> position_after(
    std::uint64_t seed,
    const std::vector<std::pair<Engine::Checkpoint, DeadLetterChanges>>& checkpoints) {
  const TemporaryFolder folder;
  const SimulatedDisk disk(folder.path(), seed);
  {
    auto store = GatewayStore::open(folder.path());
    BOOST_REQUIRE(store.has_value());
    std::uint64_t position = 0;
    for (const auto& [checkpoint, changes] : checkpoints)
      BOOST_REQUIRE(store->save(++position, checkpoint, {}, stored_at, changes));
    SimulatedDisk::crash(folder.path(), SimulatedDisk::Crash::power);
  }
  auto store = GatewayStore::open(folder.path());
  BOOST_REQUIRE(store.has_value());
  return store->position().value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_store_power_tests)

// Without it the gateway would begin at the end of the journal, and skip what lies before.
BOOST_AUTO_TEST_CASE(where_a_gateway_began_is_synced) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) BOOST_CHECK(position_after(seed, {{}}) == 1U);
}

// After a repeat its window would hold others, and its numbers mean others.
BOOST_AUTO_TEST_CASE(what_a_window_holds_is_synced) {
  Engine::Checkpoint checkpoint;
  Engine::SavedDelivery saved;
  saved.subscription = "s-1";
  saved.number = saved.sequence = saved.window = 1;
  checkpoint.deliveries.emplace_back(1, saved);
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    BOOST_CHECK(position_after(seed, {{}, {checkpoint, {}}}) == 2U);
}

BOOST_AUTO_TEST_CASE(that_a_dead_letter_was_redriven_is_synced) {
  DeadLetterChanges changes;
  changes.removed.push_back(1);
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    BOOST_CHECK(position_after(seed, {{}, {{}, changes}}) == 2U);
}

// The control: the disk does lose what is not.
BOOST_AUTO_TEST_CASE(others_may_be_lost) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    lost += position_after(seed, {{}, {}}) == 2U ? 0 : 1;
  BOOST_CHECK_GT(lost, 0);
}

BOOST_AUTO_TEST_SUITE_END()
