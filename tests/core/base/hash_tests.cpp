// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(hash_tests)

// Values of XXH3_64bits as its specification has them: they stand in stores.
BOOST_AUTO_TEST_CASE(stable_hash_is_the_same_for_ever) {
  BOOST_CHECK_EQUAL(sense::stable_hash(""), 0x2D06800538D394C2U);
  BOOST_CHECK_EQUAL(sense::stable_hash("urn:a"), sense::stable_hash(std::string("urn:") + "a"));
  BOOST_CHECK_NE(sense::stable_hash("urn:a"), sense::stable_hash("urn:b"));
}

BOOST_AUTO_TEST_SUITE_END()
