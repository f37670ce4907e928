// SPDX-License-Identifier: Apache-2.0
// What became of the deliveries of a subscription, as its owner asks for it.
#include "gateways/api/delivery_records.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct FakeRecords final : DeliveryRecords {
  Page<AttemptRecord> attempts(std::string_view id, std::uint64_t after,
                               std::size_t limit) const override {
    asked = std::string(id) + " " + std::to_string(after) + " " + std::to_string(limit);
    return {attempted, true};
  }
  Result<Page<DeadLetterRecord>> dead_letters(std::string_view id, std::int64_t after,
                                              std::size_t limit) override {
    asked = std::string(id) + " " + std::to_string(after) + " " + std::to_string(limit);
    return Page<DeadLetterRecord>{dead, false};
  }
  void redrive(const std::string& id, const std::vector<std::int64_t>& ids, Ordered done) override {
    asked = id;
    ordered.push_back(ids);
    if (refusal) return done(tl::unexpected(*refusal));
    done(std::max<std::size_t>(ids.size(), 1));
  }
  Lateness lateness(std::string_view id) const override {
    asked = id;
    return late;
  }
  mutable std::string asked;
  Lateness late;
  std::vector<AttemptRecord> attempted;
  std::vector<DeadLetterRecord> dead;
  std::vector<std::vector<std::int64_t>> ordered;
  std::optional<Error> refusal;
};

struct DeliveriesFixture : RoutesFixture {
  DeliveriesFixture() {
    harness.context.records = &records;
    id = create();
    path = "/v1/subscriptions/" + id;
  }
  FakeRecords records;
  std::string id;
  std::string path;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(routes_deliveries_tests, DeliveriesFixture)

BOOST_AUTO_TEST_CASE(the_last_attempts_are_shown_to_the_owner) {
  records.attempted.push_back({7, *parse_rfc3339("2026-11-21T12:00:00Z"), 42, 0, "e-1", 2,
                               Attempt::Outcome::retry, 503, 12ms, "HTTP 503: \"later\""});
  records.attempted.push_back(
      {8, WallTime{}, 43, 45, "e-2", 1, Attempt::Outcome::delivered, 0, 0ms, ""});
  const auto shown = ask("GET", path + "/deliveries?after=6&limit=2");
  BOOST_REQUIRE_MESSAGE(shown.status == 200, shown.body);
  BOOST_CHECK_EQUAL(records.asked, id + " 6 2");
  const auto body = json::parse(shown.body);
  BOOST_CHECK_EQUAL(body["more"], true);
  BOOST_CHECK_EQUAL(
      body["deliveries"][0].dump(),
      R"({"answer":"HTTP 503: \"later\"","attempt":2,"duration":"12ms","event":"e-1","id":7,)"
      R"("number":42,"outcome":"retry","status":503,"time":"2026-11-21T12:00:00.000Z"})");
  BOOST_CHECK_EQUAL(body["deliveries"][1]["number-last"], 45);
  BOOST_CHECK(!body["deliveries"][1].contains("status"));
  (void)ask("GET", path + "/deliveries");
  BOOST_CHECK_EQUAL(records.asked, id + " 0 100");
}

BOOST_AUTO_TEST_CASE(dead_letters_are_shown_to_the_owner) {
  records.dead.push_back({9, WallTime{}, 41, 88120, 10, "attempts", "HTTP 500"});
  const auto shown = ask("GET", path + "/dead-letters?limit=1000");
  BOOST_REQUIRE_MESSAGE(shown.status == 200, shown.body);
  BOOST_CHECK_EQUAL(records.asked, id + " 0 1000");
  BOOST_CHECK_EQUAL(json::parse(shown.body)["dead-letters"][0].dump(),
                    R"({"answer":"HTTP 500","attempts":10,"id":9,"number":41,"reason":"attempts",)"
                    R"("sequence":88120,"time":"1970-01-01T00:00:00.000Z"})");
}

