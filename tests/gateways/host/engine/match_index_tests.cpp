// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/match_index.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/gateways/make.hpp"

using sense::MatchIndex;
using sense::QName;
using sense::testing::subscription_of;

namespace {

using Names = std::vector<std::string>;
using Handles = std::vector<MatchIndex::Handle>;

Handles candidates(const MatchIndex& index, const char* type, const char* source = "//test/one") {
  Handles found{99};
  index.candidates(*QName::parse(type), source, found);
  return found;
}

sense::Subscription of(const std::vector<std::string>& types,
                       const std::vector<std::string>& sources = {}) {
  auto subscription = subscription_of("s-1", types);
  for (const auto& source : sources)
    subscription.sources.push_back(*sense::SourcePattern::parse(source));
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(match_index_tests)

BOOST_AUTO_TEST_CASE(each_kind_of_type_pattern_is_found_in_order_and_once) {
  MatchIndex index;
  index.add(4, of({"{urn:a}x", "{urn:a}*", "*"}));
  index.add(3, of({"{urn:a}*"}));
  index.add(2, of({"{urn:a}x", "{urn:a}x"}));
  index.add(1, of({}));
  BOOST_CHECK((candidates(index, "{urn:a}x") == Handles{1, 2, 3, 4}));
  BOOST_CHECK((candidates(index, "{urn:a}y") == Handles{1, 3, 4}));
  BOOST_CHECK((candidates(index, "{urn:b}x") == Handles{1, 4}));
}

BOOST_AUTO_TEST_CASE(a_type_that_is_text_is_found_and_asked_for_in_its_form_for_the_bus) {
  MatchIndex index;
  index.add(1, of({"oss:ObjectCreated", "a b"}));
  index.add(2, of({"{}*"}));
  BOOST_CHECK((candidates(index, "oss:ObjectCreated") == Handles{1, 2}));
  BOOST_CHECK((candidates(index, "a b") == Handles{1, 2}));
  BOOST_CHECK((candidates(index, "a%20b") == Handles{2}));
  BOOST_CHECK((index.topic_prefixes(10) == Names{"{}", "{}a%20b ", "{}oss:ObjectCreated "}));
}

BOOST_AUTO_TEST_CASE(a_namespace_is_not_matched_by_a_longer_one) {
  MatchIndex index;
  index.add(1, of({"{urn:a}*"}));
  index.add(2, of({"{}*"}));
  BOOST_CHECK(candidates(index, "{urn:ab}x").empty());
  BOOST_CHECK(candidates(index, "{urn:}x").empty());
  BOOST_CHECK((candidates(index, "x") == Handles{2}));
}

BOOST_AUTO_TEST_CASE(sources_that_begin_otherwise_are_no_candidates) {
  MatchIndex index;
  index.add(1, of({"{urn:a}x"}, {"//hq/printer/hp4"}));
  index.add(2, of({"{urn:a}x"}, {"//hq/printer/**"}));
  index.add(3, of({"{urn:a}x"}, {"//hq/*/hp4"}));
  index.add(4, of({"{urn:a}x"}, {"//lab/**", "//hq/printer/hp5"}));
  index.add(5, of({"{urn:a}x"}, {"/**"}));
  BOOST_CHECK((candidates(index, "{urn:a}x", "//hq/printer/hp4") == Handles{1, 2, 3, 5}));
  BOOST_CHECK((candidates(index, "{urn:a}x", "//hq/printer/hp5") == Handles{2, 3, 4, 5}));
  BOOST_CHECK((candidates(index, "{urn:a}x", "//lab/a/b/c") == Handles{4, 5}));
  BOOST_CHECK((candidates(index, "{urn:a}x", "urn:other") == Handles{}));
  BOOST_CHECK((candidates(index, "{urn:b}x", "//hq/printer/hp4") == Handles{}));
}

// What the patterns themselves say, beside the index, for every pair that can be made of a few
// segments, also deep ones.
BOOST_AUTO_TEST_CASE(no_source_that_a_pattern_matches_is_missed) {
  std::vector<std::string> parts = {"", "a", "b"};
  std::vector<std::string> sources = {"a", "b"};
  for (std::size_t i = 0; sources.size() < 400; ++i)
    for (const auto& part : parts) sources.push_back(sources[i] + "/" + part);
  sources.push_back("/1/2/3/4/5/6/7/8/9/10");
  sources.push_back("/1/2/3/4/5/6/7/8");
  std::vector<std::string> patterns = {"*",
                                       "**",
                                       "/**",
                                       "a/**",
                                       "a/b/**",
                                       "a/*/b",
                                       "*/a/**",
                                       "a/*/**",
                                       "a//b",
                                       "/1/2/3/4/5/6/7/8/9/*",
                                       "/1/2/3/4/5/6/7/8/9/10",
                                       "/1/2/3/4/5/6/7/8"};
  patterns.insert(patterns.end(), sources.begin(), sources.begin() + 50);
  MatchIndex index;
  std::vector<sense::Subscription> all;
  for (const auto& pattern : patterns) all.push_back(of({"{urn:a}x"}, {pattern}));
  for (std::size_t i = 0; i < all.size(); ++i)
    index.add(static_cast<MatchIndex::Handle>(i), all[i]);
  std::size_t matched = 0;
  for (const auto& source : sources) {
    const auto found = candidates(index, "{urn:a}x", source.c_str());
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].sources[0].matches(source)) continue;
      ++matched;
      BOOST_CHECK_MESSAGE(std::binary_search(found.begin(), found.end(), i),
                          patterns[i] << " does not find " << source);
    }
  }
  BOOST_CHECK_GT(matched, 400U);
}

