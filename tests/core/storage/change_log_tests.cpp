// SPDX-License-Identifier: Apache-2.0
#include "core/storage/change_log.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

struct Fixture {
  TemporaryFolder folder;
  Database first = opened("first.db");
  Database second = opened("second.db");

  Database opened(const char* name) const {
    auto database = Database::open(folder / name, Database::Durability::normal);
    BOOST_REQUIRE_MESSAGE(database, (database ? "" : database.error().message));
    BOOST_REQUIRE(database->execute(
        "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS own(id INTEGER PRIMARY KEY)"));
    return std::move(*database);
  }
  static std::string content(Database& database) {
    auto select = database.prepare(
        "SELECT group_concat(id || text, ' ') FROM"
        " (SELECT * FROM t ORDER BY id)");
    BOOST_REQUIRE(select);
    BOOST_REQUIRE(select->step().value());
    return std::string(select->octets(0));
  }
  void copy() {
    auto copy = DatabaseCopy::begin(first, second);
    BOOST_REQUIRE(copy);
    BOOST_CHECK(copy->step(-1).value());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(change_log_tests, Fixture)

BOOST_AUTO_TEST_CASE(changes_make_the_copy_the_same) {
  BOOST_REQUIRE(first.execute("INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')"));
  copy();
  BOOST_CHECK_EQUAL(content(second), "1a 2b 3c");
  auto log = ChangeLog::start(first, "own");
  BOOST_REQUIRE(log);
  BOOST_CHECK_EQUAL(log->take().value(), "");
  BOOST_REQUIRE(
      first.execute("UPDATE t SET text='B' WHERE id=2; DELETE FROM t WHERE id=1;"
                    "INSERT OR REPLACE INTO t VALUES(3,'C'),(4,'d');"
                    "INSERT INTO own VALUES(7)"));
  BOOST_CHECK_GT(log->memory(), 0U);
  const auto changes = log->take();
  BOOST_REQUIRE(changes);
  BOOST_REQUIRE(apply_changes(second, *changes));
  BOOST_CHECK_EQUAL(content(second), "2B 3C 4d");
  BOOST_CHECK(!second.prepare("SELECT id FROM own")->step().value());
  BOOST_CHECK_EQUAL(log->take().value(), "");  // taken is taken
  BOOST_REQUIRE(first.execute("DELETE FROM t WHERE id=4"));
  BOOST_REQUIRE(apply_changes(second, log->take().value()));
  BOOST_CHECK_EQUAL(content(second), content(first));
}

BOOST_AUTO_TEST_CASE(what_was_rolled_back_is_no_change) {
  auto log = ChangeLog::start(first, "own");
  BOOST_REQUIRE(log);
  BOOST_REQUIRE(first.begin());
  BOOST_REQUIRE(first.execute("INSERT INTO t VALUES(1,'a')"));
  first.rollback();
  BOOST_REQUIRE(apply_changes(second, log->take().value_or("")));
  BOOST_CHECK_EQUAL(content(second), "");
}

BOOST_AUTO_TEST_CASE(changes_that_do_not_fit_change_nothing) {
  BOOST_REQUIRE(first.execute("INSERT INTO t VALUES(1,'a')"));
  auto log = ChangeLog::start(first, "own");
  BOOST_REQUIRE(log);
  BOOST_REQUIRE(first.execute("INSERT INTO t VALUES(2,'b'); UPDATE t SET text='A' WHERE id=1"));
  const auto changes = log->take().value();
  const auto status = apply_changes(second, changes);  // there is no row 1
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == Code::badcontext);
  BOOST_CHECK_EQUAL(content(second), "");
}

BOOST_AUTO_TEST_CASE(a_copy_in_steps_has_what_changes_between_them) {
  BOOST_REQUIRE(
      first.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
                    " i<500) INSERT INTO t SELECT i, hex(zeroblob(500)) FROM n"));
  auto copy = DatabaseCopy::begin(first, second);
  BOOST_REQUIRE(copy);
  int steps = 0;
  while (!copy->step(5).value()) {
    ++steps;
    const auto change = "INSERT OR REPLACE INTO t VALUES(" + std::to_string(steps) + ",'changed')";
    BOOST_REQUIRE(first.execute(change.c_str()));
  }
  BOOST_CHECK_GT(steps, 10);
  copy = tl::unexpected(Error{});
  BOOST_CHECK_EQUAL(content(second), content(first));
}

BOOST_AUTO_TEST_SUITE_END()
