// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/gateway_services.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

namespace {

// Answers a fetch as the broker does: with the first event from there on, if there is one.
struct JournalBus : testing::FakeBus {
  std::vector<std::uint64_t> held;
  std::optional<Error> broken;
  std::vector<std::string> asked_prefixes;
  std::size_t asked_octets = 0;

  void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t octets,
             Answer<FetchReply> done) override {
    asked_prefixes = std::move(prefixes);
    asked_octets = octets;
    if (broken) return done(tl::unexpected(*broken));
    FetchReply reply;
    for (const auto one : held) {
      if (one < from) continue;
      Event event;
      event.sequence = one;
      reply.events.push_back(std::make_shared<const Event>(event));
      break;
    }
    done(std::move(reply));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_services_tests)

BOOST_AUTO_TEST_CASE(event_is_found_by_its_sequence_and_no_other_is_given_for_it) {
  JournalBus bus;
  bus.held = {3, 5, 6};
  const auto event_at = events_by_sequence(bus);
  const auto answer = [&](std::uint64_t sequence) {
    std::optional<Result<EventRef>> found;
    event_at(sequence, [&](Result<EventRef> result) {
      BOOST_CHECK(!found.has_value());
      found = std::move(result);
    });
    BOOST_REQUIRE(found.has_value());
    return *found;
  };
  BOOST_CHECK_EQUAL((*answer(5))->sequence, 5U);
  BOOST_CHECK_EQUAL(bus.asked_octets, 1U);
  BOOST_REQUIRE_EQUAL(bus.asked_prefixes.size(), 1U);
  BOOST_CHECK_EQUAL(bus.asked_prefixes[0], "{");
  for (const std::uint64_t sequence : {0U, 1U, 4U, 7U})
    BOOST_CHECK_MESSAGE((answer(sequence).error().code == Code::notfound), sequence);
  bus.broken = Error{Code::timeout, "no answer"};
  BOOST_CHECK(answer(5).error().code == Code::timeout);
}

BOOST_AUTO_TEST_SUITE_END()
