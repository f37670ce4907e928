// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/broker/full_disk.hpp"
#include "tests/broker/registry_fixture.hpp"

// What the commit loop writes into the audit trail, in virtual time.
using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;
using nlohmann::json;

namespace {

struct AuditFixture : IngestFixture {
  AuditFixture() {
    audit = &trail;
    restart();
  }

  IncomingRef from(const std::string& principal, IncomingRef incoming, Rights::Granted granted) {
    incoming->principal = principal;
    incoming->rights = std::make_shared<const Rights>(std::move(granted));
    incoming->address = "192.0.2.7";
    return incoming;
  }
  IncomingRef about(Operation operation, const std::string& kind, const std::string& key) {
    bus::Request request;
    request.id = 3;
    request.operation = operation;
    request.kind = kind;
    request.key = key;
    return incoming(request);
  }
  // The trail as stored, since the last call.
  std::vector<json> told() {
    std::vector<json> all;
    for (const auto& event : journal()) {
      if (event.sequence <= seen || event.type.ns() != audit_namespace) continue;
      BOOST_CHECK_EQUAL(event.principal, "broker");
      auto data = json::parse(event.data);
      data["what"] = std::string(event.type.local());
      if (data.contains("code")) data.erase("reason");  // a text for people
      all.push_back(std::move(data));
    }
    seen = ingest->head();
    return all;
  }
  bool put_of(const std::string& principal, const Subscription& wanted, Rights::Granted granted,
              std::uint64_t revision = 0) {
    const auto out = commit_one(
        from(principal, put("subscription", wanted.id, revision, to_json(wanted, true)), granted));
    return reply(out, Operation::put).code == Code::noerror;
  }

  AuditTrail trail{{10, 100}, counters};
  std::uint64_t seen = 0;
};

const Rights::Granted manages{{}, {}, {}, false, true};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ingest_audit_tests, AuditFixture)

BOOST_AUTO_TEST_CASE(changes_of_the_registry_are_told_once_with_who_and_where) {
  const auto wanted = owned("s-1", "shop");
  BOOST_CHECK(put_of("boss", wanted, manages));
  json expected = {{"what", "changed"},  {"principal", "boss"},    {"peer", "192.0.2.7"},
                   {"operation", "PUT"}, {"kind", "subscription"}, {"key", "s-1"}};
  auto all = told();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_CHECK_EQUAL(all[0], expected);
  BOOST_CHECK(put_of("boss", wanted, manages));  // sent again: nothing changes
  BOOST_CHECK(told().empty());
  bus::Request removal;
  removal.id = 3;
  removal.operation = Operation::remove;
  removal.kind = "subscription";
  removal.key = "s-1";
  removal.reason = "moved out";
  (void)commit_one(from("boss", incoming(removal), manages));
  all = told();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  expected["operation"] = "DELETE";
  expected["reason"] = "moved out";
  BOOST_CHECK_EQUAL(all[0], expected);
}

BOOST_AUTO_TEST_CASE(refusals_are_told_for_each_operation) {
  BOOST_CHECK(put_of("boss", owned("s-1", "shop"), manages));
  (void)told();
  const Rights::Granted none;
  BOOST_CHECK(!put_of("eve", owned("s-1", "eve"), none, 1));
  (void)commit_one(from("eve", about(Operation::remove, "subscription", "s-1"), none));
  (void)commit_one(from("eve", about(Operation::get, "subscription", "s-1"), none));
  (void)commit_one(
      from("eve", about(Operation::get, "subscription", "s-2"), none));  // is not there
  (void)commit_one(from("eve", about(Operation::list, "gateway", ""), none));
  (void)commit_one(from("eve", publish({encode(make_event("1")), encode(make_event("2"))}), none));
  const auto all = told();
  BOOST_REQUIRE_EQUAL(all.size(), 6U);
  const std::vector<std::string> operations = {"PUT",  "DELETE",  "GET",
                                               "LIST", "PUBLISH", "PUBLISH"};
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_CHECK_EQUAL(all[i]["what"], "refused");
    BOOST_CHECK_EQUAL(all[i]["principal"], "eve");
    BOOST_CHECK_EQUAL(all[i]["peer"], "192.0.2.7");
    BOOST_CHECK_EQUAL(all[i]["operation"], operations[i]);
    BOOST_CHECK_EQUAL(all[i]["code"], "NOACCESS");
  }
  BOOST_CHECK_EQUAL(all[2]["key"], "s-1");
  BOOST_CHECK_EQUAL(all[5]["type"], "{urn:example:printer}jam");
  // No payload, and nothing of a callback.
  for (const auto& event : journal())
    if (event.type.ns() == audit_namespace)
      BOOST_CHECK(event.data.find("data of") == std::string::npos &&
                  event.data.find("desk.example") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_gateway_sends_for_a_client_names_both) {
  auto request =
      from("shop", put("subscription", "s-1", 0, to_json(owned("s-1", "eve"), true)), {});
  request->via = "gateway-http";
  const bus::OnBehalf client{"shop", "http", "198.51.100.4:5000"};
  request->request.client = client;
  (void)commit_one(std::move(request));
  const auto all = told();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_CHECK_EQUAL(all[0]["principal"], "shop");
  BOOST_CHECK_EQUAL(all[0]["via"], "gateway-http");
  BOOST_CHECK_EQUAL(all[0]["gateway"], "http");
  BOOST_CHECK_EQUAL(all[0]["peer"], "198.51.100.4:5000");
}

