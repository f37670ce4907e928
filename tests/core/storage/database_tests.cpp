// SPDX-License-Identifier: Apache-2.0
#include "core/storage/database.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

Database opened(const std::string& path) {
  auto database = Database::open(path, Database::Durability::full);
  BOOST_REQUIRE_MESSAGE(database, (database ? "" : database.error().message));
  return std::move(*database);
}

std::int64_t number(Database& database, const char* sql) {
  auto statement = database.prepare(sql);
  BOOST_REQUIRE(statement);
  BOOST_REQUIRE(statement->step().value());
  return statement->integer(0);
}

Status insert(Database& database, std::size_t octets) {
  const std::string blob(octets, 'x');
  auto statement = database.prepare("INSERT INTO t VALUES(?1)");
  BOOST_REQUIRE(statement);
  return statement->bind_blob(1, blob).run();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_tests)

// S13.
BOOST_AUTO_TEST_CASE(files_are_for_their_user_alone_and_a_group_that_was_let_in) {
  const TemporaryFolder folder;
  const auto path = folder / "a.db";
  const auto mode = [&](const std::string& ending) {
    struct stat found {};
    BOOST_REQUIRE_MESSAGE(::stat((path + ending).c_str(), &found) == 0, ending);
    return found.st_mode & 07777U;
  };
  const auto before = ::umask(0);
  {
    auto database = opened(path);
    BOOST_REQUIRE(database.execute("CREATE TABLE t(x)"));
    for (const auto* ending : {"", "-wal", "-shm"}) BOOST_CHECK_EQUAL(mode(ending), 0600U);
    BOOST_REQUIRE(::chmod((path + "-wal").c_str(), 0666) == 0);  // of an earlier version
    BOOST_REQUIRE(::chmod(path.c_str(), 0664) == 0);
    const auto second = opened(path);
    BOOST_CHECK_EQUAL(mode(""), 0640U);
    BOOST_CHECK_EQUAL(mode("-wal"), 0640U);
  }
  ::umask(before);
}

BOOST_AUTO_TEST_CASE(what_was_committed_is_there_after_reopening) {
  const TemporaryFolder folder;
  {
    auto database = opened(folder / "a.db");
    BOOST_REQUIRE(database.execute("CREATE TABLE t(x)"));
    BOOST_REQUIRE(database.begin());
    BOOST_REQUIRE(insert(database, 10));
    BOOST_REQUIRE(database.commit());
    BOOST_REQUIRE(database.begin());
    BOOST_REQUIRE(insert(database, 10));
    // Not committed: must be gone.
  }
  auto database = opened(folder / "a.db");
  BOOST_CHECK_EQUAL(number(database, "SELECT count(*) FROM t"), 1);
}

BOOST_AUTO_TEST_CASE(octets_of_any_kind_come_back_unchanged) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  BOOST_REQUIRE(database.execute("CREATE TABLE t(a, b, c)"));
  const std::string octets("\0\xff\x01 'x'\0", 9);
  {
    auto statement = database.prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
    BOOST_REQUIRE(statement->bind_blob(1, octets).bind_text(2, "").bind(3, INT64_MIN).run());
    BOOST_REQUIRE(statement->bind_blob(1, {}).bind_text(2, "b").bind(3, INT64_MAX).run());
  }
  auto statement = database.prepare("SELECT a, b, c FROM t ORDER BY rowid");
  BOOST_REQUIRE(statement->step().value());
  BOOST_CHECK_EQUAL(statement->octets(0), octets);
  BOOST_CHECK_EQUAL(statement->octets(1), "");
  BOOST_CHECK_EQUAL(statement->integer(2), INT64_MIN);
  BOOST_REQUIRE(statement->step().value());
  BOOST_CHECK_EQUAL(statement->octets(0), "");
  BOOST_CHECK(!statement->step().value());
}

