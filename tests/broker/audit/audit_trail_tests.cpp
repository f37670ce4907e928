// SPDX-License-Identifier: Apache-2.0
#include "broker/audit/audit_trail.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace sense;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

using Kind = AuditEntry::Kind;

struct TrailFixture {
  VirtualClock clock;
  Counters counters;
  AuditTrail trail{{10, 100}, counters};

  bool note(const std::string& principal, Kind kind = Kind::refused, bool with_group = false) {
    if (!trail.takes(kind, principal, clock.now().mono)) return false;
    AuditEntry entry;
    entry.kind = kind;
    entry.principal = principal;
    entry.operation = "PUT";
    entry.with_group = with_group;
    trail.add(std::move(entry));
    return true;
  }
  // What is stored now.
  std::vector<json> store() {
    std::vector<json> all;
    for (const auto& event : trail.due(clock.now())) {
      BOOST_CHECK(validate(event).has_value());
      all.push_back(json::parse(event.data));
    }
    trail.stored();
    return all;
  }
  std::uint64_t counted(const std::string& name) { return counters.snapshot()[name]; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(audit_trail_tests, TrailFixture)

BOOST_AUTO_TEST_CASE(an_entry_says_who_did_what_from_where) {
  AuditEntry entry;
  entry.principal = "shop";
  entry.via = "gateway-http";
  entry.gateway = "http";
  entry.peer = "192.0.2.7:4711";
  entry.operation = "PUT";
  entry.entry = "subscription";
  entry.key = "s-1";
  entry.code = Code::noaccess;
  entry.reason = "no\nright";
  BOOST_REQUIRE(trail.takes(entry.kind, "shop", clock.now().mono));
  trail.add(entry);
  const auto events = trail.due(clock.now());
  BOOST_REQUIRE_EQUAL(events.size(), 1U);
  BOOST_CHECK(validate(events[0]).has_value());
  BOOST_CHECK_EQUAL(events[0].type.clark(), "{urn:sense:audit}refused");
  BOOST_CHECK_EQUAL(events[0].source, "/sense/broker");
  BOOST_CHECK_EQUAL(events[0].subject, "shop");
  const json expected = {{"principal", "shop"},
                         {"via", "gateway-http"},
                         {"gateway", "http"},
                         {"peer", "192.0.2.7:4711"},
                         {"operation", "PUT"},
                         {"kind", "subscription"},
                         {"key", "s-1"},
                         {"code", "NOACCESS"},
                         {"reason", "no\\x0aright"}};
  auto data = json::parse(events[0].data);
  BOOST_CHECK(data["reason"].get<std::string>().find('\n') == std::string::npos);
  data["reason"] = expected["reason"];
  BOOST_CHECK_EQUAL(data, expected);
}

BOOST_AUTO_TEST_CASE(texts_of_clients_are_cut_and_need_not_be_utf8) {
  AuditEntry entry;
  entry.principal = "shop";
  entry.kind = Kind::changed;
  entry.key = std::string(100'000, '\xff');
  entry.reason = std::string(100'000, '"');
  BOOST_REQUIRE(trail.takes(entry.kind, "shop", clock.now().mono));
  trail.add(entry);
  const auto events = trail.due(clock.now());
  BOOST_CHECK_EQUAL(events[0].type.clark(), "{urn:sense:audit}changed");
  BOOST_CHECK(validate(events[0]).has_value());
  BOOST_CHECK_LT(events[0].data.size(), 5'000U);
}

BOOST_AUTO_TEST_CASE(one_principal_has_its_share_and_the_next_entry_tells_what_was_left_out) {
  int taken = 0;
  for (int i = 0; i < 1'000; ++i) taken += note("shop") ? 1 : 0;
  BOOST_CHECK_EQUAL(taken, 10);
  BOOST_CHECK(note("other"));
  auto stored = store();
  BOOST_REQUIRE_EQUAL(stored.size(), 11U);
  BOOST_CHECK(!stored[9].contains("left-out"));
  BOOST_CHECK_EQUAL(stored[10]["left-out"], 990);
  BOOST_CHECK_EQUAL(counted("broker.audit.refused"), 11U);
  BOOST_CHECK_EQUAL(counted("broker.audit.left-out"), 990U);
  clock.advance(1s);
  for (taken = 0; note("shop");) ++taken;
  BOOST_CHECK_EQUAL(taken, 10);
}

BOOST_AUTO_TEST_CASE(all_principals_share_a_rate_and_refusals_hide_no_change) {
  int taken = 0;
  for (int i = 0; i < 50; ++i)
    for (int k = 0; k < 10; ++k) taken += note("p" + std::to_string(i)) ? 1 : 0;
  BOOST_CHECK_EQUAL(taken, 100);
  BOOST_CHECK(note("boss", Kind::changed));
  BOOST_CHECK_EQUAL(store().size(), 101U);
  BOOST_CHECK_EQUAL(counted("broker.audit.changed"), 1U);
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_disk_is_bounded) {
  std::size_t taken = 0;
  for (int second = 0; second < 60; ++second, clock.advance(1s))
    for (int i = 0; i < 200; ++i) taken += note("p" + std::to_string(i)) ? 1U : 0U;
  BOOST_CHECK_EQUAL(taken, 1'000U);
  std::size_t stored = 0;
  for (auto some = store(); !some.empty(); some = store()) {
    BOOST_CHECK_LE(some.size(), AuditTrail::due_max);
    stored += some.size();
  }
  BOOST_CHECK_EQUAL(stored, AuditTrail::waiting_max);
}

BOOST_AUTO_TEST_CASE(a_change_that_was_not_stored_was_none) {
  BOOST_CHECK(note("shop", Kind::refused));
  BOOST_CHECK(note("shop", Kind::changed, true));
  BOOST_CHECK_EQUAL(trail.due(clock.now()).size(), 2U);
  trail.undone(clock.now().mono);
  BOOST_CHECK(trail.due(clock.now()).empty());  // there may be no room yet
  clock.advance(AuditTrail::silence);
  const auto stored = store();
  BOOST_REQUIRE_EQUAL(stored.size(), 1U);
  BOOST_CHECK(store().empty());
  // A change of a group that was stored stays true when a later group is not.
  BOOST_CHECK(note("shop", Kind::changed, true));
  trail.stored();
  trail.undone(clock.now().mono);
  clock.advance(AuditTrail::silence);
  BOOST_CHECK_EQUAL(store().size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
