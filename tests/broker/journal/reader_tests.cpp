// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/reader.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "tests/broker/ingest_fixture.hpp"

using namespace sense;
using bus::Operation;

namespace {

struct ReaderFixture : IngestFixture {
  ReaderFixture() { reopen(); }

  void reopen() { reader.emplace(*Reader::open(folder.path(), counters)); }

  void publish_group(std::size_t count, const std::string& type = "{urn:a}one",
                     const std::string& source = "//s/x") {
    std::vector<std::string> events;
    for (std::size_t i = 0; i < count; ++i)
      events.push_back(encode(make_event("e" + std::to_string(++made), type, source)));
    (void)publish_now(events);
  }

  bus::Reply fetch(std::uint64_t from, std::vector<std::string> prefixes = {"{"},
                   std::uint64_t bytes_max = 1 << 20) {
    bus::Request request;
    request.id = 3;
    request.operation = Operation::fetch;
    request.from = from;
    request.prefixes.assign(prefixes.begin(), prefixes.end());
    request.bytes_max = bytes_max;
    auto reply = reader->answer(request);
    BOOST_REQUIRE(reply);
    BOOST_CHECK_EQUAL(reply->id, 3u);
    return std::move(*reply);
  }

  static std::vector<std::uint64_t> sequences(const bus::Reply& reply) {
    std::vector<std::uint64_t> all;
    const auto records = split_records(reply.records);
    BOOST_REQUIRE(records);
    for (const auto& record : *records) all.push_back(record.sequence);
    return all;
  }

  void damage(std::uint64_t first) {
    auto database = Database::open(Store::path_in(folder.path()), Database::Durability::normal);
    const auto sql =
        "UPDATE journal SET octets=substr(octets,1,length(octets)-1)||x'00' WHERE first=" +
        std::to_string(first);
    BOOST_REQUIRE(database->execute(sql.c_str()));
  }

