// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "adapters/http_poll/store.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::http_poll;

namespace {

struct Fixture {
  std::unique_ptr<Store> open(const std::vector<std::string>& keys = {"a", "b"}) const {
    auto store = Store::open(place / "kept", "test", keys);
    BOOST_REQUIRE_MESSAGE(store, store.error().message);
    return std::move(*store);
  }
  static Known load(Store& store, const std::string& key) {
    const auto known = store.load(key);
    BOOST_REQUIRE_MESSAGE(known, known.error().message);
    return *known;
  }
  TemporaryFolder place;
  const Known one{7,
                  Change::vanished,
                  "digest",
                  false,
                  from_micros(1'700'000'000'123'456),
                  "\"e\"",
                  "Sun, 06 Nov 1994 08:49:37 GMT"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(poll_store_tests, Fixture)

BOOST_AUTO_TEST_CASE(what_was_saved_is_there_after_a_restart) {
  BOOST_CHECK(load(*open(), "a") == Known());
  BOOST_REQUIRE(open()->save("a", one));
  auto other = one;
  other.acknowledged = true;
  other.change = Change::changed;
  {
    const auto store = open();
    BOOST_CHECK(load(*store, "a") == one);
    BOOST_REQUIRE(store->save("a", other));
  }
  BOOST_CHECK(load(*open(), "a") == other);
  BOOST_CHECK(load(*open(), "b") == Known());
}

BOOST_AUTO_TEST_CASE(what_is_not_polled_any_more_is_forgotten) {
  BOOST_REQUIRE(open()->save("a", one));
  BOOST_REQUIRE(open()->save("b", one));
  BOOST_CHECK(load(*open({"b"}), "b") == one);
  BOOST_CHECK(load(*open(), "a") == Known());
}

BOOST_AUTO_TEST_CASE(two_processes_do_not_share_a_folder) {
  const auto store = open();
  const auto second = Store::open(place / "kept", "adapter two", {});
  BOOST_REQUIRE(!second);
  BOOST_CHECK(second.error().code == Code::addrnotavail);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_of_this_version_is_refused) {
  open();
  const auto path = place / "kept/http-poll.db";
  {
    auto database = Database::open(path, Database::Durability::normal);
    BOOST_REQUIRE(database && database->execute("PRAGMA user_version = 9"));
  }
  const auto newer = Store::open(place / "kept", "test", {});
  BOOST_REQUIRE(!newer);
  BOOST_CHECK(newer.error().message.find("another version") != std::string::npos);
  std::ofstream(path) << std::string(4096, 'x');
  BOOST_CHECK(!Store::open(place / "kept", "test", {}));
}

BOOST_AUTO_TEST_SUITE_END()
