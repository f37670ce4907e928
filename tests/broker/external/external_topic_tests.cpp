// SPDX-License-Identifier: Apache-2.0
#include "broker/external/external_topic.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace sense;

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& frames) {
  return {frames.begin(), frames.end()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(external_topic_tests)

BOOST_AUTO_TEST_CASE(names_are_those_of_the_document) {
  BOOST_CHECK_EQUAL(*local_name_of("prices"), "prices");
  BOOST_CHECK_EQUAL(*local_name_of("prices/EUR"), "prices_x002F_EUR");
  BOOST_CHECK_EQUAL(*local_name_of("1st.quarter-2"), "_x0031_st.quarter-2");
  BOOST_CHECK_EQUAL(*local_name_of("a_x0041_"), "a_x005F_x0041_");
  BOOST_CHECK_EQUAL(*local_name_of("_private"), "_private");
  BOOST_CHECK_EQUAL(*local_name_of("\xc3\xa9"), "_x00C3__x00A9_");
  BOOST_CHECK(!local_name_of(""));
  BOOST_CHECK(local_name_of(std::string(256, 'a')).has_value());
  BOOST_CHECK(!local_name_of(std::string(257, 'a')));
  BOOST_CHECK(!local_name_of(std::string(37, '/')));  // 259 octets when escaped
}

BOOST_AUTO_TEST_CASE(every_topic_comes_back_and_every_name_is_one) {
  std::mt19937 random(20261122);
  constexpr std::string_view often = "_x0041F_-./ a";
  for (int round = 0; round < 20'000; ++round) {
    std::string topic;
    for (auto left = 1 + random() % 30; left > 0; --left)
      topic += random() % 2 == 0 ? often[random() % often.size()] : static_cast<char>(random());
    const auto name = local_name_of(topic);
    BOOST_REQUIRE(name);
    BOOST_REQUIRE(QName::make("urn:test", *name));
    BOOST_REQUIRE(external_topic_of(*name) == topic);
  }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_an_escape_is_left_as_it_is) {
  for (const auto* name : {"_x00", "_x0041", "_x00G1_", "_x0141_", "_x004f_", "a_x"})
    BOOST_CHECK_EQUAL(external_topic_of(name), name);
}

BOOST_AUTO_TEST_CASE(frames_come_back) {
  for (const std::vector<std::string>& frames : std::vector<std::vector<std::string>>{
           {"payload"}, {""}, {"head", "body"}, {"", std::string(70'000, 'x'), ""}, {}}) {
    const auto event = event_of_message("urn:test", "a/b", views(frames));
    BOOST_REQUIRE(event);
    BOOST_CHECK_EQUAL(event->type.clark(), "{urn:test}a_x002F_b");
    BOOST_CHECK(frames_of_event(*event) == views(frames));
  }
}

BOOST_AUTO_TEST_CASE(message_over_the_limits_becomes_no_event) {
  const std::string big(Event::data_length_max, 'x');
  BOOST_CHECK(!event_of_message("urn:test", "a", std::vector<std::string_view>{big}));
  BOOST_CHECK(!event_of_message("urn:test", "", std::vector<std::string_view>{"x"}));
  BOOST_CHECK(!event_of_message("urn:test", "a", std::vector<std::string_view>(65, "x")));
}

BOOST_AUTO_TEST_CASE(data_that_is_no_list_of_frames_is_one_frame) {
  Event event;
  event.datacontenttype = "application/vnd.msgpack";
  for (const auto* data :
       {"", "\x92", "\x92\xc4", "\x91\xa1x", "\xdd\xff\xff\xff\xff", "\x91\xc4\x01xy"}) {
    event.data = data;
    BOOST_CHECK(frames_of_event(event) == std::vector<std::string_view>{event.data});
  }
}

BOOST_AUTO_TEST_SUITE_END()