  std::uint64_t made = 0;
  std::optional<Reader> reader;
};

using Sequences = std::vector<std::uint64_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(reader_tests)

BOOST_AUTO_TEST_CASE(empty_journal_answers_first_one_and_head_nought) {
  ReaderFixture fixture;
  const auto reply = fixture.fetch(1);
  BOOST_CHECK(reply.code == Code::noerror);
  BOOST_CHECK_EQUAL(reply.first, 1u);
  BOOST_CHECK_EQUAL(reply.head, 0u);
  BOOST_CHECK_EQUAL(reply.next, 1u);
  BOOST_CHECK(reply.records.empty());
}

BOOST_AUTO_TEST_CASE(reading_begins_within_a_group_and_ends_at_the_head) {
  ReaderFixture fixture;
  fixture.publish_group(3);
  fixture.publish_group(3);
  BOOST_TEST(ReaderFixture::sequences(fixture.fetch(2)) == (Sequences{2, 3, 4, 5, 6}),
             boost::test_tools::per_element());
  const auto reply = fixture.fetch(6);
  BOOST_CHECK_EQUAL(reply.next, 7u);
  BOOST_CHECK_EQUAL(reply.head, 6u);
  BOOST_CHECK_EQUAL(fixture.fetch(0).next, 7u);
}

BOOST_AUTO_TEST_CASE(asking_beyond_the_head_does_not_raise_the_head) {
  ReaderFixture fixture;
  fixture.publish_group(3);
  for (const std::uint64_t from : {std::uint64_t{4}, std::uint64_t{5}, std::uint64_t{1000},
                                   std::uint64_t{1} << 63, UINT64_MAX}) {
    const auto reply = fixture.fetch(from);
    BOOST_CHECK_EQUAL(reply.head, 3u);
    BOOST_CHECK_EQUAL(reply.next, from);
    BOOST_CHECK(reply.records.empty());
  }
}

BOOST_AUTO_TEST_CASE(prefixes_select_by_namespace_type_and_source) {
  ReaderFixture fixture;
  fixture.publish_group(1, "{urn:a}one", "//s/x");
  fixture.publish_group(1, "{urn:a}oneMore", "//s/x");
  fixture.publish_group(1, "{urn:ab}one", "//s/y");
  fixture.publish_group(1, "bare", "//s/x");
  const auto got = [&](std::vector<std::string> prefixes) {
    const auto reply = fixture.fetch(1, std::move(prefixes));
    BOOST_CHECK_EQUAL(reply.next, 5u);
    return ReaderFixture::sequences(reply);
  };
  const auto per_element = boost::test_tools::per_element();
  BOOST_TEST(got({"{"}) == (Sequences{1, 2, 3, 4}), per_element);
  BOOST_TEST(got({""}) == (Sequences{1, 2, 3, 4}), per_element);
  BOOST_TEST(got({"{urn:a}"}) == (Sequences{1, 2}), per_element);
  BOOST_TEST(got({"{urn:a}one "}) == (Sequences{1}), per_element);
  BOOST_TEST(got({"{urn:a}one //s/x"}) == (Sequences{1}), per_element);
  BOOST_TEST(got({"{}"}) == (Sequences{4}), per_element);
  BOOST_TEST(got({"{urn:ab}", "{}bare "}) == (Sequences{3, 4}), per_element);
  BOOST_CHECK(got({}).empty());
  BOOST_CHECK(got({"{urn:c}"}).empty());
}

BOOST_AUTO_TEST_CASE(byte_budget_cuts_and_always_moves_on) {
  ReaderFixture fixture;
  fixture.publish_group(5);
  fixture.publish_group(5);
  Sequences all;
  std::uint64_t from = 1;
  int calls = 0;
  while (from <= 10) {
    const auto reply = fixture.fetch(from, {"{"}, 0);
    const auto part = ReaderFixture::sequences(reply);
    BOOST_CHECK_EQUAL(part.size(), 1u);
    all.insert(all.end(), part.begin(), part.end());
    BOOST_REQUIRE_GT(reply.next, from);
    from = reply.next;
    ++calls;
  }
  BOOST_CHECK_EQUAL(calls, 10);
  BOOST_TEST(all == (Sequences{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.fetch(1, {"{"}, UINT64_MAX).next, 11u);
}

BOOST_AUTO_TEST_CASE(reply_stays_below_its_limit_whatever_is_asked) {
  ReaderFixture fixture;
  for (int i = 0; i < 12; ++i) {
    auto big = make_event("big" + std::to_string(i));
    big.data.assign(Event::data_length_max, 'x');
    (void)fixture.publish_now({encode(big)});
  }
  const auto reply = fixture.fetch(1, {"{"}, UINT64_MAX);
  BOOST_CHECK_LE(reply.records.size(), Reader::reply_octets_max + encoded_event_length_max);
  BOOST_CHECK_GT(reply.next, 1u);
  BOOST_CHECK_LT(reply.next, 13u);
}

BOOST_AUTO_TEST_CASE(what_left_the_journal_shows_as_first) {
  ReaderFixture fixture;
  for (int i = 0; i < 4; ++i) fixture.publish_group(2);
  BOOST_REQUIRE(fixture.store->journal().trim({}, 2).value() == 2u);
  const auto reply = fixture.fetch(1);
  BOOST_CHECK_EQUAL(reply.first, 5u);
  BOOST_TEST(ReaderFixture::sequences(reply) == (Sequences{5, 6, 7, 8}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(damage_in_the_middle_is_told_after_what_is_before_it) {
  ReaderFixture fixture;
  for (int i = 0; i < 4; ++i) fixture.publish_group(2);
  fixture.damage(3);
  const auto before = fixture.fetch(1);
  BOOST_CHECK_EQUAL(before.first, 1u);
  BOOST_CHECK_EQUAL(before.next, 3u);
  BOOST_TEST(ReaderFixture::sequences(before) == (Sequences{1, 2}),
             boost::test_tools::per_element());
  const auto behind = fixture.fetch(3);
  BOOST_CHECK_EQUAL(behind.first, 5u);
  BOOST_TEST(ReaderFixture::sequences(behind) == (Sequences{5, 6, 7, 8}),
             boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.fetch(4).first, 5u);
  BOOST_CHECK_GT(fixture.counters["broker.journal.damaged"].load(), 0u);
}

BOOST_AUTO_TEST_CASE(damage_is_not_told_wider_than_it_is_to_a_reader_with_a_filter) {
  ReaderFixture fixture;
  for (int i = 0; i < 4; ++i) fixture.publish_group(2);
  fixture.damage(5);
  const auto reply = fixture.fetch(1, {"{urn:other}"});
  BOOST_CHECK_EQUAL(reply.first, 1u);
  BOOST_CHECK_EQUAL(reply.next, 5u);
  BOOST_CHECK_EQUAL(fixture.fetch(5, {"{urn:other}"}).first, 7u);
}

BOOST_AUTO_TEST_CASE(damage_at_both_ends_is_told_too) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  fixture.damage(1);
  BOOST_CHECK_EQUAL(fixture.fetch(1).first, 3u);
  fixture.damage(5);
  const auto reply = fixture.fetch(5);
  BOOST_CHECK_EQUAL(reply.first, 7u);
  BOOST_CHECK_EQUAL(reply.next, 7u);
  BOOST_CHECK_EQUAL(reply.head, 6u);
  fixture.damage(3);
  BOOST_CHECK_EQUAL(fixture.fetch(1).first, 7u);
}

BOOST_AUTO_TEST_CASE(group_that_is_missing_in_the_middle_shows_as_first) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  auto database =
      Database::open(Store::path_in(fixture.folder.path()), Database::Durability::normal);
  BOOST_REQUIRE(database->execute("DELETE FROM journal WHERE first=3"));
  BOOST_CHECK_EQUAL(fixture.fetch(1).next, 3u);
  BOOST_CHECK_EQUAL(fixture.fetch(3).first, 5u);
}

BOOST_AUTO_TEST_CASE(damage_is_handed_over_once_quarantined_and_announced) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  fixture.damage(3);
  (void)fixture.fetch(3);
  (void)fixture.fetch(3);
  const auto found = fixture.reader->take_damage();
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_CHECK_EQUAL(found[0].first, 3u);
  BOOST_CHECK_EQUAL(found[0].last, 4u);
  fixture.ingest->note_damage(found[0]);
  fixture.ingest->note_damage(found[0]);
  const auto out = fixture.commit({});
  BOOST_CHECK_EQUAL(out.head, 7u);
  BOOST_CHECK_EQUAL(fixture.store->journal().quarantined()->size(), 1u);

  // Readers still see the gap, and behind it the event that tells of it.
  const auto reply = fixture.fetch(3);
  BOOST_CHECK_EQUAL(reply.first, 5u);
  BOOST_TEST(ReaderFixture::sequences(reply) == (Sequences{5, 6, 7}),
             boost::test_tools::per_element());
  const auto records = split_records(reply.records);
  const auto event = decode_record(records->back());
  BOOST_REQUIRE(event);
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:sense:management}journal-damaged");
  BOOST_CHECK_EQUAL(event->principal, "broker");
  BOOST_CHECK_EQUAL(event->data, R"({"first":3,"last":4,"quarantined":1,"unreachable":false})");

  // Once is enough.
  BOOST_CHECK(fixture.reader->take_damage().empty());
  fixture.ingest->note_damage(found[0]);
  BOOST_CHECK(fixture.commit({}).watermark.empty());
}

BOOST_AUTO_TEST_CASE(what_is_readable_after_all_is_not_quarantined) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  fixture.ingest->note_damage({3, 4});
  BOOST_CHECK(fixture.commit({}).watermark.empty());
  BOOST_CHECK_EQUAL(ReaderFixture::sequences(fixture.fetch(1)).size(), 6u);
}

BOOST_AUTO_TEST_CASE(newest_group_that_is_damaged_costs_no_sequence_its_uniqueness) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  fixture.damage(5);
  fixture.restart();
  fixture.publish_group(2);
  const auto reply = fixture.fetch(5);
  const auto served = ReaderFixture::sequences(reply);
  BOOST_REQUIRE(served.size() == 3u);  // journal-damaged, and the two
  BOOST_CHECK_GT(served.front(), 6u);
  BOOST_CHECK_EQUAL(reply.first, served.front());
  BOOST_CHECK_EQUAL(fixture.store->journal().quarantined()->size(), 1u);
}

