// SPDX-License-Identifier: Apache-2.0
// The one entry point of every test executable.
#define BOOST_TEST_MODULE sense
#include <boost/test/unit_test.hpp>
