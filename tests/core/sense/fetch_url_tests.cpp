// SPDX-License-Identifier: Apache-2.0
#include "core/sense/fetch_url.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

using namespace sense;
using namespace sense::datagram;

namespace {
const std::string secret = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const WallTime expires{std::chrono::seconds{1'700'000'000}};
constexpr Duration second = std::chrono::seconds{1};

std::string query_of(const std::string& path) { return path.substr(path.find('?') + 1); }
}  // namespace

BOOST_AUTO_TEST_SUITE(fetch_url_tests)

BOOST_AUTO_TEST_CASE(path_is_good_for_its_event_until_it_expires) {
  const auto path = fetch_path(88120, expires, secret);
  BOOST_CHECK(path.starts_with("/v1/events/88120?expires=1700000000&mac="));
  BOOST_CHECK_EQUAL(path.size(),
                    std::string("/v1/events/88120?expires=1700000000&mac=").size() + 24);
  const auto query = query_of(path);
  BOOST_CHECK(may_fetch(88120, query, secret, expires - second));
  BOOST_CHECK(!may_fetch(88120, query, secret, expires));
  BOOST_CHECK(!may_fetch(88120, query, secret, expires + second));
  BOOST_CHECK(!may_fetch(88121, query, secret, expires - second));
  BOOST_CHECK(!may_fetch(8812, query, secret, expires - second));
}

BOOST_AUTO_TEST_CASE(url_cannot_be_made_or_extended_without_the_secret) {
  const auto query = query_of(fetch_path(88120, expires, secret));
  const auto now = expires - second;
  BOOST_CHECK(!may_fetch(88120, query, secret + "x", now));
  BOOST_CHECK(!may_fetch(88120, query, "", now));
  BOOST_CHECK(!may_fetch(88120, query_of(fetch_path(88120, expires, "")), "", now));
  for (std::size_t at = 0; at < query.size(); ++at) {
    auto changed = query;
    changed[at] = changed[at] == '1' ? '2' : '1';
    BOOST_CHECK_MESSAGE(!may_fetch(88120, changed, secret, now), changed);
    BOOST_CHECK(!may_fetch(88120, query.substr(0, at), secret, now));
  }
  for (const auto* other :
       {"", "expires=", "mac=", "expires=&mac=", "expires=1700000000",
        "expires=99999999999999999999&mac=x", "mac=x&expires=1700000000", "expires=-1&mac=x"})
    BOOST_CHECK_MESSAGE(!may_fetch(88120, other, secret, now), other);
  BOOST_CHECK(!may_fetch(88120, query + "&x=y", secret, now));
}

BOOST_AUTO_TEST_CASE(ends_of_time_and_of_sequences_hold) {
  constexpr auto last = std::numeric_limits<std::uint64_t>::max();
  const auto query = query_of(fetch_path(last, wall_time_max, secret));
  BOOST_CHECK(may_fetch(last, query, secret, expires));
  const auto early = query_of(fetch_path(0, WallTime{} - second, secret));
  BOOST_CHECK(!may_fetch(0, early, secret, WallTime{}));
}

BOOST_AUTO_TEST_SUITE_END()
