// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/seen_types.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace sense;
using namespace std::chrono_literals;

namespace {

Event event_of_type(const std::string& type) {
  Event event;
  event.id = "e";
  event.type = *QName::parse(type);
  event.source = "//a";
  return event;
}

struct SeenTypesFixture {
  void note(const Event& event) {
    const auto octets = encode(event);
    types.note(*peek_event(octets), octets);
  }
  void note(const std::string& type) { note(event_of_type(type)); }
  std::size_t commit() {
    const auto rows = types.rows(++head, clock.now());
    stored.insert(stored.end(), rows.begin(), rows.end());
    types.commit();
    return rows.size();
  }
  std::string shown(const std::string& type) const {
    for (const auto& entry : types.list("", 100))
      if (entry.key == type) return entry.value;
    return "";
  }

  VirtualClock clock;
  Counters counters;
  SeenTypes types{2, counters["dropped"]};
  std::uint64_t head = 0;
  std::vector<RegistryRow> stored;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(seen_types_tests, SeenTypesFixture)

BOOST_AUTO_TEST_CASE(events_are_counted_and_the_first_one_is_described_without_values) {
  auto first = event_of_type("{urn:t}a");
  first.severity = 3;
  first.time = clock.now().wall;
  first.subject = "secret";
  first.data = "secret";
  first.extensions = {{"big", true}, {"room", std::string("secret")}, {"raw", Bytes{1}}};
  note(first);
  note("{urn:t}a");
  note("{urn:t}a");
  commit();
  BOOST_CHECK_EQUAL(shown("{urn:t}a"),
                    R"({"count":3,"last":"2023-11-14T22:13:20.000Z","attributes":{)"
                    R"("subject":"String","time":"Timestamp","severity":"Integer",)"
                    R"("big":"Boolean","raw":"Binary","room":"String"}})");
}

BOOST_AUTO_TEST_CASE(events_for_some_principals_are_not_known_to_others) {
  auto event = event_of_type("{urn:t}a");
  event.audience = {"ann"};
  note(event);
  BOOST_CHECK_EQUAL(commit(), 0U);
  BOOST_CHECK(types.list("", 10).empty());
  note("{urn:t}a");
  note(event);
  commit();
  BOOST_CHECK(shown("{urn:t}a").starts_with(R"({"count":1,)"));
  BOOST_CHECK(shown("{urn:t}a").find("audience") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(there_is_room_for_so_many_types) {
  note("{urn:t}a");
  note("{urn:t}b");
  note("{urn:t}c");
  note("{urn:t}c");
  note("{urn:t}a");
  commit();
  BOOST_CHECK_EQUAL(types.list("", 10).size(), 2U);
  BOOST_CHECK(shown("{urn:t}a").starts_with(R"({"count":2,)"));
  BOOST_CHECK_EQUAL(counters.snapshot().at("dropped"), 2U);
}

BOOST_AUTO_TEST_CASE(of_an_example_with_many_attributes_some_are_shown) {
  auto event = event_of_type("{urn:t}a");
  for (int i = 10; i < 74; ++i) event.extensions.emplace("x" + std::to_string(i), true);
  note(event);
  commit();
  BOOST_CHECK(shown("{urn:t}a").find("x41") != std::string::npos);
  BOOST_CHECK(shown("{urn:t}a").find("x42") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_undone_was_never_seen) {
  note("{urn:t}a");
  commit();
  note("{urn:t}a");
  note("{urn:t}b");
  (void)types.rows(++head, clock.now());
  types.rollback();
  BOOST_CHECK(shown("{urn:t}a").starts_with(R"({"count":1,)"));
  BOOST_CHECK_EQUAL(shown("{urn:t}b"), "");
  note("{urn:t}b");
  commit();
  BOOST_CHECK(shown("{urn:t}b").starts_with(R"({"count":1,)"));
}

BOOST_AUTO_TEST_CASE(a_new_type_is_stored_at_once_and_numbers_every_ten_seconds) {
  note("{urn:t}a");
  BOOST_CHECK_EQUAL(commit(), 1U);
  clock.advance(9s);
  note("{urn:t}a");
  BOOST_CHECK_EQUAL(commit(), 0U);
  clock.advance(1s);
  BOOST_CHECK_EQUAL(commit(), 0U);
  note("{urn:t}a");
  BOOST_CHECK_EQUAL(commit(), 1U);
  BOOST_CHECK(stored.back().entry.value.starts_with(R"({"count":3,)"));
  BOOST_CHECK_EQUAL(stored.back().entry.revision, head);
  BOOST_CHECK_EQUAL(types.list("", 10).at(0).revision, head);
}

BOOST_AUTO_TEST_CASE(a_restart_counts_what_was_not_stored_and_nothing_twice) {
  note("{urn:t}a");
  commit();
  note("{urn:t}a");
  note("{urn:t}a");
  SeenTypes restored(2, counters["dropped"]);
  restored.load(stored.back().entry);
  const auto octets = encode(event_of_type("{urn:t}a"));
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence)
    restored.recount(*peek_event(octets), octets, sequence, clock.now().wall);
  BOOST_REQUIRE_EQUAL(restored.list("", 10).size(), 1U);
  BOOST_CHECK(restored.list("", 10)[0].value.starts_with(R"({"count":3,)"));
}

BOOST_AUTO_TEST_CASE(a_row_that_cannot_be_read_is_no_type) {
  for (const auto* value : {"", "{", "[]", "{}", R"({"count":-1,"last":"x","attributes":{}})",
                            R"({"count":1,"last":"2023-11-14T22:13:20Z","attributes":7})"})
    types.load({"type", "a", 1, value});
  BOOST_CHECK(types.list("", 10).empty());
}

BOOST_AUTO_TEST_SUITE_END()
