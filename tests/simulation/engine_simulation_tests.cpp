// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <charconv>
#include <cstdlib>
#include <random>

#include "core/base/log.hpp"
#include "tests/simulation/world.hpp"

namespace {

constexpr std::uint64_t seeds_usual = 30;

std::optional<std::uint64_t> number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view whole(text);
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  BOOST_REQUIRE_MESSAGE(error == std::errc{} && end == whole.data() + whole.size(),
                        name << " is no number");
  return number;
}

// With SENSE_SIMULATION_TRACE, the log of the gateways is shown as well.
void configure_log() {
  const bool traced = std::getenv("SENSE_SIMULATION_TRACE") != nullptr;
  sense::log::configure("simulation", traced ? sense::log::Level::info : sense::log::Level::error,
                        sense::log::Format::text);
}

void run(std::uint64_t seed, bool verbose) {
  configure_log();
  sense::simulation::World world(seed);
  std::string broken;
  try {
    broken = world.run();
  } catch (const std::exception& error) {
    broken = std::string("an exception: ") + error.what();
  }
  if (verbose) BOOST_TEST_MESSAGE("seed " << seed << ": " << world.summary());
  BOOST_CHECK_MESSAGE(broken.empty(), broken << "; repeat with SENSE_SIMULATION_SEED=" << seed
                                             << " (" << world.summary() << ")");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine_simulation_tests)

// SENSE_SIMULATION_SEEDS says how many worlds, SENSE_SIMULATION_FIRST from which seed on;
// SENSE_SIMULATION_SEED repeats one.
BOOST_AUTO_TEST_CASE(every_promise_is_kept_through_crashes_and_bad_callbacks) {
  if (const auto seed = number_in_environment("SENSE_SIMULATION_SEED")) return run(*seed, true);
  const auto count = number_in_environment("SENSE_SIMULATION_SEEDS").value_or(seeds_usual);
  const std::uint64_t first =
      number_in_environment("SENSE_SIMULATION_FIRST").value_or(std::random_device{}());
  BOOST_TEST_MESSAGE("seeds from " << first << ", " << count << " of them");
  for (std::uint64_t i = 0; i < count; ++i) run(first + i, i == 0);
}

BOOST_AUTO_TEST_CASE(a_seed_repeats_its_world_exactly) {
  configure_log();
  const std::uint64_t seed = std::random_device{}();
  const auto happened = [&] {
    sense::simulation::World world(seed);
    return world.run() + world.summary();
  };
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_CHECK_EQUAL(happened(), happened());
}

BOOST_AUTO_TEST_SUITE_END()
