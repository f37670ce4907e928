// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/event_cache.hpp"

#include <boost/test/unit_test.hpp>

#include "gateways/host/store/dead_letter_table.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

struct Store {
  Store() {
    BOOST_REQUIRE(
        database.execute("CREATE TABLE event(sequence INTEGER PRIMARY KEY, record BLOB NOT NULL)"));
  }
  void put(std::uint64_t sequence) {
    Event event;
    event.id = "e" + std::to_string(sequence);
    event.type = *QName::parse("{urn:a}b");
    event.source = "//x";
    event.sequence = sequence;
    write(sequence, record_of(event));
  }
  void write(std::uint64_t sequence, const std::string& record) {
    auto insert = database.prepare("INSERT INTO event VALUES(?1,?2)");
    BOOST_REQUIRE(insert.has_value());
    insert->bind(1, static_cast<std::int64_t>(sequence)).bind_blob(2, record);
    BOOST_REQUIRE(insert->run().has_value());
  }
  // Its id, or the code of the refusal.
  std::string load(std::uint64_t sequence) {
    const auto event = cache.load(database, sequence);
    return event ? (*event)->id : std::string(symbol(event.error().code));
  }

  TemporaryFolder folder;
  Database database = *Database::open(folder / "db", Database::Durability::normal);
  EventCache cache;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_cache_tests)

BOOST_AUTO_TEST_CASE(each_event_is_the_one_that_was_asked_for) {
  Store store;
  for (std::uint64_t i = 1; i <= 1000; i += i % 7 == 0 ? 5 : 1) store.put(i);
  for (std::uint64_t i = 1; i <= 1000; i += i % 7 == 0 ? 5 : 1)
    BOOST_CHECK_EQUAL(store.load(i), "e" + std::to_string(i));
  for (const std::uint64_t i : {7, 1, 12, 2, 3, 4})
    BOOST_CHECK_EQUAL(store.load(i), "e" + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(those_behind_are_read_together_when_they_are_asked_for_in_turn) {
  Store store;
  for (std::uint64_t i = 1; i <= 400; ++i) store.put(i);
  BOOST_CHECK_EQUAL(store.load(1), "e1");
  BOOST_REQUIRE(store.database.execute("DELETE FROM event"));
  BOOST_CHECK_EQUAL(store.load(2 + EventCache::read_ahead), "NOTFOUND");
  BOOST_CHECK_EQUAL(store.load(2), "e2");
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_here_and_there_is_read_alone) {
  Store store;
  for (std::uint64_t i = 1; i <= 1000; ++i) store.put(i);
  BOOST_CHECK_EQUAL(store.load(500), "e500");
  BOOST_CHECK_EQUAL(store.load(100), "e100");
  BOOST_REQUIRE(store.database.execute("DELETE FROM event"));
  BOOST_CHECK_EQUAL(store.load(101), "NOTFOUND");
  BOOST_CHECK_EQUAL(store.load(501), "NOTFOUND");
}

BOOST_AUTO_TEST_CASE(a_damaged_one_is_told_and_hides_none_behind_it) {
  Store store;
  for (std::uint64_t i = 1; i <= 10; ++i) i == 5 ? store.write(i, "\xc1 damaged") : store.put(i);
  for (std::uint64_t i = 1; i <= 10; ++i)
    BOOST_CHECK_EQUAL(store.load(i), (i == 5 ? "PROTOERROR" : "e" + std::to_string(i)));
  BOOST_CHECK_EQUAL(store.load(11), "NOTFOUND");
}

BOOST_AUTO_TEST_CASE(what_waits_in_memory_goes_with_the_store) {
  Store store;
  for (std::uint64_t i = 1; i <= 10; ++i) store.put(i);
  BOOST_CHECK_EQUAL(store.load(1), "e1");
  BOOST_REQUIRE(store.database.execute("DELETE FROM event"));
  store.cache.clear();
  BOOST_CHECK_EQUAL(store.load(2), "NOTFOUND");
}

BOOST_AUTO_TEST_SUITE_END()
