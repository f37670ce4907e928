// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "core/base/random.hpp"
#include "core/subscription/subscription.hpp"
#include "tests/paths.hpp"

BOOST_AUTO_TEST_SUITE(subscription_json_tests)

using namespace sense;
using namespace std::chrono_literals;

namespace {

Subscription full_subscription() {
  Subscription s;
  s.id = "s-7Q2M0XK4WJ8ZB6N3T5V9C1DHFG";
  s.revision = UINT64_MAX;
  s.since = 1ULL << 60U;
  s.owner = "B\u00fcro \"1\"";
  s.via = "http";
  s.created = from_micros(1'795'252'500'250'001);
  s.updated = from_micros(1'795'252'500'250'000);
  s.types = {*TypePattern::parse("{urn:\u7d19}jam"), *TypePattern::parse("{urn:p}*"),
             *TypePattern::parse("*"), *TypePattern::parse("created")};
  s.sources = {*SourcePattern::parse("//hq.example/*/x"), *SourcePattern::parse("/**")};
  s.filter = "severity <= 3";
  s.own_only = true;
  s.callback = "https://desk.example/events?a=b";
  s.expires = from_micros(1'795'252'600'000'000);
  s.period = 90s;
  s.state = SubscriptionState::suspended;
  s.reason = "HTTP 500\nthree times";
  s.challenge_hash = sha256_hex("token");
  s.edition = "STEP.SingleLine.CC";
  s.language = "de";
  s.delivery = {1s, 32s, 8, 24h, 16};
  auto& sparse = s.delivery.sparse.edit();
  sparse.retry_factor = 1.5;
  sparse.retry_jitter = 0;
  sparse.retry_span = 2h;
  sparse.hold = 15min;
  sparse.coalesce = Coalesce::latest;
  sparse.digest = {24h, 18h + 5min, 100, 65'536};
  sparse.order = Order::none;
  sparse.rate = 50;
  sparse.on_failure = OnFailure::drop;
  sparse.suspend_after = 20;
  sparse.suspend_over = 1h;
  s.labels = {{"room", "2.14"}, {"empty", ""}};
  return s;
}

Error refusal(std::string_view json) {
  const auto subscription = subscription_from_json(json);
  return subscription ? Error{Code::noerror, ""} : subscription.error();
}

void check_refused(std::string_view json, std::string_view word, Code code = Code::badparam) {
  const auto error = refusal(json);
  BOOST_CHECK_MESSAGE((error.code == code), json << ": " << symbol(error.code));
  BOOST_CHECK_MESSAGE(error.message.find(word) != std::string::npos, error.message);
}

// A subscription with only a callback and this member.
std::string with(const std::string& member) { return R"({"callback": "pull:", )" + member + "}"; }

}  // namespace

BOOST_AUTO_TEST_CASE(every_member_survives) {
  auto other = full_subscription();
  other.delivery.sparse.edit().digest.reset();  // the two exclude each other
  other.delivery.sparse.edit().min_interval = 1min;
  for (const auto& subscription : {full_subscription(), other}) {
    const auto json = to_json(subscription, true);
    const auto read = subscription_from_json(json);
    BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
    BOOST_CHECK(*read == subscription);
    BOOST_CHECK_EQUAL(to_json(*read, true), json);
  }
}

BOOST_AUTO_TEST_CASE(every_state_survives) {
  for (const auto state :
       {SubscriptionState::pending, SubscriptionState::active, SubscriptionState::paused,
        SubscriptionState::suspended, SubscriptionState::ended}) {
    auto subscription = full_subscription();
    subscription.state = state;
    BOOST_CHECK(subscription_from_json(to_json(subscription, true))->state == state);
  }
}

BOOST_AUTO_TEST_CASE(challenge_hash_is_shown_only_with_secrets) {
  BOOST_CHECK_EQUAL(to_json(full_subscription(), false).find("challenge"), std::string::npos);
  BOOST_CHECK_EQUAL(to_json(full_subscription(), false).find(full_subscription().challenge_hash),
                    std::string::npos);
  BOOST_CHECK_NE(to_json(full_subscription(), true).find("challengehash"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(absent_members_take_their_defaults_and_are_not_shown) {
  const auto read = subscription_from_json(R"({"callback": "pull:"})");
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  Subscription wanted;
  wanted.callback = "pull:";
  BOOST_CHECK(*read == wanted);
  const auto json = to_json(wanted, true);
  for (const auto* member : {"filter", "expires", "period", "reason", "challengehash", "edition",
                             "language", "delivery", "labels"})
    BOOST_CHECK_MESSAGE(json.find(member) == std::string::npos, member);
}

BOOST_AUTO_TEST_CASE(documented_examples_are_read) {
  std::ifstream file(testing::in_source("docs/subscriptions.md"));
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```json") blocks.emplace_back();
    if (inside && line != "```") blocks.back() += line + "\n";
    inside = line == "```json" || (inside && line != "```");
  }
  int whole = 0;
  int fragments = 0;
  for (const auto& block : blocks) {
    const bool fragment = block.starts_with("\"delivery\"");
    if (!fragment && block.find("\"callback\"") == std::string::npos) continue;  // an event's data
    const auto read =
        subscription_from_json(fragment ? R"({"callback":"pull:",)" + block + "}" : block);
    BOOST_REQUIRE_MESSAGE(read.has_value(), block + (read ? "" : read.error().message));
    const auto valid = validate(*read);
    BOOST_CHECK_MESSAGE(valid.has_value(), block << (valid ? "" : valid.error().message));
    ++(fragment ? fragments : whole);
    if (fragment) continue;
    BOOST_CHECK(read->period == 600s);
    BOOST_CHECK_EQUAL(read->labels.at("room"), "2.14");
  }
  BOOST_CHECK_EQUAL(whole, 1);
  BOOST_CHECK_EQUAL(fragments, 2);
}

BOOST_AUTO_TEST_CASE(filter_is_read_compiled_and_written_as_it_was) {
  const auto read = subscription_from_json(with(R"("filter": "severity < 4 OR id = 'ü'")"));
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  BOOST_CHECK_EQUAL(read->filter.text(), "severity < 4 OR id = 'ü'");
  Event event;
  event.severity = 3;
  BOOST_CHECK(read->filter.passes(event));
  event.severity = 4;
  BOOST_CHECK(!read->filter.passes(event));
  BOOST_CHECK(*subscription_from_json(to_json(*read, true)) == *read);
  const auto none = subscription_from_json(with(R"("filter": "")"));
  BOOST_CHECK(none.has_value() && none->filter.empty());
}

BOOST_AUTO_TEST_CASE(unknown_member_is_refused_by_name_with_the_nearest_known) {
  check_refused(with(R"("colour": 1)"), "'colour'");
  check_refused(with(R"("soures": [])"), "is 'sources' meant?");
  check_refused(with(R"("delivery": {"retry-cuont": 1})"), "is 'retry-count' meant?");
  BOOST_CHECK_EQUAL(refusal(with(R"("a\u001bb": 1)")).message.find('\x1b'), std::string::npos);
}

BOOST_AUTO_TEST_CASE(repeated_member_is_refused) {
  check_refused(R"({"callback": "pull:", "callback": "http://evil.example/"})", "repeated");
  check_refused(with(R"("labels": {"a": "1", "\u0061": "2"})"), "repeated");
  check_refused(with(R"("delivery": {"window": 1, "window": 2})"), "repeated");
  BOOST_CHECK((refusal(with(R"("via": "x", "labels": {"via": "1"})")).code == Code::noerror));
}

BOOST_AUTO_TEST_CASE(member_of_the_wrong_type_is_refused_by_name) {
  check_refused(with(R"("id": 1)"), "id");
  check_refused(with(R"("revision": -1)"), "revision");
  check_refused(with(R"("revision": 1.0)"), "revision");
  check_refused(with(R"("since": "1")"), "since");
  check_refused(with(R"("since": 18446744073709551616)"), "a number cannot be read");
  check_refused(with(R"("created": 0)"), "created");
  check_refused(with(R"("created": "yesterday")"), "created");
  check_refused(with(R"("types": "*")"), "types");
  check_refused(with(R"("types": [1])"), "types");
  check_refused(with(R"("types": ["{urn:a"])"), "types");
  check_refused(with(R"("sources": ["a b"])"), "sources");
  check_refused(with(R"("expires": null)"), "expires");
  check_refused(with(R"("period": 600)"), "period");
  check_refused(with(R"("period": "600")"), "period");
  check_refused(with(R"("state": "asleep")"), "state");
  check_refused(with(R"("state": 1)"), "state");
  check_refused(with(R"("delivery": [])"), "delivery");
  check_refused(with(R"("delivery": {"window": 4294967296})"), "window");
  check_refused(with(R"("delivery": {"expiry": 5})"), "expiry");
  check_refused(with(R"("labels": {"a": 1})"), "labels");
  check_refused(with(R"("labels": [])"), "labels");
}

BOOST_AUTO_TEST_CASE(limits_hold_for_json_too) {
  std::string patterns = R"("*")";
  for (int i = 0; i < 256; ++i) patterns += R"(,"*")";
  check_refused(with("\"types\": [" + patterns + "]"), "types", Code::nomoreroom);
  check_refused(with("\"edition\": \"" + std::string(257, 'a') + "\""), "edition",
                Code::varvaltoobig);
  check_refused(with(R"("filter": "severity <")"), "filter: column 11");
  check_refused(with(R"("filter": true)"), "filter is not a text");
  check_refused("{}", "callback", Code::varnotfound);
  check_refused(std::string(1024 * 1024 + 1, ' '), "1 MiB", Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(filters_are_read_shown_and_refused_by_name) {
  const auto read = subscription_from_json(
      with(R"("filters": [ {"not": {"exact": {"type": "b", "id": "a\/"}}}, {"sql": "true"} ],)"
           R"("filter": "severity < 4")"));
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  BOOST_CHECK_EQUAL(read->filter.text(), "severity < 4");
  constexpr auto shown = R"([{"not":{"exact":{"id":"a/","type":"b"}}},{"sql":"true"}])";
  BOOST_CHECK_EQUAL(read->filter.filters(), shown);
  const auto json = to_json(*read, false);
  BOOST_CHECK_NE(json.find(std::string("\"filters\":") + shown), std::string::npos);
  BOOST_CHECK(subscription_from_json(json).value() == *read);
  BOOST_CHECK(
      sense::requested_subscription_from_json(R"({"callback":"pull:","filters":[{"sql":"true"}]})")
          .has_value());
  const auto none = subscription_from_json(with(R"("filters": [])"));
  BOOST_REQUIRE(none.has_value());
  BOOST_CHECK(none->filter.empty());

  check_refused(with(R"("filters": {"exact": {"id": "1"}})"), "filters is not an array");
  check_refused(with(R"("filters": "true")"), "filters is not an array");
  check_refused(with(R"("filters": null)"), "filters is not an array");
  check_refused(with(R"("filters": [{"exact": {}}])"), "filters[0].exact has no attribute");
  check_refused(with(R"("filters": [{"exakt": {"id": "1"}}])"), "is 'exact' meant?");
  check_refused(with(R"("filters": [{"sql":"true"}], "filters": [{"sql":"true"}])"), "repeated");
  BOOST_CHECK_EQUAL(refusal(with(R"("filters": [{"exact": {"data": "1"}}])")).field, "filters");
}

// The deepest filters are not too deep for what reads them on their way.
BOOST_AUTO_TEST_CASE(the_deepest_filters_fit_into_an_announced_change) {
  std::string filters = R"({"exact":{"id":"1"}})";
  for (int i = 0; i < 5; ++i) filters = R"({"all":[)" + filters + "]}";
  const auto read = subscription_from_json(with("\"filters\": [" + filters + "]"));
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  const auto change =
      sense::change_from_json(sense::whole_change_to_json(to_json(*read, true), "ada", ""));
  BOOST_REQUIRE(change.has_value());
  BOOST_REQUIRE(change->subscription.has_value());
  BOOST_CHECK(*change->subscription == *read);
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
  for (const auto* json :
       {"", "null", "1", "[]", "{", "{}{}", "{} x", "{'a': 1}", "{\"a\": \"\xff\"}",
        "{\"callback\": \"pull:\",}", "// {}", "{\"a\": NaN}"})
    BOOST_CHECK_MESSAGE((refusal(json).code == Code::badparam), json);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_at_once) {
  check_refused(with("\"labels\": " + std::string(500'000, '[') + std::string(500'000, ']')),
                "nests");
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += R"({"a":)";
  check_refused(objects, "not valid JSON");  // nor is it ever closed
  check_refused(objects + "1" + std::string(50'000, '}'), "nests");
}

BOOST_AUTO_TEST_CASE(owner_and_end_of_the_lease_are_read_without_the_rest) {
  const auto peek = [](std::string_view text) { return sense::peek_subscription(text); };
  const auto head = peek(R"({"id":"a","owner":"ops","x":[],"expires":"2027-06-01T00:00:00Z"})");
  BOOST_REQUIRE(head.has_value());
  BOOST_CHECK_EQUAL(head->owner, "ops");
  BOOST_CHECK(head->expires == *sense::parse_rfc3339("2027-06-01T00:00:00Z"));
  BOOST_CHECK_EQUAL(peek(R"({"owner":"\u00e4\"\u0000"})")->owner, std::string("\u00e4\"\0", 4));
  BOOST_CHECK(!peek(R"({"id":"a"})")->expires.has_value());
  BOOST_CHECK(peek(R"({"id":"owner"})")->owner.empty());
  // Not those of something within.
  BOOST_CHECK(!peek(R"({"x":{"expires":"2027-06-01T00:00:00Z"},"expires":null})")->expires);
  BOOST_CHECK(!peek(R"({"expires":["2027-06-01T00:00:00Z"]})")->expires);
  BOOST_CHECK(peek(R"({"labels":{"owner":"eve"}})")->owner.empty());
  BOOST_CHECK(peek(R"({"owner":["eve"],"labels":{"owner":"eve"}})")->owner.empty());
  for (const auto* bad : {"", "{", "7", "\"expires\"", R"({"expires":"tomorrow"})", "{} x"})
    BOOST_CHECK_MESSAGE(!peek(bad).has_value(), bad);
  BOOST_CHECK(!peek(std::string(100'000, '[')).has_value());
}

BOOST_AUTO_TEST_CASE(rare_delivery_options_are_read_and_refused_by_name) {
  const auto delivery = [](const std::string& members) {
    return with(R"("delivery": {)" + members + "}");
  };
  const auto read = subscription_from_json(
      delivery(R"("digest": {"until": "07:05"}, "order": "none", "retry-factor": 2)"));
  BOOST_REQUIRE_MESSAGE(read.has_value(), read.error().message);
  BOOST_CHECK(read->delivery.sparse->digest->until == Duration{7h + 5min});
  BOOST_CHECK_EQUAL(*read->delivery.sparse->retry_factor, 2.0);
  BOOST_CHECK_NE(to_json(*read, false).find(R"("digest":{"until":"07:05"})"), std::string::npos);
  check_refused(delivery(R"("order": "type")"), "order is neither \"none\" nor \"source\"");
  check_refused(delivery(R"("coalesce": 1)"), "coalesce is neither");
  check_refused(delivery(R"("on-failure": "forget")"), "on-failure is neither");
  check_refused(delivery(R"("digest": {"until": "24:00"})"), "digest until");
  check_refused(delivery(R"("digest": {"until": "7:05"})"), "digest until");
  check_refused(delivery(R"("digest": {"at": "07:05"})"), "unknown member 'at'");
  check_refused(delivery(R"("digest": {})"), "digest needs at least one");
  check_refused(delivery(R"("digest": {"interval": "32d"})"), "digest: interval is 1s to 31d");
  check_refused(delivery(R"("digest": {"count": 5}, "order": "source")"), "conflicts with order");
  check_refused(delivery(R"("rate": "fast")"), "rate is not a whole number");
}

BOOST_AUTO_TEST_CASE(the_owner_is_read_also_of_what_cannot_be_read) {
  BOOST_CHECK_EQUAL(owner_from_json(R"({"hue":{"owner":"eve"},"owner":"ada","x":[1]})"), "ada");
  for (const auto* text : {"", "{", "[]", "7", "{}", R"({"owner":7})", R"({"owner":"ada")",
                           R"(["owner","ada"])", R"({"a":{"owner":"eve"}})"})
    BOOST_CHECK_MESSAGE(owner_from_json(text).empty(), text);
}

BOOST_AUTO_TEST_SUITE_END()
