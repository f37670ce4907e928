// SPDX-License-Identifier: Apache-2.0
#include "core/event/recipients.hpp"

#include <boost/test/unit_test.hpp>

#include "core/event/codec.hpp"

using namespace sense;

namespace {

const std::vector<std::string> ada = {"ada"};

Event event_with_all() {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{urn:a}one");
  event.source = "//s";
  event.datacontenttype = "text/plain";
  event.severity = 3;
  event.time = from_micros(1'795'252'500'250'000);
  event.extensions = {{"a", std::string("first")},
                      {"audiencf", std::int32_t{-7}},
                      {"exceps", true},
                      {"zz", Bytes{1, 2, 3}}};
  event.data = std::string("da\0ta", 5);
  return event;
}

std::string served(const std::string& principal, const Event& event) {
  std::string without;
  const auto octets = encode(event);
  const std::vector<std::string> names = {principal};
  return std::string(octets_for(names, octets, without));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recipients_tests)

BOOST_AUTO_TEST_CASE(an_event_is_for_those_that_its_audience_names_and_its_except_does_not) {
  struct Case {
    std::vector<std::string> audience, except;
    bool for_ada;
  };
  for (const auto& [audience, except, for_ada] : std::vector<Case>{{{}, {}, true},
                                                                   {{"ada"}, {}, true},
                                                                   {{"grace", "ada"}, {}, true},
                                                                   {{"grace"}, {}, false},
                                                                   {{"ad", "adaa", ""}, {}, false},
                                                                   {{}, {"grace"}, true},
                                                                   {{}, {"ada"}, false},
                                                                   {{"ada"}, {"ada"}, false},
                                                                   {{"ada"}, {"grace"}, true}}) {
    auto event = event_with_all();
    event.audience = audience;
    event.except = except;
    BOOST_CHECK_EQUAL(is_for(event, ada), for_ada);
    BOOST_CHECK_EQUAL(has_recipients(event), !audience.empty() || !except.empty());
    BOOST_CHECK_EQUAL(served("ada", event).empty(), !for_ada);
    BOOST_CHECK_EQUAL(peek_event(encode(event))->has_recipients, has_recipients(event));
  }
}

BOOST_AUTO_TEST_CASE(recipient_has_its_groups_names_too) {
  const std::vector<std::string> names = {"ada", "staff", "key:hp4"};
  const auto check = [&](std::vector<std::string> audience, std::vector<std::string> except,
                         bool expected) {
    auto event = event_with_all();
    event.audience = std::move(audience);
    event.except = std::move(except);
    std::string without;
    const auto octets = encode(event);
    BOOST_CHECK_EQUAL(is_for(event, names), expected);
    BOOST_CHECK_EQUAL(!octets_for(names, octets, without).empty(), expected);
  };
  check({"staff"}, {}, true);
  check({"grace", "key:hp4"}, {}, true);
  check({"staff"}, {"grace"}, true);
  check({"ada"}, {"staff"}, false);  // the exception is the stronger one
  check({"staff"}, {"ada"}, false);
  check({}, {"staff"}, false);
  check({"staf"}, {}, false);
  BOOST_CHECK(is_for(event_with_all(), {}));
}

BOOST_AUTO_TEST_CASE(every_octet_but_those_of_the_lists_stays) {
  const auto plain = encode(event_with_all());
  auto event = event_with_all();
  BOOST_CHECK_EQUAL(served("ada", event), plain);
  event.audience = {"ada", std::string(256, 'x')};
  BOOST_CHECK_EQUAL(served("ada", event), plain);
  event.except.assign(Event::principals_max, "grace");
  BOOST_CHECK_EQUAL(served("ada", event), plain);
  event.audience.clear();
  BOOST_CHECK_EQUAL(served("ada", event), plain);
  event.extensions.clear();
  event.severity.reset();
  const auto shared = without_recipients(std::make_shared<const Event>(event));
  BOOST_CHECK_EQUAL(served("ada", event), encode(*shared));
}

// 16 pairs have a header of three octets, 15 one of one octet.
BOOST_AUTO_TEST_CASE(the_number_of_attributes_is_written_anew) {
  auto event = event_with_all();
  for (int i = 0; i < 8; ++i) event.extensions.emplace("m" + std::to_string(i), true);
  const auto plain = encode(event);
  event.audience = {"ada"};
  BOOST_CHECK_EQUAL(served("ada", event), plain);
  BOOST_CHECK_EQUAL(encode(event).size(), plain.size() + 2 + 1 + 8 + 1 + 4);
}

BOOST_AUTO_TEST_CASE(octets_without_lists_are_not_copied) {
  const auto octets = encode(event_with_all());
  std::string without;
  BOOST_CHECK(octets_for(ada, octets, without).data() == octets.data());
}

// Octets that are no event any more are for no principal, wherever they end.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_for_no_principal) {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{urn:a}one");
  event.source = "//s";
  event.audience = {"ada", "grace"};
  event.except = {"bob"};
  const auto octets = encode(event);
  std::string without;
  const auto lists_end = octets.size() - 2;  // an empty bin follows
  for (std::size_t length = 0; length < lists_end; ++length)
    BOOST_CHECK(octets_for(ada, octets.substr(0, length), without).empty());
  for (const auto* hostile : {"\x96\x01\xa1", "\x90", "\x96\x01\xa1x\xa1y\xa1z\xc0",
                              "\x96\x01\xa1x\xa1y\xa1z\x81\xa8"
                              "audience\xdd\xff\xff\xff\xff"})
    BOOST_CHECK(octets_for(ada, hostile, without).empty());
}

BOOST_AUTO_TEST_CASE(audience_and_except_are_removed_from_a_delivered_event) {
  auto event = event_with_all();
  event.audience = {"grace"};
  event.except = {"ada"};
  const auto seen = without_recipients(std::make_shared<const Event>(event));
  BOOST_CHECK(seen->audience.empty() && seen->except.empty());
  BOOST_CHECK_EQUAL(seen->id, event.id);
  const auto plain = std::make_shared<const Event>(event_with_all());
  BOOST_CHECK(without_recipients(plain) == plain);
}

BOOST_AUTO_TEST_SUITE_END()
