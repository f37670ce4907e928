#include "gateways/host/match_index.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/host/make.hpp"

using sense::MatchIndex;
using sense::QName;
using sense::testing::subscription_of;

namespace {

using Names = std::vector<std::string>;

Names candidates(const MatchIndex& index, const char* type) {
  Names names;
  for (const auto id : index.candidates(*QName::parse(type))) names.emplace_back(id);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(match_index_tests)

BOOST_AUTO_TEST_CASE(each_kind_of_pattern_is_found_in_order_and_once) {
  MatchIndex index;
  index.add(subscription_of("d", {"{urn:a}x", "{urn:a}*", "*"}));
  index.add(subscription_of("c", {"{urn:a}*"}));
  index.add(subscription_of("b", {"{urn:a}x"}));
  index.add(subscription_of("a", {}));
  BOOST_CHECK((candidates(index, "{urn:a}x") == Names{"a", "b", "c", "d"}));
  BOOST_CHECK((candidates(index, "{urn:a}y") == Names{"a", "c", "d"}));
  BOOST_CHECK((candidates(index, "{urn:b}x") == Names{"a", "d"}));
}

BOOST_AUTO_TEST_CASE(a_namespace_is_not_matched_by_a_longer_one) {
  MatchIndex index;
  index.add(subscription_of("a", {"{urn:a}*"}));
  index.add(subscription_of("none", {"{}*"}));
  BOOST_CHECK(candidates(index, "{urn:ab}x").empty());
  BOOST_CHECK(candidates(index, "{urn:}x").empty());
  BOOST_CHECK((candidates(index, "x") == Names{"none"}));
}

BOOST_AUTO_TEST_CASE(what_is_removed_is_found_no_more_and_the_others_are) {
  MatchIndex index;
  const auto first = subscription_of("a", {"{urn:a}x", "{urn:a}*", "*"});
  index.add(first);
  index.add(subscription_of("b", {"{urn:a}x"}));
  index.remove(first);
  BOOST_CHECK((candidates(index, "{urn:a}x") == Names{"b"}));
  BOOST_CHECK((index.topic_prefixes(9) == Names{"{urn:a}x "}));
  index.remove(first);
  index.remove(subscription_of("b", {"{urn:a}x"}));
  BOOST_CHECK(index.topic_prefixes(9).empty());
}

BOOST_AUTO_TEST_CASE(the_bus_is_asked_for_exactly_the_types_wanted) {
  MatchIndex index;
  index.add(subscription_of("a", {"{urn:a}x", "plain"}));
  index.add(subscription_of("b", {"{urn:b}*", "{urn:a}x"}));
  BOOST_CHECK((index.topic_prefixes(3) == Names{"{urn:b}", "{urn:a}x ", "{}plain "}));
}

BOOST_AUTO_TEST_CASE(too_many_types_and_all_types_are_everything) {
  MatchIndex index;
  index.add(subscription_of("a", {"{urn:a}x", "{urn:a}y"}));
  BOOST_CHECK((index.topic_prefixes(1) == Names{"{"}));
  const auto all = subscription_of("b", {});
  index.add(all);
  BOOST_CHECK((index.topic_prefixes(9) == Names{"{"}));
  index.remove(all);
  BOOST_CHECK_EQUAL(index.topic_prefixes(9).size(), 2U);
}

BOOST_AUTO_TEST_SUITE_END()
