// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/ingest.hpp"

#include <boost/test/unit_test.hpp>

#include "core/subscription/dead_letter_request.hpp"
#include "core/subscription/test_event.hpp"
#include "tests/broker/full_disk.hpp"
#include "tests/broker/ingest_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;
using bus::Published;

namespace {

std::string event(const std::string& id, const std::string& type = "{urn:example:printer}jam") {
  return encode(make_event(id, type));
}

std::vector<std::string> some(std::size_t count, const std::string& prefix) {
  std::vector<std::string> events;
  for (std::size_t i = 0; i < count; ++i) events.push_back(event(prefix + std::to_string(i)));
  return events;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ingest_tests)

BOOST_AUTO_TEST_CASE(sequences_are_consecutive_over_groups_and_restarts) {
  IngestFixture fixture;
  std::uint64_t expected = 1;
  for (int round = 0; round < 3; ++round) {
    std::vector<IncomingRef> group;
    for (const auto* peer : {"a", "b"})
      group.push_back(IngestFixture::publish(some(3, peer + std::to_string(round)), peer));
    const auto out = fixture.commit(group);
    BOOST_REQUIRE(out.answers.size() == 2u);
    BOOST_CHECK_EQUAL(out.answers[0].peer, "a");
    BOOST_CHECK_EQUAL(out.answers[1].peer, "b");
    for (std::size_t answer = 0; answer < 2; ++answer)
      for (const auto& published : fixture.reply(out, Operation::publish, answer).published) {
        BOOST_CHECK(published.code == Code::noerror);
        BOOST_CHECK_EQUAL(published.sequence, expected++);
      }
    fixture.restart();
    BOOST_CHECK_EQUAL(fixture.ingest->head(), expected - 1);
  }
  BOOST_CHECK_EQUAL(fixture.journal().size(), 18u);
}

BOOST_AUTO_TEST_CASE(folder_of_before_leases_had_a_column_keeps_its_leases) {
  IngestFixture fixture;
  auto subscription = make_subscription("s-1");
  subscription.period = 10min;
  subscription.expires = fixture.clock.now().wall + 10min;
  (void)fixture.put_now("subscription", "s-1", 0, to_json(subscription, true));
  const auto due = fixture.ingest->next_timer();
  BOOST_REQUIRE(due);
  fixture.ingest.reset();
  fixture.store.reset();
  {
    auto older = Database::open(Store::path_in(fixture.folder.path()), Database::Durability::full);
    BOOST_REQUIRE(older);
    BOOST_REQUIRE(older->execute("ALTER TABLE registry DROP COLUMN lease_end"));
  }
  for (int start = 0; start < 2; ++start) {
    fixture.restart();
    BOOST_REQUIRE(fixture.ingest->next_timer());
    BOOST_CHECK(*fixture.ingest->next_timer() == *due);
  }
}

BOOST_AUTO_TEST_CASE(record_carries_stamp_and_untouched_octets) {
  IngestFixture fixture;
  BOOST_REQUIRE(fixture.publish_now({event("1")}).size() == 1u);
  const auto journal = fixture.journal();
  BOOST_REQUIRE(journal.size() == 1u);
  auto expected = make_event("1");
  expected.sequence = 1;
  expected.observedtime = fixture.clock.now().wall;
  expected.principal = "tester";
  BOOST_CHECK(journal[0] == expected);
}

BOOST_AUTO_TEST_CASE(watermark_counts_what_was_published_by_type) {
  IngestFixture fixture;
  (void)fixture.publish_now({event("0")});
  const auto out = fixture.commit_one(IngestFixture::publish(
      {event("1"), event("2"), event("3", "{urn:other}x"), event("4"), event("1")}));
  // Neighbours with one topic are one message.
  BOOST_REQUIRE(out.publications.size() == 3u);
  BOOST_CHECK_EQUAL(out.publications[0].topic, topic_of(make_event("1")));
  BOOST_CHECK_EQUAL(split_records(out.octets_of(out.publications[0]))->size(), 2u);
  const auto watermark = bus::decode_watermark(out.watermark);
  BOOST_REQUIRE(watermark);
  BOOST_CHECK_EQUAL(watermark->previous, 1u);
  BOOST_CHECK_EQUAL(watermark->head, 5u);
  BOOST_CHECK_EQUAL(out.head, 5u);
  BOOST_REQUIRE(watermark->tally.size() == 2u);
  BOOST_CHECK_EQUAL(watermark->tally[0].first, "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(watermark->tally[0].second, 3u);
  BOOST_CHECK_EQUAL(watermark->tally[1].second, 1u);
}

BOOST_AUTO_TEST_CASE(one_message_to_subscribers_stays_small) {
  IngestFixture fixture;
  std::vector<std::string> events;
  for (int i = 0; i < 12; ++i) {
    auto big = make_event(std::to_string(i));
    big.data.assign(Event::data_length_max, 'x');
    events.push_back(encode(big));
  }
  const auto out = fixture.commit_one(IngestFixture::publish(events));
  BOOST_CHECK_EQUAL(out.publications.size(), 12u);
  const auto many = fixture.commit_one(IngestFixture::publish(some(9'999, "m")));
  for (const auto& publication : many.publications)
    BOOST_CHECK_LE(publication.length, bus::publication_octets_max);
}

BOOST_AUTO_TEST_CASE(repeated_event_is_stored_once_also_within_its_group) {
  IngestFixture fixture;
  std::vector<IncomingRef> group;
  group.push_back(IngestFixture::publish({event("1"), event("1")}, "a"));
  group.push_back(IngestFixture::publish({event("1"), event("2")}, "b"));
  const auto out = fixture.commit(group);
  const auto first = fixture.reply(out, Operation::publish, 0).published;
  const auto second = fixture.reply(out, Operation::publish, 1).published;
  BOOST_CHECK(first[0].code == Code::noerror);
  BOOST_CHECK(first[1].code == Code::duplicate);
  BOOST_CHECK_EQUAL(first[1].sequence, 1u);
  BOOST_CHECK(second[0].code == Code::duplicate);
  BOOST_CHECK_EQUAL(second[0].sequence, 1u);
  BOOST_CHECK_EQUAL(second[1].sequence, 2u);
  BOOST_CHECK_EQUAL(fixture.journal().size(), 2u);
}

BOOST_AUTO_TEST_CASE(repeat_is_known_across_a_restart_until_its_window_ends) {
  IngestFixture fixture;
  (void)fixture.publish_now({event("1"), event("2")});
  fixture.clock.advance(9min);
  fixture.restart();
  const auto again = fixture.publish_now({event("2")});
  BOOST_CHECK(again[0].code == Code::duplicate);
  BOOST_CHECK_EQUAL(again[0].sequence, 2u);
  fixture.clock.advance(2min);
  const auto late = fixture.publish_now({event("2")});
  BOOST_CHECK(late[0].code == Code::noerror);
  BOOST_CHECK_EQUAL(late[0].sequence, 3u);
  // The second time counts, and not the first, also after a restart.
  fixture.restart();
  BOOST_CHECK(fixture.publish_now({event("2")})[0].code == Code::duplicate);
}

BOOST_AUTO_TEST_CASE(same_id_from_another_source_is_another_event) {
  IngestFixture fixture;
  const auto other = encode(make_event("1", "{urn:example:printer}jam", "//other"));
  const auto published = fixture.publish_now({event("1"), other});
  BOOST_CHECK(published[1].code == Code::noerror);
  BOOST_CHECK_EQUAL(fixture
                        .reply(fixture.commit_one([] {
                          bus::Request request;
                          request.operation = Operation::list;
                          request.kind = "source";
                          request.limit = 10;
                          return IngestFixture::incoming(request);
                        }()),
                               Operation::list)
                        .entries.size(),
                    2u);
}

BOOST_AUTO_TEST_CASE(reasons_of_many_refusals_are_bounded_and_each_event_has_its_code) {
  IngestFixture fixture;
  const auto out = fixture.commit_one(
      IngestFixture::publish(std::vector<std::string>(bus::publish_events_max, "rubbish")));
  BOOST_CHECK_LT(out.answers[0].octets.size(), 64 * 1024 + 8 * bus::publish_events_max);
  const auto published = fixture.reply(out, Operation::publish).published;
  BOOST_REQUIRE_EQUAL(published.size(), bus::publish_events_max);
  BOOST_CHECK(!published.front().reason.empty());
  BOOST_CHECK(published.back().reason.empty());
  BOOST_CHECK(published.back().code == Code::protoerror);
}

BOOST_AUTO_TEST_CASE(malformed_event_is_refused_and_its_neighbours_stored) {
  IngestFixture fixture;
  auto invalid = make_event("3");
  invalid.severity = 9;
  const auto published = fixture.publish_now(
      {event("1"), "rubbish", "", event("2"), encode(invalid), event("4") + "x", event("5")});
  BOOST_REQUIRE(published.size() == 7u);
  const std::array<bool, 7> good = {true, false, false, true, false, false, true};
  std::uint64_t sequence = 1;
  for (std::size_t i = 0; i < good.size(); ++i) {
    BOOST_CHECK_EQUAL((published[i].code == Code::noerror), good[i]);
    BOOST_CHECK_EQUAL(published[i].sequence, (good[i] ? sequence++ : 0));
    BOOST_CHECK_EQUAL(published[i].reason.empty(), good[i]);
  }
  BOOST_CHECK_EQUAL(fixture.journal().size(), 3u);
}

BOOST_AUTO_TEST_CASE(events_that_only_the_broker_may_publish_are_noaccess) {
  IngestFixture fixture;
  for (const auto* local : {"subscription-created", "subscription-ended", "subscription-x",
                            "gateway-changed", "gateway-removed", "journal-full", "overload"}) {
    const auto published =
        fixture.publish_now({event("1", std::string("{urn:sense:management}") + local)});
    BOOST_CHECK(published[0].code == Code::noaccess);
  }
  BOOST_CHECK((fixture.publish_now({event("1", "{urn:sense:management}heartbeat")})[0].code ==
               Code::noerror));
  BOOST_CHECK((fixture.publish_now({event("2", "{urn:other}subscription-created")})[0].code ==
               Code::noerror));
}

BOOST_AUTO_TEST_CASE(a_test_is_accepted_from_the_owner_and_with_the_right_to_manage_only) {
  IngestFixture fixture;
  auto subscription = make_subscription("s-1");
  subscription.owner = "tester";
  BOOST_REQUIRE((fixture.put_now("subscription", "s-1", 0, to_json(subscription, true)).code ==
                 Code::noerror));
  BOOST_REQUIRE(
      (fixture.put_now("subscription", "s-2", 0, to_json(make_subscription("s-2"), true)).code ==
       Code::noerror));
  const auto send = [&](const char* id, RightsRef rights, const char* peer = "peer") {
    auto test = test_event(make_subscription(id), "tester", fixture.clock.now().wall);
    auto incoming = IngestFixture::publish({encode(test)}, peer);
    incoming->topic = topic_of(test);
    incoming->rights = std::move(rights);
    const auto before = fixture.ingest->head();
    (void)fixture.commit_one(std::move(incoming));
    return fixture.ingest->head() != before;
  };
  const auto nothing = std::make_shared<const Rights>();
  BOOST_CHECK(send("s-1", nothing));  // its own
  BOOST_CHECK(!send("s-2", nothing));
  BOOST_CHECK(!send("s-none", nothing));
  BOOST_CHECK(send("s-2", Rights::all()));
  BOOST_CHECK(!send("s-none", Rights::all()));
  BOOST_CHECK(!send("s-2", Rights::all(), ""));  // as a plain publisher
  BOOST_CHECK_EQUAL(fixture.journal().back().principal, "tester");
}

BOOST_AUTO_TEST_CASE(dead_letter_requests_need_the_right_to_manage) {
  IngestFixture fixture;
  BOOST_REQUIRE((fixture.put_now("gateway", "web", 0, "{}").code == Code::noerror));
  const auto send = [&](const Event& event, RightsRef rights, const char* peer = "peer") {
    auto incoming = IngestFixture::publish({encode(event)}, peer);
    incoming->topic = topic_of(event);
    incoming->rights = std::move(rights);
    const auto out = fixture.commit_one(std::move(incoming));
    return *peer == 0 ? Published{} : fixture.reply(out, Operation::publish).published.at(0);
  };
  Rights::Granted granted;
  granted.publish = {Rule::everything()};
  granted.route = {"*"};
  granted.list = true;
  const auto publisher = std::make_shared<const Rights>(granted);
  DeadLetterRequest request;
  request.selection.all = true;
  DeadLetterOutcome outcome;
  outcome.gateway = "web";
  const auto head = fixture.ingest->head();
  for (const auto action : {DeadLetterAction::redrive, DeadLetterAction::purge}) {
    request.action = outcome.asked.action = action;
    for (const bool finished : {true, false}) {
      outcome.finished = finished;
      const auto answer = dead_letter_outcome_event(outcome, fixture.clock.now().wall);
      BOOST_CHECK(send(answer, publisher).code == Code::noaccess);
    }
    const auto made = dead_letter_request_event("web", request, fixture.clock.now().wall);
    const auto refused = send(made, publisher);
    BOOST_CHECK(refused.code == Code::noaccess);
    BOOST_CHECK_MESSAGE(refused.reason.find("'manage'") != std::string::npos, refused.reason);
    (void)send(made, Rights::all(), "");  // as a plain publisher
  }
  BOOST_CHECK_EQUAL(fixture.ingest->head(), head);
  // With the right to manage, the refusal tells the fault.
  const auto elsewhere = dead_letter_request_event("wep", request, fixture.clock.now().wall);
  BOOST_CHECK(send(elsewhere, Rights::all()).code == Code::notfound);
  auto vague = dead_letter_request_event("web", request, fixture.clock.now().wall);
  vague.data = "{}";
  BOOST_CHECK(send(vague, Rights::all()).code == Code::badparam);
  BOOST_CHECK((fixture.publish_now({event("x", "{urn:sense:management}dead-letters-x")})[0].code ==
               Code::noaccess));
  BOOST_CHECK_EQUAL(fixture.ingest->head(), head);
  const auto good = dead_letter_request_event("web", request, fixture.clock.now().wall);
  BOOST_CHECK(send(good, Rights::all()).code == Code::noerror);
  BOOST_CHECK(
      send(dead_letter_outcome_event(outcome, fixture.clock.now().wall), Rights::all()).code ==
      Code::noerror);
  BOOST_CHECK_EQUAL(fixture.ingest->head(), head + 2);
}

BOOST_AUTO_TEST_CASE(plain_event_needs_its_own_topic_and_gets_no_answer) {
  IngestFixture fixture;
  const auto topic = topic_of(make_event("1"));
  BOOST_CHECK(fixture.commit_one(IngestFixture::plain(topic, event("1"))).answers.empty());
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 1u);
  const auto out = fixture.commit_one(IngestFixture::plain("{urn:example:printer}jam", event("2")));
  BOOST_CHECK(out.answers.empty());
  BOOST_CHECK(out.watermark.empty());
  BOOST_CHECK(fixture.commit_one(IngestFixture::plain(topic, "rubbish")).answers.empty());
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 1u);
}

BOOST_AUTO_TEST_CASE(full_disk_refuses_the_whole_group_and_stores_nothing_of_it) {
  FullDisk disk;
  IngestFixture fixture;
  (void)fixture.publish_now({event("before")});
  const auto sequence = fixture.put_now("gateway", "g", 0, "1").sequence;
  BOOST_CHECK_EQUAL(sequence, 2u);
  disk.fill();
  for (int round = 0; round < 3; ++round) {
    std::vector<IncomingRef> group;
    group.push_back(IngestFixture::publish(some(2'000, "full"), "a"));
    group.push_back(IngestFixture::put("gateway", "g", 2, "2"));
    group.push_back(
        IngestFixture::put("subscription", "s-1", 0, to_json(make_subscription("s-1"), true)));
    const auto out = fixture.commit(group);
    BOOST_REQUIRE(out.answers.size() == 3u);
    BOOST_CHECK(fixture.reply(out, Operation::publish, 0).code == Code::nomoreroom);
    BOOST_CHECK(fixture.reply(out, Operation::publish, 0).published.empty());
    BOOST_CHECK(fixture.reply(out, Operation::put, 1).code == Code::nomoreroom);
    BOOST_CHECK(fixture.reply(out, Operation::put, 2).code == Code::nomoreroom);
    BOOST_CHECK(out.publications.empty());
    BOOST_CHECK(out.watermark.empty());
    BOOST_CHECK_EQUAL(fixture.ingest->head(), 2u);
  }
  disk.free();
  // What was refused is no duplicate, and gets the next sequence.
  const auto published = fixture.publish_now(some(2'000, "full"));
  BOOST_CHECK(published[0].code == Code::noerror);
  BOOST_CHECK_EQUAL(published[0].sequence, 3u);
  BOOST_CHECK_EQUAL(fixture.put_now("gateway", "g", 2, "2").sequence, 2'003u);
  BOOST_CHECK_EQUAL(fixture.journal().size(), 2'003u);
  fixture.restart();
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 2'003u);
}

BOOST_AUTO_TEST_CASE(lease_that_cannot_end_on_a_full_disk_ends_when_there_is_room) {
  FullDisk disk;
  IngestFixture fixture;
  auto subscription = make_subscription("s-1");
  subscription.period = 10min;
  subscription.expires = fixture.clock.now().wall + 10min;
  BOOST_CHECK(fixture.put_now("subscription", "s-1", 0, to_json(subscription, true)).code ==
              Code::noerror);
  fixture.clock.advance(11min);
  disk.fill();
  // Fill up what the file still has.
  for (int i = 0; i < 5; ++i)
    (void)fixture.commit_one(IngestFixture::publish(some(200, "f" + std::to_string(i))));
  BOOST_CHECK(fixture.ingest->next_timer().has_value());
  disk.free();
  const auto out = fixture.commit({});
  BOOST_CHECK_EQUAL(bus::decode_watermark(out.watermark)->tally.back().first,
                    "{urn:sense:management}subscription-ended");
  BOOST_CHECK(!fixture.ingest->next_timer());
}

BOOST_AUTO_TEST_SUITE_END()
