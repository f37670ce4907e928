// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

BOOST_AUTO_TEST_SUITE(hash_tests)

using sense::SlotTable;

// Values of XXH3_64bits as its specification has them: they stand in stores.
BOOST_AUTO_TEST_CASE(stable_hash_is_the_same_for_ever) {
  BOOST_CHECK_EQUAL(sense::stable_hash(""), 0x2D06800538D394C2U);
  BOOST_CHECK_EQUAL(sense::stable_hash("urn:a"), sense::stable_hash(std::string("urn:") + "a"));
  BOOST_CHECK_NE(sense::stable_hash("urn:a"), sense::stable_hash("urn:b"));
}

namespace {

// Numbers whose hashes are given, so that a test decides which slots they compete for.
struct Numbers {
  SlotTable table;
  std::map<std::uint32_t, std::uint32_t> hashes;  // by number

  [[nodiscard]] std::size_t slot_of(std::uint32_t number, std::uint32_t hash) const {
    return table.find(hash, [number](std::uint32_t other) { return other == number; });
  }
  void add(std::uint32_t number, std::uint32_t hash) {
    table.reserve(hashes.size() + 1);
    table.insert(slot_of(number, hash), hash, number);
    hashes[number] = hash;
  }
  void remove(std::uint32_t number) {
    table.erase(slot_of(number, hashes.at(number)));
    hashes.erase(number);
  }
  void check() const {
    for (const auto& [number, hash] : hashes)
      BOOST_REQUIRE_EQUAL(table.number(slot_of(number, hash)), number);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_number_that_was_not_inserted_is_not_found) {
  Numbers numbers;
  BOOST_CHECK_EQUAL(numbers.table.number(numbers.slot_of(1, 5)), SlotTable::none);
  numbers.add(1, 5);
  BOOST_CHECK_EQUAL(numbers.table.number(numbers.slot_of(2, 5)), SlotTable::none);
  numbers.remove(1);
  BOOST_CHECK_EQUAL(numbers.table.number(numbers.slot_of(1, 5)), SlotTable::none);
}

BOOST_AUTO_TEST_CASE(a_removed_number_leaves_the_others_of_its_run_found) {
  // All compete for the last slots of the table and run over its end.
  for (std::uint32_t removed = 0; removed < 8; ++removed) {
    Numbers numbers;
    for (std::uint32_t number = 0; number < 8; ++number) numbers.add(number, 13 + number / 3);
    numbers.remove(removed);
    numbers.check();
  }
}

BOOST_AUTO_TEST_CASE(any_order_of_changes_leaves_every_number_found) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Numbers numbers;
  for (std::uint32_t number = 0; number < 3'000; ++number) {
    numbers.add(number, static_cast<std::uint32_t>(random() % 500));
    if (random() % 3 == 0) {
      const auto first = numbers.hashes.begin();
      numbers.remove(first->first);
    }
    if (number % 100 == 0) numbers.check();
  }
  numbers.check();
}

BOOST_AUTO_TEST_SUITE_END()
