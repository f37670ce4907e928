// SPDX-License-Identifier: Apache-2.0
#include "cli/config/configured_subscriptions.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/broker/ingest_fixture.hpp"
#include "tests/gateways/stored_fixture.hpp"
#include "tests/paths.hpp"

// Subscriptions of the configuration file, from the text to what the engine does.
using namespace sense;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr WallTime created{1'700'000'000s};

const std::string head = "subscriptions:\n  - id: a\n    callback: mailto:a@example.net\n";

Result<std::vector<Subscription>> read(const std::string& text) {
  const auto root = parse_yaml(text, "sense.yaml");
  if (!root) return tl::unexpected(root.error());
  const auto* list = root->find("subscriptions");
  BOOST_REQUIRE(list != nullptr);
  return cli::read_configured_subscriptions(*list, created);
}

Subscription read_one(const std::string& text) {
  const auto read_all = read(text);
  BOOST_REQUIRE_MESSAGE(read_all, text << (read_all ? "" : read_all.error().message));
  BOOST_REQUIRE(read_all->size() == 1u);
  return read_all->front();
}

Json delivery_of(const Subscription& subscription) {
  return Json::parse(to_json(subscription, false)).value("delivery", Json::object());
}

// One sentence that begins with the place and has the words.
void refuses(const std::string& text, const std::string& place, const std::string& words) {
  const auto refused = read(text);
  BOOST_TEST_CONTEXT(text) {
    BOOST_REQUIRE(!refused);
    const auto& message = refused.error().message;
    BOOST_CHECK_MESSAGE(message.starts_with("sense.yaml:" + place + ":"), message);
    BOOST_CHECK_MESSAGE(message.find(words) != std::string::npos, message);
    BOOST_CHECK_MESSAGE(message.find('\n') == std::string::npos, message);
  }
}

// As YAML, and as the registry has them. Each is there once.
struct OptionCase {
  const char* yaml;
  const char* json;
};
constexpr std::array options = {
    OptionCase{"retry-initial: 5s", R"({"retry-initial":"5s"})"},
    OptionCase{"retry-factor: 1.5", R"({"retry-factor":1.5})"},
    OptionCase{"retry-max: 1h", R"({"retry-max":"1h"})"},
    OptionCase{"retry-jitter: 0", R"({"retry-jitter":0})"},
    OptionCase{"retry-count: 8", R"({"retry-count":8})"},
    OptionCase{"retry-span: 2h", R"({"retry-span":"2h"})"},
    OptionCase{"expiry: 7d", R"({"expiry":"7d"})"},
    OptionCase{"hold: 15min", R"({"hold":"15min"})"},
    OptionCase{"min-interval: 1min, coalesce: latest",
               R"({"min-interval":"1min","coalesce":"latest"})"},
    OptionCase{"digest: {interval: 1h, until: 18:00, count: 50, octets: 1000}",
               R"({"digest":{"interval":"1h","until":"18:00","count":50,"octets":1000}})"},
    OptionCase{"order: source", R"({"order":"source"})"},
    OptionCase{"window: 4", R"({"window":4})"},
    OptionCase{"rate: 100", R"({"rate":100})"},
    OptionCase{"max-latency: 30s", R"({"max-latency":"30s"})"},
    OptionCase{"on-failure: drop", R"({"on-failure":"drop"})"},
    OptionCase{"suspend-after: 5", R"({"suspend-after":5})"},
    OptionCase{"suspend-over: 10min", R"({"suspend-over":"10min"})"},
};

std::string documentation() {
  std::ifstream file(testing::in_source("docs/subscriptions.md"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The names in the first column of a table of the documentation.
std::set<std::string> documented(const std::string& first_line) {
  std::istringstream text(documentation());
  std::set<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(first_line)) inside = true;
    if (!line.starts_with("|")) inside = false;
    if (inside && line.starts_with("| `")) names.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return names;
}

// The engine and what it delivers, with what a registry made of the configuration.
struct Served : testing::StoredFixture {
  std::map<std::uint64_t, std::string> names;  // of what happened, by sequence

  void serve(const std::string& yaml) {
    const auto wanted = read(yaml);
    BOOST_REQUIRE_MESSAGE(wanted, (wanted ? "" : wanted.error().message));
    IngestFixture broker;
    const auto taken = broker.ingest->load_configured_subscriptions(*wanted, broker.clock.now());
    BOOST_REQUIRE_MESSAGE(taken, (taken ? "" : taken.error().message));
    bus::Request list;
    list.operation = bus::Operation::list;
    list.kind = "subscription";
    list.limit = 10;
    const auto reply =
        broker.reply(broker.commit_one(IngestFixture::incoming(list)), bus::Operation::list);
    for (const auto& entry : reply.entries) {
      const auto held = subscription_from_json(entry.value);
      BOOST_REQUIRE(held);
      sequence = std::max(sequence, held->revision);
      put(*held);
    }
  }
  void happened(const char* id, int severity) {
    auto made = testing::event_of("{urn:a}x", ++sequence);
    made.id = id;
    names[sequence] = id;
    made.time = clock.now().wall;
    made.severity = static_cast<std::uint8_t>(severity);
    publish(std::make_shared<const Event>(std::move(made)));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(configured_subscriptions_tests)

BOOST_AUTO_TEST_CASE(each_delivery_option_is_what_it_is_in_the_record) {
  std::set<std::string> tried;
  for (const auto& [yaml, json] : options) {
    const auto expected = Json::parse(json);
    const auto flow = head + "    delivery: {" + yaml + "}\n";
    BOOST_CHECK_MESSAGE(delivery_of(read_one(flow)) == expected, flow);
    for (const auto& [name, value] : expected.items()) tried.insert(name);
  }
  BOOST_TEST(tried == documented("| Member of `delivery`"), boost::test_tools::per_element());
  BOOST_CHECK(delivery_of(read_one(head)).empty());
  BOOST_CHECK(delivery_of(read_one(head + "    delivery:\n")).empty());
}

BOOST_AUTO_TEST_CASE(options_may_stand_one_on_a_line_and_in_quotes) {
  const auto read = read_one(head + R"(    delivery:
      retry-count: "8"
      digest:
        until: "18:00"
        count: 50
    types: ["{urn:a}*"]
)");
  BOOST_CHECK_EQUAL(delivery_of(read),
                    Json::parse(R"({"retry-count":8,"digest":{"until":"18:00","count":50}})"));
  BOOST_CHECK_EQUAL(read.types.size(), 1u);
}

BOOST_AUTO_TEST_CASE(wrong_option_is_refused_with_its_line_and_its_name) {
  const auto at = [](const std::string& members) { return head + "    delivery:\n" + members; };
  refuses(at("      window: 4\n      retry-max: 8d\n"), "6:7", "retry-max is 1ms to 7d");
  refuses(at("      window: 4\n      windov: 8\n"), "6:7", "is 'window' meant?");
  refuses(at("      hold: soon\n"), "5:7", "hold");
  refuses(at("      rate: 100\n      hold: 5\n"), "6:7", "hold");
  refuses(at("      rate: fast\n"), "5:7", "rate is not a whole number");
  refuses(at("      rate: 1.5\n"), "5:7", "rate");
  refuses(at("      order: type\n"), "5:7", "order is neither");
  refuses(at("      coalesce: latest\n"), "5:7", "coalesce needs min-interval or digest");
  refuses(at("      on-failure: [drop]\n"), "5:7", "on-failure");
  refuses(at("      window: [4]\n"), "5:7", "window");
  refuses(at("      window:\n"), "5:7", "window");
  refuses(at("      order: source\n      min-interval: 1min\n"), "6:7", "min-interval");
  refuses(at("      window: 4\n      digest:\n        count: 5\n        until: 24:00\n"), "8:9",
          "digest until is a time of day");
  refuses(at("      digest:\n        count: 5\n        interval: 32d\n"), "7:9",
          "digest: interval is 1s to 31d");
  refuses(at("      digest: {}\n"), "5:7", "digest needs at least one");
  refuses(at("      digest: 5\n"), "5:7", "digest is not an object");
  refuses(at("      expiry: 1h\n      hold: 1h\n"), "6:7", "hold is not shorter than expiry");
  refuses(head + "    delivery: 5s\n", "4:15", "delivery is not an object");
}

BOOST_AUTO_TEST_CASE(filter_is_read_and_refused_with_its_line) {
  const auto filtered = read_one(head + "    filter: severity <= 3 AND EXISTS subject\n");
  BOOST_CHECK_EQUAL(filtered.filter.text(), "severity <= 3 AND EXISTS subject");
  BOOST_CHECK_EQUAL(read_one(head + "    filter: \"type LIKE '%jam'\"\n").filter.text(),
                    "type LIKE '%jam'");
  BOOST_CHECK(read_one(head + "    filter: ''\n").filter.empty());
  refuses(head + "    types: ['*']\n    filter: severity <=\n", "5:5", "filter");
  refuses(head + "    filter: [a]\n", "4:13", "'filter'");
}

BOOST_AUTO_TEST_CASE(filters_are_read_and_refused_with_their_line) {
  const auto filtered = read_one(head +
                                 "    filter: 'true'\n"
                                 "    filters:\n"
                                 "      - exact: {severity: 3, subject: \"07\"}\n"
                                 "      - not: {any: [prefix: {type: com.}, sql: id = '1']}\n");
  BOOST_CHECK_EQUAL(filtered.filter.text(), "true");
  BOOST_CHECK_EQUAL(filtered.filter.filters(),
                    R"([{"exact":{"severity":"3","subject":"07"}},)"
                    R"({"not":{"any":[{"prefix":{"type":"com."}},{"sql":"id = '1'"}]}}])");
  BOOST_CHECK(read_one(head + "    filters: []\n").filter.empty());
  BOOST_CHECK(read_one(head + "    filters:\n").filter.empty());
  refuses(head + "    types: ['*']\n    filters: [exakt: {id: a}]\n", "5:14",
          "filters[0] has the unknown dialect 'exakt'");
  refuses(head + "    filters: x\n", "4:14", "filters is not an array");
}

BOOST_AUTO_TEST_CASE(labels_are_texts_and_refused_with_their_line) {
  const auto labelled = read_one(head + "    labels: {team: operations, room: 2.14, on: yes}\n");
  const std::map<std::string, std::string, std::less<>> expected = {
      {"on", "yes"}, {"room", "2.14"}, {"team", "operations"}};
  BOOST_CHECK(labelled.labels == expected);
  BOOST_CHECK(read_one(head + "    labels: {}\n").labels.empty());
  refuses(head + "    labels:\n      a: b\n      room: [x]\n", "6:13", "'room' takes one value");
  refuses(head + "    labels:\n      a: b\n      c: " + std::string(257, 'x') + "\n", "6:7",
          "labels: c is longer than 256 octets");
  refuses(head + "    labels:\n      a b: c\n", "4:5", "labels has a key with other than");
}

// An owner could change it over the bus, and what the file says would come back with each start.
BOOST_AUTO_TEST_CASE(owner_is_config_and_cannot_be_another) {
  const auto subscription = read_one(head);
  BOOST_CHECK_EQUAL(subscription.owner, "config");
  BOOST_CHECK_EQUAL(subscription.via, "config");
  BOOST_CHECK(subscription.state == SubscriptionState::active);
  BOOST_CHECK(!subscription.expires.has_value());
  BOOST_CHECK(subscription.created == created);
  for (const auto* member : {"owner: shop", "state: paused", "expires: 2027-06-01T00:00:00Z"})
    refuses(head + "    " + member + "\n", "4:5", std::string(member).substr(0, 5));
}

BOOST_AUTO_TEST_CASE(other_members_are_refused_with_their_line) {
  refuses("subscriptions:\n  - id: a\n    callback: 'no uri'\n", "3:5", "callback");
  refuses("subscriptions:\n  - callback: mailto:a@b.example\n    id: a b\n", "3:5", "id");
}

BOOST_AUTO_TEST_CASE(list_of_the_documentation_is_good) {
  const auto text = documentation();
  const auto from = text.find("```yaml\nsubscriptions:\n  - id: operator\n");
  BOOST_REQUIRE(from != std::string::npos);
  const auto shown = text.substr(from + 8, text.find("```", from + 8) - from - 8);
  const auto subscriptions = read(shown);
  BOOST_REQUIRE_MESSAGE(subscriptions, (subscriptions ? "" : subscriptions.error().message));
  BOOST_CHECK_EQUAL(subscriptions->size(), 2u);
}

BOOST_AUTO_TEST_CASE(filter_hold_and_digest_do_in_the_engine_what_they_say) {
  Served served;
  served.serve(R"(subscriptions:
  - id: worst
    callback: test://one/
    types: ["{urn:a}*"]
    filter: severity <= 3
    delivery:
      hold: 10min
      digest:
        interval: 1h
        count: 3
    labels: {team: operations}
)");
  const auto held = served.engine.find("worst");
  BOOST_REQUIRE(held);
  BOOST_CHECK_EQUAL(held->owner, "config");
  BOOST_CHECK_EQUAL(held->labels.at("team"), "operations");
  served.happened("bad", 3);
  served.happened("harmless", 4);
  served.happened("worse", 1);
  served.pass(10min - 1us);
  served.happened("worst", 0);
  BOOST_CHECK(!served.checkpoint_wanted);
  served.pass(1us);
  BOOST_CHECK(!served.checkpoint_wanted);  // two are due: the window is open
  served.pass(10min - 1us);
  BOOST_CHECK(served.checkpoint_wanted);  // the third closes it
  served.store();
  const auto digest = served.next();
  BOOST_CHECK(digest.delivery->kind == Delivery::Kind::digest);
  std::vector<std::string> ids;
  for (const auto& content : digest.delivery->contents)
    ids.push_back(served.names[content.sequence]);
  BOOST_TEST(ids == (std::vector<std::string>{"bad", "worse", "worst"}),
             boost::test_tools::per_element());
  served.answer(digest, Attempt::delivered());
  // The interval counts from the first event that is due.
  served.happened("later", 2);
  served.pass(10min);
  served.pass(1h - 1us);
  BOOST_CHECK(!served.checkpoint_wanted);
  served.pass(1us);
  BOOST_CHECK(served.checkpoint_wanted);
  served.store();
  const auto later = served.next();
  BOOST_CHECK_EQUAL(later.delivery->number, 4u);
  BOOST_CHECK_EQUAL(served.names[later.sequence], "later");
}

BOOST_AUTO_TEST_SUITE_END()
