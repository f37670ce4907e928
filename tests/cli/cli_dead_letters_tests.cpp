// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <fstream>

#include "gateways/host/store/gateway_store.hpp"
#include "tests/cli/with_broker.hpp"

using namespace sense::test;
using nlohmann::json;
using namespace std::chrono_literals;

// What an operator does with dead letters: reading a store, asking a gateway.
BOOST_AUTO_TEST_SUITE(cli_dead_letters_tests)

namespace {

namespace fs = std::filesystem;

// Dead letters 1 to 4: of s-1, s-2, s-1, s-2, an hour apart.
constexpr const char* second_hour = "2023-11-14T23:13:20Z";

struct DeadLettersFixture {
  TempFolder folder;
  std::string config = broker_config(folder, "gateways:\n  web: {plugin: http}\n");
  fs::path place = folder.path() / "data" / "gateway-web";

  DeadLettersFixture() {
    fs::create_directories(place);
    auto store = open();
    sense::VirtualClock clock;
    for (std::uint64_t number = 1; number <= 4; ++number) {
      sense::Event event;
      event.id = "e" + std::to_string(number);
      event.type = *sense::QName::parse("{urn:a}x");
      event.source = "//test/one";
      event.data = "octets\x1b[31m";
      event.sequence = 10 + number;
      sense::Engine::DeadLetter dead_letter{number % 2 == 1 ? "s-1" : "s-2",
                                            number,
                                            event.sequence,
                                            3,
                                            "undeliverable",
                                            "HTTP 500 \x1b[31m",
                                            std::make_shared<const sense::Event>(event)};
      BOOST_REQUIRE(store.save(number, {}, {dead_letter}, clock.now()));
      clock.advance(1h);
    }
  }
  sense::GatewayStore open() const {
    auto opened = sense::GatewayStore::open(place.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    return std::move(*opened);
  }
  Outcome run(std::vector<std::string> words) const {
    words.insert(words.begin(), "deadletters");
    words.insert(words.end(), {"--config", config});
    return run_sense(words);
  }
  std::vector<int> ids(std::vector<std::string> words) const {
    words.insert(words.begin(), {"list", "web", "--json"});
    const auto outcome = run(words);
    BOOST_CHECK_EQUAL(outcome.code, 0);
    std::vector<int> found;
    for (const auto& line : json_lines(outcome.out)) found.push_back(line["id"]);
    return found;
  }
  void sql(const char* text) const {
    auto database =
        sense::Database::open((place / "gateway.db").string(), sense::Database::Durability::normal);
    BOOST_REQUIRE(database.has_value() && database->execute(text).has_value());
  }
  std::string octets() const {
    std::ifstream in(place / "gateway.db", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

using Ids = std::vector<int>;

}  // namespace

BOOST_AUTO_TEST_CASE(dead_letters_are_listed_whether_the_gateway_runs_or_not) {
  const DeadLettersFixture with;
  const auto before = with.octets();
  const auto stopped = with.run({"list", "web"});
  BOOST_CHECK_MESSAGE(stopped.code == 0, stopped.err);
  BOOST_CHECK_MESSAGE(
      contains(stopped.out,
               "1 2023-11-14T22:13:20.000Z s-1 #1 event=11 attempts=3 undeliverable: "
               "HTTP 500 \\x1b[31m\n"),
      stopped.out);
  BOOST_CHECK_EQUAL(with.octets(), before);
  const auto running = with.open();  // and its lock is held
  const auto again = with.run({"list", "web"});
  BOOST_CHECK_MESSAGE(again.code == 0, again.err);
  BOOST_CHECK_EQUAL(again.out, stopped.out);
}

BOOST_AUTO_TEST_CASE(what_expired_is_listed_on_request) {
  const DeadLettersFixture with;
  BOOST_CHECK(with.ids({"--expired"}).empty());
  sense::VirtualClock clock;
  BOOST_REQUIRE(with.open().save(5, {}, {}, clock.now(),
                                 {.expired = {{"s-1", 5, 15, 2, "expired", {}, {}}}}));
  const auto outcome = with.run({"list", "web", "--expired"});
  BOOST_CHECK_EQUAL(outcome.out, "1 2023-11-14T22:13:20.000Z s-1 #5 event=15 attempts=2 expired\n");
  BOOST_CHECK((with.ids({}) == Ids{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_reader_keeps_no_gateway_from_starting_and_writing) {
  const DeadLettersFixture with;
  (void)with.run({"list", "web"});
  auto store = with.open();
  sense::VirtualClock clock;
  BOOST_CHECK(store.save(9, {}, {}, clock.now(), {{1, 2}, {}}).has_value());
  BOOST_CHECK((with.ids({}) == Ids{3, 4}));
}

BOOST_AUTO_TEST_CASE(a_list_can_be_narrowed_and_turned_page_by_page) {
  const DeadLettersFixture with;
  BOOST_CHECK((with.ids({}) == Ids{1, 2, 3, 4}));
  BOOST_CHECK((with.ids({"--subscription", "s-2"}) == Ids{2, 4}));
  BOOST_CHECK((with.ids({"--since", second_hour}) == Ids{2, 3, 4}));
  BOOST_CHECK((with.ids({"--since", second_hour, "--subscription", "s-1"}) == Ids{3}));
  BOOST_CHECK((with.ids({"--after", "3"}) == Ids{4}));
  BOOST_CHECK((with.ids({"--subscription", "s-none"}).empty()));
  const auto page = with.run({"list", "web", "--limit", "2"});
  BOOST_CHECK_MESSAGE(contains(page.err, "there are more: --after 2"), page.err);
  const auto last = with.run({"list", "web", "--after", "2", "--limit", "2"});
  BOOST_CHECK_MESSAGE(last.err.empty(), last.err);
}

BOOST_AUTO_TEST_CASE(more_dead_letters_than_a_page_are_all_listed) {
  const DeadLettersFixture with;
  auto store = with.open();
  sense::VirtualClock clock;
  const std::vector<sense::Engine::DeadLetter> many(2'500,
                                                    {"s-3", 1, 9, 1, "rejected", "", nullptr});
  BOOST_REQUIRE(store.save(9, {}, many, clock.now()));
  BOOST_CHECK_EQUAL(with.ids({}).size(), 2'504U);
  BOOST_CHECK_EQUAL(with.ids({"--subscription", "s-3"}).size(), 2'500U);
}

BOOST_AUTO_TEST_CASE(one_dead_letter_is_shown_with_its_event) {
  const DeadLettersFixture with;
  const auto shown = with.run({"get", "web", "2", "--json"});
  BOOST_REQUIRE_MESSAGE(shown.code == 0, shown.err);
  const auto dead_letter = json::parse(shown.out);
  BOOST_CHECK_EQUAL(dead_letter["subscription"], "s-2");
  BOOST_CHECK_EQUAL(dead_letter["number"], 2);
  BOOST_CHECK_EQUAL(dead_letter["sequence"], 12);
  BOOST_CHECK_EQUAL(dead_letter["answer"], "HTTP 500 \x1b[31m");
  BOOST_CHECK_EQUAL(dead_letter["event"]["id"], "e2");
  const auto text = with.run({"get", "web", "2"});
  BOOST_CHECK_MESSAGE(contains(text.out, "subscription:  s-2\n"), text.out);
  BOOST_CHECK(!contains(text.out + shown.out, "\x1b"));
}

BOOST_AUTO_TEST_CASE(what_is_not_there_or_lost_is_said_and_fails) {
  const DeadLettersFixture with;
  const auto absent = with.run({"get", "web", "5"});
  BOOST_CHECK_EQUAL(absent.code, 1);
  BOOST_CHECK_MESSAGE(contains(absent.err, "has no dead letter 5"), absent.err);
  with.sql("UPDATE dead_letter SET record=NULL WHERE id=3");
  const auto lost = with.run({"get", "web", "3", "--json"});
  BOOST_CHECK_EQUAL(lost.code, 1);
  BOOST_CHECK_MESSAGE(contains(lost.err, "dead letter 3"), lost.err);
  BOOST_CHECK(json::parse(lost.out)["event"].is_null());
  for (const auto* id : {"0", "-1", "x"})
    BOOST_CHECK_MESSAGE(with.run({"get", "web", id}).code == 2, id);
}

BOOST_AUTO_TEST_CASE(where_no_store_is_that_is_said_and_none_is_made) {
  const DeadLettersFixture with;
  const auto unknown = with.run({"list", "wep"});
  BOOST_CHECK_EQUAL(unknown.code, 1);
  BOOST_CHECK_MESSAGE(contains(unknown.err, "it names web"), unknown.err);
  fs::rename(with.place, with.folder.path() / "moved");
  const auto absent = with.run({"list", "web"});
  BOOST_CHECK_EQUAL(absent.code, 1);
  BOOST_CHECK_MESSAGE(
      contains(absent.err, "there is no store of a gateway in " + with.place.string()), absent.err);
  BOOST_CHECK(!fs::exists(with.place));
  // Found where it is now, without a configuration.
  const auto moved = run_sense({"deadletters", "list", "web", "--config", "/nowhere", "--data",
                                (with.folder.path() / "moved").string()});
  BOOST_CHECK_MESSAGE(moved.code == 0, moved.err);
  BOOST_CHECK_EQUAL(std::count(moved.out.begin(), moved.out.end(), '\n'), 4);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_store_is_refused_by_name) {
  const DeadLettersFixture with;
  with.sql("DROP TABLE dead_letter");
  const auto other = with.run({"list", "web"});
  BOOST_CHECK_EQUAL(other.code, 1);
  BOOST_CHECK_MESSAGE(contains(other.err, "gateway.db is no gateway's store"), other.err);
  fs::remove(with.place / "gateway.db");
  (void)with.folder.write("data/gateway-web/gateway.db", std::string(4096, 'x'));
  const auto nonsense = with.run({"list", "web"});
  BOOST_CHECK_EQUAL(nonsense.code, 1);
  BOOST_CHECK_MESSAGE(contains(nonsense.err, "gateway.db"), nonsense.err);
}

// ---- asking

BOOST_AUTO_TEST_CASE(a_request_that_selects_nothing_or_two_things_is_bad_usage) {
  const DeadLettersFixture with;
  for (const auto* command : {"redrive", "purge"}) {
    const auto nothing = with.run({command, "web"});
    BOOST_CHECK_EQUAL(nothing.code, 2);
    BOOST_CHECK_MESSAGE(contains(nothing.err, "nothing is selected"), nothing.err);
    BOOST_CHECK_EQUAL(with.run({command, "web", "1", "--all"}).code, 2);
    BOOST_CHECK_EQUAL(with.run({command, "web", "--all", "--subscription", "s-1"}).code, 2);
    BOOST_CHECK_EQUAL(with.run({command, "web", "--since", "yesterday"}).code, 2);
    BOOST_CHECK_EQUAL(with.run({command, "web", "0"}).code, 2);
    BOOST_CHECK_EQUAL(with.run({command}).code, 2);
  }
  BOOST_CHECK((with.ids({}) == Ids{1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_is_not_there_is_refused_by_the_broker) {
  const WithBroker with;
  const auto outcome = with.sense({"deadletters", "purge", "wep", "--all"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "no gateway has announced itself by the name of wep"),
                      outcome.err);
}

BOOST_AUTO_TEST_CASE(a_broker_that_is_not_there_is_waited_for_no_longer_than_wanted) {
  const DeadLettersFixture with;
  const auto outcome = with.run({"purge", "web", "--all", "--timeout", "300ms"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "no receipt from the broker"), outcome.err);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_is_stopped_acts_when_it_comes_back) {
  const WithBroker with("gateways:\n  sense: {listen: ['127.0.0.1:0']}\n");
  const std::vector<std::string> gateway = {"gateway", "sense", "--config", with.config};
  const auto ask = [&](const char* timeout) {
    return with.sense({"deadletters", "purge", "sense", "--all", "--json", "--timeout", timeout});
  };
  {
    Running running(gateway);
    BOOST_REQUIRE(running.wait_for("listening"));
    BOOST_REQUIRE(eventually([&] { return ask("20s").code == 0; }));
    const auto absent = with.sense({"deadletters", "redrive", "sense", "7", "--timeout", "20s"});
    BOOST_CHECK_EQUAL(absent.code, 1);
    BOOST_CHECK_MESSAGE(contains(absent.err, "has no dead letter 7"), absent.err);
    running.signal(SIGTERM);
    BOOST_CHECK_EQUAL(running.finish().code, 0);
  }
  const auto silent = ask("300ms");
  BOOST_CHECK_EQUAL(silent.code, 1);
  BOOST_CHECK_MESSAGE(
      contains(silent.err, "gateway sense has said nothing for 300ms: does it run?"), silent.err);
  Running running(gateway);
  const auto from = silent.err.substr(silent.err.find("--from ") + 7);
  const auto answer = with.sense({"subscribe", "--from", from.substr(0, from.find(' ')), "--type",
                                  "{urn:sense:management}dead-letters-purged", "--count", "1",
                                  "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(answer.code == 0, answer.err);
  BOOST_CHECK_EQUAL(json::parse(answer.out)["data"]["purged"], 0);
}

BOOST_AUTO_TEST_SUITE_END()
