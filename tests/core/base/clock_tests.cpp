// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(clock_tests)

using namespace sense;
using namespace std::chrono_literals;

namespace {

std::int64_t micros_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  BOOST_REQUIRE_MESSAGE(time.has_value(), text << " is refused");
  return to_micros(*time);
}

}  // namespace

BOOST_AUTO_TEST_CASE(time_is_written_with_three_six_or_nine_digits_of_a_second) {
  BOOST_CHECK_EQUAL(to_rfc3339(from_micros(0)), "1970-01-01T00:00:00.000Z");
  BOOST_CHECK_EQUAL(to_rfc3339(from_micros(1'795'252'500'250'000)), "2026-11-21T09:15:00.250Z");
  BOOST_CHECK_EQUAL(to_rfc3339(from_micros(1'795'252'500'250'001)), "2026-11-21T09:15:00.250001Z");
  BOOST_CHECK_EQUAL(to_rfc3339(PreciseTime(from_micros(0), 1)), "1970-01-01T00:00:00.000000001Z");
  BOOST_CHECK_EQUAL(to_rfc3339(from_micros(-1)), "1969-12-31T23:59:59.999999Z");
  BOOST_CHECK_EQUAL(to_rfc3339(wall_time_min), "0001-01-01T00:00:00.000Z");
  BOOST_CHECK_EQUAL(to_rfc3339(wall_time_max), "9999-12-31T23:59:59.999999Z");
}

BOOST_AUTO_TEST_CASE(every_offset_and_fraction_is_read_as_the_same_instant) {
  const auto wanted = 1'795'252'500'250'000;
  BOOST_CHECK_EQUAL(micros_of("2026-11-21T09:15:00.25Z"), wanted);
  BOOST_CHECK_EQUAL(micros_of("2026-11-21T10:15:00.250+01:00"), wanted);
  BOOST_CHECK_EQUAL(micros_of("2026-11-20T21:45:00.250-11:30"), wanted);
  BOOST_CHECK_EQUAL(micros_of("2026-11-21t09:15:00.250000999z"), wanted);
  BOOST_CHECK_EQUAL(micros_of("2026-11-21 09:15:00.250Z"), wanted);
}

BOOST_AUTO_TEST_CASE(leap_days_and_leap_seconds_are_read) {
  BOOST_CHECK_EQUAL(micros_of("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
  BOOST_CHECK_EQUAL(micros_of("2016-12-31T23:59:60Z"), micros_of("2017-01-01T00:00:00Z"));
}

BOOST_AUTO_TEST_CASE(what_is_no_rfc_3339_time_is_refused) {
  for (const auto* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T09:15",
                           "2026-11-21T09:15:00",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T09:60:00Z",
                           "2026-11-21T09:15:61Z",
                           "2026-11-21T09:15:00.Z",
                           "2026-11-21T09:15:00,5Z",
                           "2026-11-21T09:15:00+24:00",
                           "2026-11-21T09:15:00+0100",
                           "2026-11-21T09:15:00Z ",
                           " 2026-11-21T09:15:00Z",
                           "-026-11-21T09:15:00Z",
                           "2026-11-21T-9:15:00Z",
                           "+026-11-21T09:15:00Z",
                           "0000-12-31T23:59:59Z",
                           "2026-11-21T09:15:00.1234567890123456789Z"})
    BOOST_CHECK_MESSAGE(!parse_rfc3339(text).has_value(), text << " is accepted");
}

BOOST_AUTO_TEST_CASE(a_time_comes_out_as_it_went_in_to_the_nanosecond) {
  for (const char* text :
       {"0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000000001Z", "1582-10-15T12:00:00.000001Z",
        "1900-03-01T00:00:00.000Z", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.000Z",
        "2026-11-21T09:15:00.123456789Z", "2026-11-21T09:15:00.123456Z", "2038-01-19T03:14:08.000Z",
        "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59.999999999Z"}) {
    const auto time = parse_precise_rfc3339(text);
    BOOST_REQUIRE_MESSAGE(time.has_value(), text);
    BOOST_CHECK_EQUAL(to_rfc3339(*time), text);
  }
}

BOOST_AUTO_TEST_CASE(offset_cannot_lead_out_of_the_years_that_can_be_written) {
  const auto before = parse_rfc3339("0001-01-01T00:00:00+00:01");
  BOOST_REQUIRE(!before.has_value());
  BOOST_CHECK_NE(before.error().message.find("0001 to 9999"), std::string::npos);
  BOOST_CHECK(parse_rfc3339("0001-01-01T00:01:00+00:01") == wall_time_min);
  BOOST_CHECK(!parse_rfc3339("9999-12-31T23:59:59-00:01").has_value());
  BOOST_CHECK(parse_rfc3339("9999-12-31T23:59:59.999999Z").has_value());
}

BOOST_AUTO_TEST_CASE(refusal_shows_no_control_characters) {
  BOOST_CHECK_EQUAL(parse_rfc3339("\x1b[2J").error().message.find('\x1b'), std::string::npos);
  BOOST_CHECK_EQUAL(parse_duration("5\ns").error().message.find('\n'), std::string::npos);
}

BOOST_AUTO_TEST_CASE(duration_needs_its_unit) {
  BOOST_CHECK(parse_duration("250ms") == Duration{250ms});
  BOOST_CHECK(parse_duration("10s") == Duration{10s});
  BOOST_CHECK(parse_duration("5min") == Duration{5min});
  BOOST_CHECK(parse_duration("2h") == Duration{2h});
  BOOST_CHECK(parse_duration("7d") == Duration{168h});
  BOOST_CHECK(parse_duration("0s") == Duration{0});
  for (const auto* text : {"", "10", "s", "10 s", "10m", "10S", "-1s", "+1s", "1.5s", "1s ", "0x1s",
                           "99999999999999999999s", "9223372036854775807d"})
    BOOST_CHECK_MESSAGE(!parse_duration(text).has_value(), text << " is accepted");
}

BOOST_AUTO_TEST_CASE(duration_of_more_than_ten_years_is_refused) {
  BOOST_CHECK(parse_duration("3652d").has_value());
  BOOST_CHECK(!parse_duration("3653d").has_value());
}

BOOST_AUTO_TEST_CASE(duration_text_reads_back_to_the_same_value) {
  for (const Duration duration : {Duration{0}, Duration{1}, Duration{1'500}, Duration{90s},
                                  Duration{10min}, Duration{36h}, Duration{48h}})
    BOOST_CHECK_MESSAGE((parse_duration(to_text(duration)) == duration), to_text(duration));
  BOOST_CHECK_EQUAL(to_text(Duration{600s}), "10min");
  BOOST_CHECK_EQUAL(to_text(Duration{90s}), "90s");
}

BOOST_AUTO_TEST_CASE(virtual_clock_moves_only_when_told_and_wall_time_can_jump_alone) {
  VirtualClock clock;
  const auto before = clock.now();
  BOOST_CHECK(clock.now().mono == before.mono);
  clock.advance(3s);
  clock.jump_wall(-1h);
  BOOST_CHECK(clock.now().mono - before.mono == 3s);
  BOOST_CHECK(clock.now().wall - before.wall == 3s - 1h);
}

BOOST_AUTO_TEST_SUITE_END()
