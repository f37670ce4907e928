// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/storage/database.hpp"
#include "tests/cli/process.hpp"

using namespace sense::test;
using Json = nlohmann::json;

// sense journal: with a broker beside it, and without.
BOOST_AUTO_TEST_SUITE(cli_journal_tests)

namespace {

struct JournalFixture {
  explicit JournalFixture(int events = 5) : config(broker_config(folder)) {
    start();
    for (int i = 1; i <= events; ++i) publish(i);
  }
  void start() {
    broker = std::make_unique<Running>(std::vector<std::string>{"broker", "--config", config});
    const auto ping = sense({"ping", "--timeout", "20s"});
    BOOST_REQUIRE_MESSAGE(ping.code == 0, ping.err + broker->err());
  }
  void stop() {
    broker->signal(SIGTERM);
    BOOST_CHECK_EQUAL(broker->finish().code, 0);
    broker.reset();
  }
  void publish(int number) const {
    const auto type = number % 2 == 0 ? "{urn:a}even" : "{urn:a}odd";
    const auto outcome = sense({"publish", type, "//hq/" + std::to_string(number), "--data", "d"});
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  }
  Outcome sense(std::vector<std::string> words) const {
    words.insert(words.end(), {"--config", config});
    return run_sense(words);
  }
  Outcome journal(std::vector<std::string> words) const {
    words.insert(words.begin(), "journal");
    return sense(words);
  }
  std::string data() const { return (folder.path() / "data").string(); }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  void damage(int first) const {
    auto database =
        sense::Database::open(data() + "/broker/broker.db", sense::Database::Durability::full);
    BOOST_REQUIRE(database);
    BOOST_REQUIRE(database->execute(
        ("UPDATE journal SET octets=x'00' WHERE first=" + std::to_string(first)).c_str()));
  }