BOOST_AUTO_TEST_CASE(wrong_pages_are_refused) {
  for (const auto* query : {"after=x", "after=-1", "after=9223372036854775807", "limit=0",
                            "limit=1001", "before=1", "after=1&after=2"})
    for (const auto* what : {"/deliveries?", "/dead-letters?"})
      check_problem(ask("GET", path + what + query), 400, Code::badparam);
}

BOOST_AUTO_TEST_CASE(a_redrive_names_dead_letters_or_all) {
  const auto two = ask("POST", path + "/dead-letters/redrive", R"({"ids":[7,9]})");
  BOOST_CHECK_EQUAL(two.status, 202U);
  BOOST_CHECK_EQUAL(two.body, "{\"orders\":2}\n");
  BOOST_CHECK_EQUAL(ask("POST", path + "/dead-letters/redrive", R"({"all":true})").status, 202U);
  BOOST_REQUIRE_EQUAL(records.ordered.size(), 2U);
  BOOST_CHECK((records.ordered[0] == std::vector<std::int64_t>{7, 9}));
  BOOST_CHECK(records.ordered[1].empty());
  records.refusal = Error{Code::notfound, "there is none of that number"};
  check_problem(ask("POST", path + "/dead-letters/redrive", R"({"ids":[1]})"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(a_wrong_redrive_orders_nothing) {
  for (const std::string& body :
       {std::string(""), std::string("[]"), std::string("{}"), std::string(R"({"all":false})"),
        std::string(R"({"all":1})"), std::string(R"({"ids":[]})"), std::string(R"({"ids":7})"),
        std::string(R"({"ids":[0]})"), std::string(R"({"ids":[-1]})"),
        std::string(R"({"ids":[1.5]})"), std::string(R"({"ids":["1"]})"),
        std::string(R"({"ids":[9223372036854775808]})"), std::string(R"({"ids":[1],"all":true})"),
        std::string(R"({"id":[1]})"), std::string(R"({"ids":[[[[1]]]]})"),
        R"({"ids":[)" + std::string(300'000, ' ') + "1]}"}) {
    const auto refused = ask("POST", path + "/dead-letters/redrive", body);
    BOOST_CHECK_MESSAGE((refused.status == 400U || refused.status == 413U), body.substr(0, 40));
  }
  BOOST_CHECK(records.ordered.empty());
}

BOOST_AUTO_TEST_CASE(nothing_of_another_owner_is_told) {
  harness.subscriptions.all[id]->owner = "shop";
  check_problem(ask("GET", path + "/deliveries"), 404, Code::notfound);
  check_problem(ask("GET", path + "/dead-letters"), 404, Code::notfound);
  check_problem(ask("POST", path + "/dead-letters/redrive", R"({"all":true})"), 404,
                Code::notfound);
  BOOST_CHECK_EQUAL(records.asked, "");
}

BOOST_AUTO_TEST_CASE(another_gateways_deliveries_are_known_there_only) {
  harness.context.records = nullptr;
  check_problem(ask("GET", path + "/deliveries"), 501, Code::notyetimplemented);
  check_problem(ask("POST", path + "/dead-letters/redrive", R"({"all":true})"), 501,
                Code::notyetimplemented);
}

BOOST_AUTO_TEST_CASE(how_late_events_come_is_shown_to_the_owner) {
  BOOST_CHECK(!json::parse(ask("GET", path).body).contains("lateness"));
  records.late = {3, 12ms, 16ms, 14ms, 1};
  const auto shown = json::parse(ask("GET", path).body);
  BOOST_CHECK_EQUAL(records.asked, id);
  BOOST_CHECK_EQUAL(shown["lateness"].dump(),
                    R"({"count":3,"max":"14ms","mean":"12ms","p99":"16ms"})");
  ask("PATCH", path, R"({"delivery":{"max-latency":"13ms"}})");
  BOOST_CHECK_EQUAL(json::parse(ask("GET", path).body)["lateness"]["over"], 1);
}

BOOST_AUTO_TEST_SUITE_END()