BOOST_AUTO_TEST_CASE(many_sources_are_left_to_the_patterns) {
  MatchIndex index;
  std::vector<std::string> sources;
  for (int i = 0; i < 200; ++i) sources.push_back("//hq/" + std::to_string(i));
  const auto subscription = of({"{urn:a}x"}, sources);
  index.add(1, subscription);
  BOOST_CHECK((candidates(index, "{urn:a}x", "//hq/7") == Handles{1}));
  index.remove(1, subscription);
  BOOST_CHECK(candidates(index, "{urn:a}x", "//hq/7").empty());
}

BOOST_AUTO_TEST_CASE(what_is_removed_is_found_no_more_and_the_others_are) {
  MatchIndex index;
  const auto first = of({"{urn:a}x", "{urn:a}*", "*"}, {"//test/**", "//test/one"});
  const auto second = of({"{urn:a}x"});
  index.add(1, first);
  index.add(2, second);
  index.remove(1, first);
  BOOST_CHECK((candidates(index, "{urn:a}x") == Handles{2}));
  BOOST_CHECK((index.topic_prefixes(9) == Names{"{urn:a}x "}));
  index.remove(2, second);
  BOOST_CHECK(candidates(index, "{urn:a}x").empty());
  BOOST_CHECK(index.topic_prefixes(9).empty());
}

BOOST_AUTO_TEST_CASE(the_bus_is_asked_for_exactly_the_types_wanted) {
  MatchIndex index;
  index.add(1, of({"{urn:a}x", "plain"}));
  index.add(2, of({"{urn:b}*", "{urn:a}x"}));
  BOOST_CHECK((index.topic_prefixes(3) == Names{"{urn:b}", "{}plain ", "{urn:a}x "}));
}

BOOST_AUTO_TEST_CASE(too_many_types_and_all_types_are_everything) {
  MatchIndex index;
  index.add(1, of({"{urn:a}x", "{urn:a}y"}));
  BOOST_CHECK((index.topic_prefixes(1) == Names{"{"}));
  const auto all = of({});
  index.add(2, all);
  BOOST_CHECK((index.topic_prefixes(9) == Names{"{"}));
  index.remove(2, all);
  BOOST_CHECK_EQUAL(index.topic_prefixes(9).size(), 2U);
}

BOOST_AUTO_TEST_SUITE_END()