BOOST_AUTO_TEST_CASE(orders_about_dead_letters_are_told_and_other_events_are_not) {
  BOOST_CHECK(put_now("gateway", "desk", 0, "{}").code == Code::noerror);
  const auto put = told();
  BOOST_REQUIRE_EQUAL(put.size(), 1U);
  BOOST_CHECK_EQUAL(put[0]["kind"], "gateway");
  BOOST_CHECK_EQUAL(put[0]["key"], "desk");
  for (const auto* action : {"redrive", "purge"}) {
    auto event = make_event(action, "{urn:sense:management}dead-letters-" + std::string(action));
    event.subject = "desk";
    event.datacontenttype = "application/json";
    event.data = R"({"all": true})";
    const auto published =
        publish_now({encode(event), encode(make_event(action + std::string("2")))});
    BOOST_CHECK(published[0].code == Code::noerror);
    const auto all = told();
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    BOOST_CHECK_EQUAL(all[0]["what"], "changed");
    BOOST_CHECK_EQUAL(all[0]["type"], event.type.clark());
  }
}

BOOST_AUTO_TEST_CASE(the_trail_is_neither_on_the_live_stream_nor_counted_in_watermarks) {
  const auto out = commit_one(from("eve", publish({encode(make_event("1"))}), {}));
  BOOST_CHECK_EQUAL(told().size(), 1U);
  BOOST_CHECK(out.publications.empty());
  const auto watermark = bus::decode_watermark(out.watermark);
  BOOST_REQUIRE(watermark);
  BOOST_CHECK_EQUAL(watermark->previous, 0U);
  BOOST_CHECK_EQUAL(watermark->head, 1U);
  BOOST_CHECK(watermark->tally.empty());
}

BOOST_AUTO_TEST_CASE(a_flood_of_refusals_is_a_few_events) {
  for (int i = 0; i < 20; ++i) {
    std::vector<std::string> events;
    for (int k = 0; k < 500; ++k) events.push_back(encode(make_event(std::to_string(i * 500 + k))));
    (void)commit_one(from("eve", publish(events), {}));
  }
  BOOST_CHECK_EQUAL(told().size(), 10U);
  clock.advance(1s);
  (void)commit_one(from("eve", publish({encode(make_event("x"))}), {}));
  const auto all = told();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_CHECK_EQUAL(all[0]["left-out"], 9'990);
}

BOOST_AUTO_TEST_CASE(changes_that_a_full_disk_undoes_are_not_told) {
  FullDisk disk;
  restart();
  disk.fill();
  bool stored = true;
  for (int i = 0; stored && i < 1'000; ++i)
    stored = put_of("boss", owned("f-" + std::to_string(i), std::string(200, 'x')), manages);
  BOOST_REQUIRE(!stored);
  clock.advance(1min);
  (void)told();
  BOOST_CHECK(!put_of("boss", owned("s-1", "shop"), manages));
  disk.free();
  clock.advance(1min);
  (void)commit({});
  for (const auto& entry : told()) BOOST_CHECK_NE(entry.value("key", ""), "s-1");
  BOOST_CHECK(put_of("boss", owned("s-1", "shop"), manages));
  BOOST_CHECK(!told().empty());
}

BOOST_AUTO_TEST_SUITE_END()
