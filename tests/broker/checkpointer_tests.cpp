#include "broker/checkpointer.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/broker/bench.hpp"

using namespace sense;

namespace {

struct CheckpointBench : IngestBench {
  CheckpointBench() : checkpointer(*Checkpointer::open(folder.path(), {100'000, 1'000'000})) {
    BOOST_REQUIRE(store->leave_checkpoints());
  }
  void publish(int groups) {
    for (int i = 0; i < groups; ++i)
      (void)publish_now({encode(make_event("e" + std::to_string(++made)))});
  }
  std::uintmax_t wal() const {
    return std::filesystem::file_size(Store::path_in(folder.path()) + "-wal");
  }
  Checkpointer::Outcome run() {
    const auto outcome = checkpointer.run_once();
    BOOST_REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
    return *outcome;
  }

  int made = 0;
  Checkpointer checkpointer;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpointer_tests)

BOOST_AUTO_TEST_CASE(commits_do_not_checkpoint_but_the_checkpointer_does) {
  CheckpointBench bench;
  bench.publish(1500);
  const auto grown = bench.wal();
  BOOST_TEST(grown > 1000u * 4096u);  // SQLite's own checkpoint would have come at 1,000 pages
  const auto outcome = bench.run();
  BOOST_TEST(outcome.complete);
  BOOST_TEST(outcome.octets > 1000u * 4096u);
  BOOST_TEST(outcome.restart_wanted);
  // What follows begins at the start of the file again.
  bench.publish(100);
  BOOST_TEST(bench.wal() == grown);
  BOOST_TEST(bench.run().octets < outcome.octets / 2);
}

BOOST_AUTO_TEST_CASE(little_is_left_alone) {
  CheckpointBench bench;
  bench.publish(1);
  const auto outcome = bench.run();
  BOOST_TEST(!outcome.complete);
  BOOST_TEST(!outcome.restart_wanted);
}

BOOST_AUTO_TEST_CASE(reader_that_stays_is_told_and_the_restart_does_not_wait_for_it) {
  CheckpointBench bench;
  bench.publish(200);
  auto reading = Database::open_read_only(Store::path_in(bench.folder.path()));
  auto statement = reading->prepare("SELECT * FROM journal");
  BOOST_REQUIRE(statement->step().value());  // a transaction that stays open
  bench.publish(200);
  const auto outcome = bench.run();
  BOOST_TEST(!outcome.complete);
  BOOST_TEST(outcome.restart_wanted);
  BOOST_TEST(bench.store->restart_wal().has_value());
  BOOST_TEST(!bench.run().complete);
  statement->reset();
  BOOST_TEST(bench.store->restart_wal().has_value());
  bench.publish(1);
  BOOST_TEST(bench.run().octets < 100'000u);
  BOOST_TEST(bench.journal().size() == 401u);
}

BOOST_AUTO_TEST_SUITE_END()
