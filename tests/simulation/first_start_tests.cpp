// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/lifecycle_fixture.hpp"
#include "tests/simulation/simulated_disk.hpp"

using namespace sense;
using namespace sense::testing;
using sense::simulation::SimulatedDisk;

BOOST_FIXTURE_TEST_SUITE(first_start_tests, LifecycleFixture)

// After a restart it would begin with the journal's end again, and skip what came meanwhile.
BOOST_AUTO_TEST_CASE(a_gateway_that_cannot_store_where_it_begins_ends) {
  const SimulatedDisk disk(place.string(), 1);
  for (const auto state : {SimulatedDisk::State::full, SimulatedDisk::State::failing}) {
    auto& process = make();
    SimulatedDisk::set(state);
    process.life->begin();
    hub.advance(1500ms);
    BOOST_CHECK(process.life->state() == Lifecycle::State::stopped);
    BOOST_CHECK(says(*process.life, "where it begins"));
    BOOST_CHECK_EQUAL(process.ended, 1);
    SimulatedDisk::set(SimulatedDisk::State::well);
    processes.clear();
  }
  subscribe("s");
  start();
  publish("a");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(plugin.delivered.size(), 1U);
  processes.clear();
}

BOOST_AUTO_TEST_SUITE_END()
