// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/feeds/feed_reader.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

const WallTime now{1'000'000s};

EventRef event_at(std::uint64_t sequence, std::optional<WallTime> expires = {}) {
  Event event;
  event.sequence = sequence;
  event.id = std::to_string(sequence);
  event.time = now - 10s;
  if (expires) event.expirytime = *expires;
  return std::make_shared<const Event>(std::move(event));
}

Bus::FetchReply part(std::vector<EventRef> events, std::uint64_t next, std::uint64_t head,
                     std::uint64_t first = 1) {
  Bus::FetchReply reply;
  reply.events = std::move(events);
  reply.next = next;
  reply.head = head;
  reply.first = first;
  return reply;
}

// Every second event.
std::optional<bool> even(const Event& event) { return event.sequence % 2 == 0; }

// "1@2 3-4:expired": number@sequence, and gaps.
std::string text(const std::optional<FeedReader::Items>& items) {
  if (!items) return "used up";
  std::string all;
  for (const auto& item : *items) {
    all += all.empty() ? "" : " ";
    all += std::to_string(item.number);
    if (!item.event) all += "-" + std::to_string(item.number_last) + ":" + item.reason;
    all += "@" + std::to_string(item.sequence);
  }
  return all;
}

std::string read(FeedReader& reader, const Bus::FetchReply& reply, std::size_t most = 100,
                 std::optional<Duration> expiry = {}) {
  return text(reader.read(reply, most, expiry, now, even));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(feed_reader_tests)

BOOST_AUTO_TEST_CASE(selected_events_get_numbers_in_their_order) {
  FeedReader reader({7, 3}, {});
  BOOST_CHECK_EQUAL(read(reader, part({event_at(4), event_at(5), event_at(6)}, 7, 9)), "8@4 9@6");
  BOOST_CHECK(!reader.at_end());
  BOOST_CHECK_EQUAL(reader.position(), 6U);
  BOOST_CHECK_EQUAL(read(reader, part({event_at(8)}, 10, 9)), "10@8");
  BOOST_CHECK(reader.at_end());
  BOOST_CHECK_EQUAL(reader.position(), 9U);
}

BOOST_AUTO_TEST_CASE(it_stops_after_what_is_wanted_and_goes_on_there) {
  FeedReader reader({0, 0}, {});
  const auto all = part({event_at(2), event_at(3), event_at(4), event_at(6)}, 7, 6);
  BOOST_CHECK_EQUAL(read(reader, all, 1), "1@2");
  BOOST_CHECK_EQUAL(reader.position(), 2U);
  BOOST_CHECK(!reader.at_end());
  BOOST_CHECK_EQUAL(read(reader, all, 2), "2@4 3@6");
  BOOST_CHECK(reader.at_end());
  BOOST_CHECK_EQUAL(read(reader, all), "");
}

BOOST_AUTO_TEST_CASE(an_event_that_has_expired_is_a_gap_and_keeps_its_number) {
  FeedReader reader({0, 0}, {});
  BOOST_CHECK_EQUAL(read(reader, part({event_at(2, now), event_at(4, now - 1s), event_at(6),
                                       event_at(8, now + 1s)},
                                      9, 8)),
                    "1-2:expired@4 3@6 4@8");
  // By the subscription's own limit.
  FeedReader again({0, 0}, {});
  BOOST_CHECK_EQUAL(read(again, part({event_at(2)}, 3, 2), 100, 10s), "1-1:expired@2");
  FeedReader later({0, 0}, {});
  BOOST_CHECK_EQUAL(read(later, part({event_at(2)}, 3, 2), 100, 11s), "1@2");
}

BOOST_AUTO_TEST_CASE(what_the_journal_does_not_hold_any_more_is_one_gap) {
  FeedReader reader({5, 10}, {});
  BOOST_CHECK_EQUAL(read(reader, part({event_at(22)}, 23, 22, 20)), "6-6:retention@19 7@22");
  // The journal is empty, or all of it has been seen.
  FeedReader seen({5, 22}, {});
  BOOST_CHECK_EQUAL(read(seen, part({}, 23, 22, 23)), "");
}

BOOST_AUTO_TEST_CASE(a_journal_restored_from_a_backup_goes_on_at_its_end) {
  FeedReader reader({5, 100}, {});
  BOOST_CHECK_EQUAL(read(reader, part({}, 51, 50)), "");
  BOOST_CHECK_EQUAL(reader.position(), 50U);
  BOOST_CHECK_EQUAL(read(reader, part({event_at(52)}, 53, 52)), "6@52");
}

BOOST_AUTO_TEST_CASE(a_number_alone_is_found_by_reading) {
  FeedReader reader({2, 4}, FeedPosition{4, 0});
  BOOST_CHECK(!reader.acknowledged());
  BOOST_CHECK(reader.asked_too_much());
  BOOST_CHECK_EQUAL(read(reader, part({event_at(6)}, 7, 10)), "");
  BOOST_CHECK(!reader.acknowledged());
  BOOST_CHECK_EQUAL(read(reader, part({event_at(8), event_at(10)}, 11, 10)), "5@10");
  BOOST_CHECK(reader.acknowledged() == (FeedPosition{4, 8}));
  BOOST_CHECK(!reader.asked_too_much());
}

BOOST_AUTO_TEST_CASE(number_and_sequence_are_taken_at_once) {
  FeedReader reader({2, 4}, FeedPosition{4, 8});
  BOOST_CHECK(reader.acknowledged() == (FeedPosition{4, 8}));
  BOOST_CHECK_EQUAL(reader.position(), 8U);
  BOOST_CHECK_EQUAL(read(reader, part({event_at(10)}, 11, 10)), "5@10");
}

BOOST_AUTO_TEST_CASE(a_pair_that_cannot_be_is_no_acknowledgement) {
  // Three items more within two events; and a position before the present one.
  for (const FeedPosition asked : {FeedPosition{5, 6}, FeedPosition{4, 3}, FeedPosition{9, 4}}) {
    const FeedReader reader({2, 4}, asked);
    BOOST_CHECK(!reader.acknowledged());
    BOOST_CHECK_EQUAL(reader.position(), 4U);
    BOOST_CHECK(reader.asked_too_much());
  }
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_and_is_asked_for_again_is_a_gap) {
  FeedReader reader({5, 10}, FeedPosition{2, 4});
  BOOST_CHECK_EQUAL(read(reader, part({event_at(12)}, 13, 12)), "3-5:acknowledged@10 6@12");
  BOOST_CHECK_EQUAL(read(reader, part({event_at(14)}, 15, 14)), "7@14");
}

BOOST_AUTO_TEST_CASE(used_up_steps_end_it) {
  FeedReader reader({0, 0}, {});
  const auto items = reader.read(part({event_at(2)}, 3, 2), 10, {}, now,
                                 [](const Event&) { return std::optional<bool>(); });
  BOOST_CHECK(!items);
  BOOST_CHECK_EQUAL(reader.position(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
