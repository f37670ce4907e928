// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <functional>

#include "broker/security/rights.hpp"

using namespace sense;

namespace {

constexpr std::string_view refused_type = "{urn:sense:audit}refused";

Rights rights_of(const std::function<void(Rights::Granted&)>& grant) {
  Rights::Granted granted;
  granted.subscribe = {Rule::everything()};
  grant(granted);
  return Rights(granted);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_right_tests)

BOOST_AUTO_TEST_CASE(audit_is_the_right_to_read_the_trail) {
  const auto auditor = rights_of([](auto& granted) { granted.audit = true; });
  BOOST_CHECK(auditor.may_read(refused_type, "/sense/broker"));
  BOOST_CHECK(auditor.may_follow("{urn:sense:audit}"));
}

BOOST_AUTO_TEST_CASE(no_other_right_reads_the_trail) {
  for (const auto& other :
       {rights_of([](auto&) {}), rights_of([](auto& granted) { granted.list = true; }),
        rights_of([](auto& granted) { granted.manage = true; }), rights_of([](auto& granted) {
          granted.list = granted.manage = true;
          granted.publish = granted.subscribe;
          granted.route = granted.speak_for = {"*"};
        })}) {
    BOOST_CHECK(!other.may_read(refused_type, "/sense/broker"));
    BOOST_CHECK(!other.may_follow("{urn:sense:audit}"));
    BOOST_CHECK(!other.may_subscribe("{urn:sense:audit}"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