  TempFolder folder;
  std::string config;
  std::unique_ptr<Running> broker;
};

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_CASE(good_journal_is_good_while_the_broker_runs_and_after) {
  JournalFixture fixture;
  for (int pass = 0; pass < 2; ++pass) {
    const auto check = fixture.journal({"check", "--json"});
    BOOST_CHECK_MESSAGE(check.code == 0, check.err);
    const auto line = Json::parse(check.out);
    BOOST_CHECK_EQUAL(line["good"], true);
    BOOST_CHECK_EQUAL(line["events"], 5);
    BOOST_CHECK_EQUAL(line["first"], 1);
    BOOST_CHECK_EQUAL(line["last"], 5);
    BOOST_CHECK_EQUAL(line["registry-entries"], 7);  // the sources, and two types
    BOOST_CHECK(line["findings"].empty());
    const auto stats = Json::parse(fixture.journal({"stats", "--json"}).out);
    BOOST_CHECK_EQUAL(stats["events"], 5);
    BOOST_CHECK_EQUAL(stats["groups"], 5);
    BOOST_CHECK_EQUAL(stats["registry"]["source"], 5);
    BOOST_CHECK_GT(stats["octets"], 100);
    BOOST_CHECK_LE(stats["oldest"], stats["newest"]);
    if (pass == 0) fixture.stop();
  }
  BOOST_CHECK(contains(fixture.journal({"stats"}).out, "quarantined-groups:"));
}

BOOST_AUTO_TEST_CASE(dump_selects_and_carries_what_the_broker_gave) {
  const JournalFixture fixture;
  const auto all = lines_of(fixture.journal({"dump"}).out);
  BOOST_REQUIRE(all.size() == 5u);
  BOOST_CHECK_EQUAL(all[1]["source"], "//hq/2");
  BOOST_CHECK_EQUAL(all[1]["principal"], "local");
  BOOST_CHECK(all[1].contains("sequence"));
  BOOST_CHECK(all[1].contains("observedtime"));
  BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--from", "2", "--to", "3"}).out).size(), 2u);
  BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--type", "{urn:a}odd"}).out).size(), 3u);
  BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--source", "//hq/4"}).out).size(), 1u);
  BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--limit", "4"}).out).size(), 4u);
}

BOOST_AUTO_TEST_CASE(a_type_that_is_no_qname_is_dumped_as_it_was_published) {
  const JournalFixture fixture(0);
  const std::vector<std::string> types = {"oss:ObjectCreated:PutObject", "https://a.example/b?c#d",
                                          "9 lives", "{a", "100%", "com.example.made"};
  for (const auto& type : types) {
    const auto outcome = fixture.sense({"publish", type, "//hq/1", "--data", "d"});
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  }
  const auto all = lines_of(fixture.journal({"dump"}).out);
  BOOST_REQUIRE_EQUAL(all.size(), types.size());
  for (std::size_t i = 0; i < types.size(); ++i) BOOST_CHECK_EQUAL(all[i]["type"], types[i]);
  for (const char* type : {"9 lives", "100%", "oss:ObjectCreated:PutObject"})
    BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--type", type}).out).size(), 1u);
  BOOST_CHECK_EQUAL(lines_of(fixture.journal({"dump", "--type", "{}*"}).out).size(), types.size());
  BOOST_CHECK_NE(fixture.journal({"dump", "--type", "com.example.*"}).code, 0);
  BOOST_CHECK_NE(fixture.sense({"publish", "a\nb", "//hq/1", "--data", "d"}).code, 0);
}

BOOST_AUTO_TEST_CASE(damage_is_found_left_out_quarantined_and_then_known) {
  JournalFixture fixture;
  fixture.stop();
  fixture.damage(3);
  const auto check = fixture.journal({"check"});
  BOOST_CHECK_EQUAL(check.code, 1);
  BOOST_CHECK_MESSAGE(contains(check.out, "damaged: events 3 to 3"), check.out);
  const auto dump = fixture.journal({"dump"});
  BOOST_CHECK_EQUAL(dump.code, 1);
  BOOST_CHECK_EQUAL(lines_of(dump.out).size(), 4u);
  BOOST_CHECK(contains(dump.err, "events 3 to 3 are damaged"));
  const auto saved = fixture.journal({"export", fixture.path("j"), "--json"});
  BOOST_CHECK_EQUAL(saved.code, 1);
  BOOST_CHECK(contains(saved.err, "left out"));
  BOOST_CHECK_EQUAL(Json::parse(saved.out)["events"], 4);

  // The broker finds it at start, quarantines and announces it.
  fixture.start();
  const auto event =
      fixture.sense({"subscribe", "--from", "4", "--type", "{urn:sense:management}journal-damaged",
                     "--count", "1", "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(event.code == 0, event.err);
  BOOST_CHECK_EQUAL(Json::parse(event.out)["data"]["first"], 3);
  const auto known = fixture.journal({"check", "--json"});
  BOOST_CHECK_EQUAL(known.code, 1);
  BOOST_CHECK_EQUAL(Json::parse(known.out)["findings"][0]["what"], "quarantined");
  BOOST_CHECK_EQUAL(Json::parse(fixture.journal({"stats", "--json"}).out)["quarantined-groups"], 1);

  // What was saved makes a journal with a hole.
  const auto other = fixture.path("other");
  const auto imported = fixture.sense({"journal", "import", fixture.path("j"), "--data", other});
  BOOST_CHECK_MESSAGE(imported.code == 0, imported.err);
  const auto hole = run_sense({"journal", "check", "--data", other, "--json"});
  BOOST_CHECK_EQUAL(hole.code, 1);
  BOOST_CHECK_EQUAL(Json::parse(hole.out)["findings"][0]["what"], "missing");
}

BOOST_AUTO_TEST_CASE(export_and_import_bring_every_octet_and_join_on) {
  JournalFixture fixture(3);
  BOOST_CHECK_EQUAL(fixture.journal({"export", fixture.path("one")}).code, 0);
  fixture.publish(4);
  fixture.publish(5);
  BOOST_CHECK_EQUAL(fixture.journal({"export", fixture.path("two")}).code, 0);
  const auto there = fixture.path("there");
  const auto import = [&](const std::string& file) {
    return run_sense({"journal", "import", fixture.path(file), "--data", there, "--json"});
  };
  BOOST_CHECK_EQUAL(Json::parse(import("one").out)["events"], 3);
  // The second holds what is there already, and two events behind it.
  const auto joined = import("two");
  BOOST_CHECK_MESSAGE(joined.code == 0, joined.err);
  BOOST_CHECK_EQUAL(Json::parse(joined.out)["events"], 2);
  BOOST_CHECK_EQUAL(Json::parse(joined.out)["there-already"], 3);
  BOOST_CHECK_EQUAL(Json::parse(joined.out)["last"], 5);
  const auto copy = run_sense({"journal", "dump", "--data", there});
  BOOST_CHECK_EQUAL(copy.out, fixture.journal({"dump"}).out);
  BOOST_CHECK_EQUAL(
      Json::parse(run_sense({"journal", "check", "--data", there, "--json"}).out)["good"], true);

  // Not into a journal with other events, nor beside a broker.
  const JournalFixture other(2);
  BOOST_CHECK_EQUAL(other.journal({"export", fixture.path("other")}).code, 0);
  const auto mixed = import("other");
  BOOST_CHECK_EQUAL(mixed.code, 1);
  BOOST_CHECK_MESSAGE(contains(mixed.err, "other events"), mixed.err);
  const auto locked = fixture.journal({"import", fixture.path("two")});
  BOOST_CHECK_EQUAL(locked.code, 1);
  BOOST_CHECK_MESSAGE(contains(locked.err, "another process"), locked.err);
}

BOOST_AUTO_TEST_CASE(damaged_export_is_refused_with_the_place_and_nothing_is_imported) {
  JournalFixture fixture(3);
  BOOST_CHECK_EQUAL(fixture.journal({"export", fixture.path("j")}).code, 0);
  std::fstream file(fixture.path("j"), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-60, std::ios::end);
  file << '!';
  file.close();
  const auto there = fixture.path("there");
  const auto refused = run_sense({"journal", "import", fixture.path("j"), "--data", there});
  BOOST_CHECK_EQUAL(refused.code, 1);
  BOOST_CHECK_MESSAGE(contains(refused.err, "is damaged at octet"), refused.err);
  BOOST_CHECK(!std::filesystem::exists(there));
}

BOOST_AUTO_TEST_CASE(what_is_no_journal_is_said_in_a_sentence) {
  const TempFolder folder;
  for (const auto* command : {"check", "stats", "dump"}) {
    const auto outcome =
        run_sense({"journal", command, "--data", (folder.path() / "none").string()});
    BOOST_CHECK_EQUAL(outcome.code, 1);
    BOOST_CHECK_MESSAGE(contains(outcome.err, "there is no journal in"), outcome.err);
  }
  std::filesystem::create_directory(folder.path() / "broker");
  (void)folder.write("broker/broker.db", std::string(8192, 'x'));
  const auto outcome = run_sense({"journal", "check", "--data", folder.path().string()});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK_MESSAGE(contains(outcome.err, "not a database"), outcome.err);
}

BOOST_AUTO_TEST_CASE(journal_that_was_cut_short_is_refused_by_the_broker_and_can_be_saved) {
  JournalFixture fixture(30);
  fixture.stop();
  const auto path = fixture.data() + "/broker/broker.db";
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 16'384);
  Running broker({"broker", "--config", fixture.config});
  const auto refused = broker.finish();
  BOOST_CHECK_EQUAL(refused.code, 1);
  BOOST_CHECK_MESSAGE(contains(refused.err, "sense journal export"), refused.err);
  BOOST_CHECK_EQUAL(std::filesystem::file_size(path), size - 16'384);
  BOOST_CHECK_EQUAL(fixture.journal({"check"}).code, 1);
  BOOST_CHECK_EQUAL(fixture.journal({"export", fixture.path("j")}).code, 1);
  const auto there = fixture.path("there");
  const auto imported =
      run_sense({"journal", "import", fixture.path("j"), "--data", there, "--json"});
  BOOST_CHECK_MESSAGE(imported.code == 0, imported.err);
  BOOST_CHECK_GT(Json::parse(imported.out)["events"], 0);
}

// SQLite takes such a file for whole, and the octets that are missing for zeros.
BOOST_AUTO_TEST_CASE(journal_that_was_cut_within_a_page_is_told_by_a_check_and_can_be_saved) {
  JournalFixture fixture(30);
  fixture.stop();
  const auto path = fixture.data() + "/broker/broker.db";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4096);
  const auto checked = fixture.journal({"check"});
  BOOST_CHECK_EQUAL(checked.code, 1);
  BOOST_CHECK_MESSAGE(contains(checked.out + checked.err, "a row without content"),
                      checked.out + checked.err);
  BOOST_CHECK_EQUAL(fixture.journal({"export", fixture.path("j")}).code, 1);
  const auto imported = run_sense(
      {"journal", "import", fixture.path("j"), "--data", fixture.path("there"), "--json"});
  BOOST_CHECK_MESSAGE(imported.code == 0, imported.err);
  BOOST_CHECK_GT(Json::parse(imported.out)["events"], 0);
}

BOOST_AUTO_TEST_SUITE_END()
