// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_query.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::http;
using namespace std::chrono_literals;

namespace {

template <class T>
void check_refused(const Result<T>& result, const std::string& field) {
  BOOST_REQUIRE(!result);
  BOOST_CHECK(result.error().code == Code::badparam);
  BOOST_CHECK_EQUAL(result.error().field, field);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(feed_query_tests)

BOOST_AUTO_TEST_CASE(a_cursor_is_a_number_or_a_number_and_a_sequence) {
  BOOST_CHECK(parse_feed_cursor("17").value() == (FeedPosition{17, 0}));
  BOOST_CHECK(parse_feed_cursor("17.88120").value() == (FeedPosition{17, 88120}));
  FeedItem item{17, 20, 88120, nullptr, "expired"};
  BOOST_CHECK(parse_feed_cursor(feed_cursor(item)).value() == (FeedPosition{20, 88120}));
  item.number = item.number_last = 0;
  BOOST_CHECK_EQUAL(feed_cursor(item), "88120");
  for (const auto* text :
       {"", ".", "1.", ".1", "1.2.3", "-1", "+1", " 1", "1 ", "0x1", "1.-2", "9223372036854775808",
        "1.9223372036854775808", "99999999999999999999999"})
    check_refused(parse_feed_cursor(text), "after");
}

BOOST_AUTO_TEST_CASE(a_page_has_bounds) {
  const auto usual = feed_page_query("").value();
  BOOST_CHECK(!usual.after);
  BOOST_CHECK(usual.wait == 0s);
  BOOST_CHECK_EQUAL(usual.limit, 100U);
  const auto all = feed_page_query("wait=30s&limit=1000&after=3.9").value();
  BOOST_CHECK(all.after == (FeedPosition{3, 9}));
  BOOST_CHECK(all.wait == 30s);
  BOOST_CHECK_EQUAL(all.limit, 1000U);
  check_refused(feed_page_query("limit=0"), "limit");
  check_refused(feed_page_query("limit=1001"), "limit");
  check_refused(feed_page_query("wait=-1s"), "wait");
  check_refused(feed_page_query("wait=301s"), "wait");
  check_refused(feed_page_query("wait=soon"), "wait");
  check_refused(feed_page_query("after=x"), "after");
  check_refused(feed_page_query("after=1&after=2"), "");
  check_refused(feed_page_query("befor=1"), "");
  check_refused(feed_page_query("after=%zz"), "");
}

BOOST_AUTO_TEST_CASE(the_header_of_a_client_that_came_again_counts) {
  const std::string again = "8.99";
  BOOST_CHECK(feed_stream_query("after=3", &again).value() == (FeedPosition{8, 99}));
  BOOST_CHECK(feed_stream_query("after=3", nullptr).value() == (FeedPosition{3, 0}));
  BOOST_CHECK(!feed_stream_query("", nullptr).value());
  const std::string foreign = "abc";
  check_refused(feed_stream_query("", &foreign), "Last-Event-ID");
}

BOOST_AUTO_TEST_CASE(a_selection_is_checked_like_a_subscription) {
  const auto query =
      selection_query("type=%7Burn:a%7Dx&type=%7Burn:b%7D*&source=//a/**&filter=severity%20%3E%202",
                      nullptr)
          .value();
  BOOST_CHECK_EQUAL(query.selection.types.size(), 2U);
  BOOST_CHECK_EQUAL(query.selection.sources.size(), 1U);
  BOOST_CHECK_EQUAL(query.selection.filter.text(), "severity > 2");
  BOOST_CHECK(query.selection.id.empty());
  BOOST_CHECK(is_pulled(query.selection));
  BOOST_CHECK(!query.after);
  BOOST_CHECK(selection_query("after=5", nullptr).value().after == (FeedPosition{0, 5}));
  const std::string again = "7";
  BOOST_CHECK(selection_query("after=5", &again).value().after == (FeedPosition{0, 7}));
  check_refused(selection_query("type=%7Burn:a", nullptr), "type");
  check_refused(selection_query("filter=AND", nullptr), "filter");
  check_refused(selection_query("after=1.2", nullptr), "after");
  std::string many = "type=a0";
  for (std::size_t i = 1; i <= Subscription::patterns_max; ++i)
    many += "&type=a" + std::to_string(i);
  BOOST_CHECK(!selection_query(many, nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
