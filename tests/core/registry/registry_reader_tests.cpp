// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry_reader.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

namespace {

struct RegistryReaderFixture {
  testing::FakeBus bus;
  std::vector<std::function<void()>> retries;
  std::vector<std::string> keys;
  std::optional<std::uint64_t> position;
  RegistryReader reader{bus,
                        [this](std::function<void()> task) { retries.push_back(std::move(task)); }};

  void add(const std::string& kind, const std::string& key) {
    bus.entries[{kind, key}] = {kind, key, ++bus.sequence, "{}"};
  }
  void read(std::vector<std::string> kinds) {
    keys.clear();
    position.reset();
    reader.read(
        std::move(kinds), [this](const auto& entry) { keys.push_back(entry.key); },
        [this](std::uint64_t listed) { position = listed; });
  }
  void retry() {
    for (const auto& task : std::exchange(retries, {})) task();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(registry_reader_tests, RegistryReaderFixture)

// What is written between two pages, or between two lists, is behind the position.
BOOST_AUTO_TEST_CASE(the_position_is_that_of_the_first_page_of_all) {
  for (int i = 0; i < 1500; ++i) add("gateway", "g" + std::to_string(10'000 + i));
  add("subscription", "s-1");
  const auto before = bus.sequence;
  read({"gateway", "subscription"});
  while (bus.run_one()) add("gateway", "a" + std::to_string(bus.sequence));
  BOOST_CHECK_EQUAL(position.value(), before);
  BOOST_CHECK_EQUAL(keys.size(), 1501U);
  BOOST_CHECK_EQUAL(keys.front(), "g10000");
  BOOST_CHECK_EQUAL(keys.back(), "s-1");
}

BOOST_AUTO_TEST_CASE(an_empty_list_has_a_position_as_well) {
  bus.sequence = 7;
  read({"gateway"});
  bus.run();
  BOOST_CHECK_EQUAL(position.value(), 7U);
  BOOST_CHECK(keys.empty());
}

BOOST_AUTO_TEST_CASE(a_page_that_fails_is_read_again_and_no_entry_comes_twice) {
  for (int i = 0; i < 1500; ++i) add("gateway", "g" + std::to_string(10'000 + i));
  read({"gateway"});
  (void)bus.run_one();
  bus.failure = Error{Code::timeout, "no answer"};
  bus.run();
  BOOST_CHECK(!position);
  BOOST_REQUIRE_EQUAL(retries.size(), 1U);
  bus.failure.reset();
  retry();
  bus.run();
  BOOST_CHECK_EQUAL(position.value(), 1500U);
  BOOST_CHECK_EQUAL(keys.size(), 1500U);
}

BOOST_AUTO_TEST_CASE(a_list_of_ones_own_entries_alone_is_not_taken_for_the_whole) {
  add("subscription", "s-1");
  bus.own_only = true;
  read({"subscription"});
  bus.run();
  BOOST_CHECK(keys.empty());
  BOOST_CHECK(!position);
  bus.own_only = false;
  retry();
  bus.run();
  BOOST_CHECK_EQUAL(keys.size(), 1U);
}

BOOST_AUTO_TEST_CASE(neither_a_stopped_nor_a_replaced_reading_calls_anything) {
  add("gateway", "one");
  read({"gateway"});
  reader.stop();
  bus.run();
  BOOST_CHECK(keys.empty());
  bus.failure = Error{Code::timeout, "no answer"};
  read({"gateway"});
  bus.run();
  bus.failure.reset();
  read({"gateway"});
  retry();
  bus.run();
  BOOST_CHECK_EQUAL(keys.size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
