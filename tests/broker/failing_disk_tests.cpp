// SPDX-License-Identifier: Apache-2.0
#include "tests/broker/failing_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "tests/broker/ingest_fixture.hpp"

using namespace sense;

namespace {

// Publishes while the disk may fail, and keeps what was said about each event.
struct Run : IngestFixture {
  // False: the broker would have stopped.
  bool publish(const std::string& name, std::size_t count, std::size_t octets) {
    std::vector<std::string> events;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) {
      auto event = make_event(name + "-" + std::to_string(i));
      event.data.assign(octets, 'x');
      ids.push_back(event.id);
      events.push_back(encode(event));
    }
    std::vector<IncomingRef> group;
    group.push_back(IngestFixture::publish(events));
    const auto out = ingest->commit_group(group, clock.now());
    if (!out) return false;
    const auto answer = reply(*out, bus::Operation::publish);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (answer.code == Code::noerror)
        acknowledged[ids[i]] = answer.published.at(i).sequence;
      else
        refused.insert(ids[i]);
    }
    return true;
  }
  // Groups of one page and of many, and what else the commit thread does.
  void work() {
    for (int round = 0; round < 3; ++round) {
      const auto name = "g" + std::to_string(round);
      if (!publish(name + "small", 1, 10)) return;
      if (!publish(name + "big", 3, 20'000)) return;
      (void)store->trim({WallTime{}, 50'000, 0}, 10);
      (void)store->restart_wal();
    }
  }
  // After the disk is well again.
  void check() {
    restart();
    std::map<std::string, std::uint64_t> held;
    for (const auto& event : journal()) held[event.id] = event.sequence;
    const auto first = store->journal().range()->first;
    for (const auto& [id, sequence] : acknowledged)
      if (sequence >= first) BOOST_CHECK_MESSAGE(held[id] == sequence, id << " was acknowledged");
    for (const auto& id : refused) BOOST_CHECK_MESSAGE(!held.contains(id), id << " was refused");
    BOOST_CHECK(publish("after", 1, 10));
    BOOST_CHECK(acknowledged.contains("after-0"));
  }

  std::map<std::string, std::uint64_t> acknowledged;
  std::set<std::string> refused;
};

// Every k until the disk is no longer asked so often; answers how many failed.
std::uint64_t every_call(FailingDisk::Error error, bool stays) {
  for (std::uint64_t k = 0;; ++k) {
    BOOST_TEST_CONTEXT("call " << k) {
      Run run;
      BOOST_REQUIRE(run.publish("before", 2, 10));
      FailingDisk::arm(error, k, stays);
      run.work();
      const bool failed = FailingDisk::has_failed();
      FailingDisk::disarm();
      // After a failed write or sync the state of the disk is unknown: the broker stops.
      if (error == FailingDisk::Error::io) BOOST_CHECK(run.refused.empty());
      run.check();
      if (!failed) return k;
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failing_disk_tests)

// No kill of a process shows a sync that is missing; a power cut does, on machines that can have
// one.
BOOST_AUTO_TEST_CASE(what_is_acknowledged_has_been_synced) {
  const FailingDisk disk;
  Run run;
  for (const std::size_t octets : {10, 200'000, 10}) {
    BOOST_REQUIRE(run.publish("e" + std::to_string(run.acknowledged.size()), 1, octets));
    BOOST_CHECK(!FailingDisk::has_unsynced());
  }
  BOOST_CHECK_EQUAL(run.acknowledged.size(), 3);
}

BOOST_AUTO_TEST_CASE(no_call_that_fails_makes_a_false_acknowledgement) {
  const FailingDisk disk;
  for (const bool stays : {false, true}) {
    const auto count = every_call(FailingDisk::Error::io, stays);
    BOOST_CHECK_GT(count, 80u);
    BOOST_TEST_MESSAGE("failed each of " << count << " calls" << (stays ? " and all behind" : "")
                                         << ", false acknowledgements 0");
  }
}

BOOST_AUTO_TEST_CASE(no_call_that_finds_the_disk_full_makes_one_either) {
  const FailingDisk disk;
  for (const bool stays : {false, true}) {
    const auto count = every_call(FailingDisk::Error::full, stays);
    BOOST_CHECK_GT(count, 80u);
    BOOST_TEST_MESSAGE("full at each of " << count << " calls" << (stays ? " and all behind" : "")
                                          << ", false acknowledgements 0");
  }
}

// The transaction is in the WAL already then: refused, it could come back after a crash.
BOOST_AUTO_TEST_CASE(index_that_cannot_grow_in_a_commit_stops_the_broker) {
  const FailingDisk disk;
  Run run;
  // A reader that stays makes the WAL grow, and with it its index.
  auto reader = Database::open_read_only(Store::path_in(run.folder.path()));
  BOOST_REQUIRE(reader->execute("BEGIN; SELECT count(*) FROM journal"));
  FailingDisk::refuse_index();
  bool stopped = false;
  for (int i = 0; i < 500 && !stopped; ++i) {
    stopped = !run.publish("e" + std::to_string(i), 1, 200'000);
    BOOST_REQUIRE(run.refused.empty());
  }
  BOOST_CHECK(stopped);
  BOOST_CHECK(FailingDisk::has_failed());
  FailingDisk::disarm();
  run.check();
}

BOOST_AUTO_TEST_CASE(file_that_another_program_holds_refuses_and_then_goes_on) {
  Run run;
  auto other = Database::open(Store::path_in(run.folder.path()), Database::Durability::full);
  BOOST_REQUIRE(other->begin());
  const auto out = run.commit_one(IngestFixture::publish({encode(make_event("1"))}));
  const auto answer = run.reply(out, bus::Operation::publish);
  BOOST_CHECK(answer.code == Code::timeout);
  BOOST_CHECK_NE(answer.reason.find("broker.db"), std::string::npos);
  other->rollback();
  BOOST_CHECK(run.publish_now({encode(make_event("1"))})[0].code == Code::noerror);
}

BOOST_AUTO_TEST_SUITE_END()