BOOST_AUTO_TEST_CASE(full_disk_is_nomoreroom_and_is_survived) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  BOOST_REQUIRE(database.execute("CREATE TABLE t(x)"));
  BOOST_REQUIRE(database.execute("PRAGMA max_page_count=20"));
  BOOST_REQUIRE(database.begin());
  const auto refused = insert(database, 1'000'000);
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::nomoreroom);
  BOOST_CHECK_NE(refused.error().message.find("a.db"), std::string::npos);
  database.rollback();
  BOOST_CHECK_EQUAL(number(database, "SELECT count(*) FROM t"), 0);
  BOOST_REQUIRE(database.execute("PRAGMA max_page_count=100000"));
  BOOST_CHECK(insert(database, 1'000'000).has_value());
}

BOOST_AUTO_TEST_CASE(rollback_without_transaction_is_harmless) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  database.rollback();
  BOOST_REQUIRE(database.begin());
  database.rollback();
  database.rollback();
  BOOST_CHECK(database.begin().has_value());
}

BOOST_AUTO_TEST_CASE(file_that_is_no_database_is_badparam_and_left_alone) {
  const TemporaryFolder folder;
  const std::string text(8192, 'n');
  std::ofstream(folder / "a.db") << text;
  const auto database = Database::open(folder / "a.db", Database::Durability::full);
  BOOST_REQUIRE(!database);
  BOOST_CHECK(database.error().code == Code::badparam);
  BOOST_CHECK_NE(database.error().message.find("a.db"), std::string::npos);
  std::ifstream file(folder / "a.db");
  BOOST_CHECK_EQUAL(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

BOOST_AUTO_TEST_CASE(missing_folder_is_an_error_with_the_path) {
  const TemporaryFolder folder;
  const auto database = Database::open(folder / "none/a.db", Database::Durability::full);
  BOOST_REQUIRE(!database);
  BOOST_CHECK_NE(database.error().message.find("none/a.db"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(read_only_connection_needs_the_file_and_cannot_write) {
  const TemporaryFolder folder;
  BOOST_CHECK(!Database::open_read_only(folder / "a.db"));
  auto database = opened(folder / "a.db");
  BOOST_REQUIRE(database.execute("CREATE TABLE t(x)"));
  auto reading = Database::open_read_only(folder / "a.db");
  BOOST_REQUIRE(reading);
  const auto written = reading->execute("INSERT INTO t VALUES(1)");
  BOOST_REQUIRE(!written);
  BOOST_CHECK(written.error().code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(reader_sees_what_was_committed_while_it_is_open) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  BOOST_REQUIRE(database.execute("CREATE TABLE t(x)"));
  auto reading = Database::open_read_only(folder / "a.db");
  BOOST_REQUIRE(reading);
  BOOST_REQUIRE(database.begin());
  BOOST_REQUIRE(insert(database, 10));
  BOOST_CHECK_EQUAL(number(*reading, "SELECT count(*) FROM t"), 0);
  BOOST_REQUIRE(database.commit());
  BOOST_CHECK_EQUAL(number(*reading, "SELECT count(*) FROM t"), 1);
}

BOOST_AUTO_TEST_CASE(wrong_sql_is_an_error_not_a_crash) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  BOOST_CHECK(!database.execute("SELEC 1"));
  BOOST_CHECK(!database.prepare("SELECT * FROM none"));
  BOOST_CHECK(!database.commit());
}

BOOST_AUTO_TEST_CASE(a_statement_that_failed_can_be_used_again) {
  const TemporaryFolder folder;
  auto database = opened(folder / "a.db");
  BOOST_REQUIRE(database.execute("CREATE TABLE t(x PRIMARY KEY)"));
  auto statement = database.prepare("INSERT INTO t VALUES(?1)");
  BOOST_CHECK(statement->bind(1, 1).run().has_value());
  BOOST_CHECK(!statement->bind(1, 1).run());
  BOOST_CHECK(statement->bind(1, 2).run().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