BOOST_AUTO_TEST_CASE(destroyed_page_is_told_as_a_gap_and_what_is_behind_is_served) {
  constexpr std::size_t page = 16'384;
  ReaderFixture fixture;
  for (int i = 0; i < 1'600; ++i) fixture.publish_group(2);
  fixture.reader.reset();
  fixture.store.reset();
  {
    auto database =
        Database::open(Store::path_in(fixture.folder.path()), Database::Durability::full);
    BOOST_REQUIRE(database->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  std::fstream file(Store::path_in(fixture.folder.path()),
                    std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(page * 12);
  file << std::string(page, '\xff');
  file.close();
  fixture.reopen();

  std::uint64_t next = 1;
  std::uint64_t lost = 0;
  std::uint64_t served = 0;
  while (next <= 3'200) {
    const auto reply = fixture.fetch(next);
    BOOST_REQUIRE_MESSAGE((reply.code == Code::noerror), reply.reason);
    BOOST_CHECK_EQUAL(reply.head, 3'200u);
    if (reply.first > next) lost += reply.first - next;
    served += ReaderFixture::sequences(reply).size();
    BOOST_REQUIRE_GT(reply.next, next);
    next = reply.next;
  }
  BOOST_CHECK_GT(lost, 0u);
  BOOST_CHECK_LT(lost, 600u);
  BOOST_CHECK_EQUAL(served + lost, 3'200u);
}

BOOST_AUTO_TEST_CASE(journal_that_cannot_be_opened_is_left_alone_with_advice) {
  const auto refused = [](const std::string& folder, std::size_t cut_at, const std::string& with) {
    const auto path = Store::path_in(folder);
    std::string file;
    {
      std::ifstream in(path, std::ios::binary);
      file.assign(std::istreambuf_iterator<char>(in), {});
    }
    file = file.substr(0, cut_at) + with;
    std::ofstream(path, std::ios::binary) << file;
    const auto store = Store::open(folder);
    BOOST_REQUIRE(!store);
    BOOST_CHECK_NE(store.error().message.find("broker.db"), std::string::npos);
    std::ifstream in(path, std::ios::binary);
    BOOST_CHECK((std::string(std::istreambuf_iterator<char>(in), {}) == file));
    return store.error();
  };
  ReaderFixture fixture;
  for (int i = 0; i < 400; ++i) fixture.publish_group(2);
  fixture.reader.reset();
  fixture.store.reset();
  const auto cut = refused(fixture.folder.path(), 4096 * 15, "");
  BOOST_CHECK(cut.code == Code::system);
  BOOST_CHECK_NE(cut.message.find("sense journal export"), std::string::npos);
  const auto foreign = refused(fixture.folder.path(), 0, std::string(8192, 'n'));
  BOOST_CHECK(foreign.code == Code::badparam);
  BOOST_CHECK_NE(foreign.message.find("`data`"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(fetch_leaves_no_transaction_open) {
  ReaderFixture fixture;
  for (int i = 0; i < 3; ++i) fixture.publish_group(2);
  for (const auto bytes : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
    (void)fixture.fetch(1, {"{"}, bytes);
    auto database =
        Database::open(Store::path_in(fixture.folder.path()), Database::Durability::full);
    const auto done = database->restart_wal();
    BOOST_REQUIRE(done);
    BOOST_CHECK(*done);
  }
}

BOOST_AUTO_TEST_CASE(head_tells_the_range) {
  ReaderFixture fixture;
  fixture.publish_group(4);
  bus::Request request;
  request.id = 9;
  request.operation = Operation::head;
  const auto reply = fixture.reader->answer(request);
  BOOST_REQUIRE(reply);
  BOOST_CHECK_EQUAL(reply->id, 9u);
  BOOST_CHECK_EQUAL(reply->first, 1u);
  BOOST_CHECK_EQUAL(reply->head, 4u);
}

BOOST_AUTO_TEST_CASE(reading_while_groups_are_committed_misses_nothing) {
  ReaderFixture fixture;
  constexpr std::uint64_t groups = 100;
  std::vector<std::vector<IncomingRef>> all(groups);
  for (std::uint64_t i = 0; i < groups; ++i) {
    std::vector<std::string> events;
    for (int k = 0; k < 5; ++k)
      events.push_back(encode(make_event(std::to_string(i) + "-" + std::to_string(k))));
    all[i].push_back(IngestFixture::publish(events));
  }
  std::atomic<bool> failed = false;
  std::thread writer([&] {
    for (const auto& group : all)
      if (!fixture.ingest->commit_group(group, fixture.clock.now())) failed = true;
  });
  std::uint64_t from = 1;
  bool in_order = true;
  while (from <= groups * 5 && !failed) {
    const auto reply = fixture.fetch(from, {"{"}, 400);
    BOOST_REQUIRE_GE(reply.head + 1, reply.next);
    for (const auto sequence : ReaderFixture::sequences(reply))
      in_order = in_order && sequence == from++;
    BOOST_REQUIRE_EQUAL(from, reply.next);
  }
  writer.join();
  BOOST_CHECK(!failed);
  BOOST_CHECK(in_order);
}

BOOST_AUTO_TEST_SUITE_END()
