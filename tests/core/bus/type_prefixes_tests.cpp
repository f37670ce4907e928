// SPDX-License-Identifier: Apache-2.0
#include "core/bus/type_prefixes.hpp"

#include <boost/test/unit_test.hpp>

#include "core/bus/protocol.hpp"

using sense::bus::TypePrefixes;

BOOST_AUTO_TEST_SUITE(type_prefixes_tests)

// Each list against each type, compared with what a subscription by octets would let through.
BOOST_AUTO_TEST_CASE(types_are_selected_as_their_topics_are) {
  const std::vector<std::vector<std::string>> lists = {
      {},
      {""},
      {"{"},
      {"{urn:a}"},
      {"{}"},
      {"{urn:a}one "},
      {"{urn:a}one ", "{urn:ab}"},
      {"{}bare ", "{urn:a}two "},
      {"{urn:none}x ", "{urn:a}one "},
  };
  const std::vector<std::string> types = {"{urn:a}one",  "{urn:a}ones", "{urn:a}two", "{urn:ab}one",
                                          "{urn:abc}on", "{}bare",      "{}one"};
  for (const auto& list : lists) {
    TypePrefixes prefixes(list);
    for (const auto& type : types) {
      const auto topic = type + " //source";
      bool expected = false;
      for (const auto& prefix : list) expected |= sense::bus::selects(prefix, topic);
      BOOST_CHECK_MESSAGE(prefixes.select(type) == expected, type);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
