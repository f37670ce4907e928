// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/sense/keyed.hpp"
#include "tests/gateways/sense/server_fixture.hpp"
#include "tests/paths.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// The worked transcript of docs/sense-protocol.md, played against the server octet for octet. What
// differs from run to run there is written in capitals between pointed brackets: <COOKIE>.

namespace {

struct Step {
  bool from_client = false;
  std::string octets;
};

std::vector<Step> read_transcript() {
  std::ifstream file(testing::in_source("docs/sense-protocol.md"));
  std::vector<Step> steps;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.find("<!-- transcript -->") != std::string::npos) inside = true;
    if (line.find("<!-- end of transcript -->") != std::string::npos) break;
    if (!inside || line.size() < 2 || (line[0] != '>' && line[0] != '<') ||
        (line[1] != ' ' && line[1] != '|'))
      continue;
    // "> " begins a datagram, ">|" goes on with it.
    if (line[1] == ' ') steps.push_back({line[0] == '>', ""});
    steps.back().octets += line.substr(2) + "\n";
  }
  for (auto& step : steps)  // data has no line end of its own
    if (step.octets.find("\nLength: ") != std::string::npos) step.octets.pop_back();
  return steps;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string replace(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_transcript_tests)

BOOST_AUTO_TEST_CASE(server_plays_the_transcript_of_the_specification) {
  const auto steps = read_transcript();
  BOOST_REQUIRE(steps.size() >= 12U);
  ServerFixture fixture;
  const auto client = endpoint("sense://192.0.2.7:9000");
  std::string cookie = "<COOKIE>";
  std::string id = "<SUBSCRIPTION>";
  std::vector<std::string> waiting;
  std::uint64_t delivered = 0;
  for (const auto& step : steps) {
    const auto octets = replace(replace(step.octets, "<COOKIE>", cookie), "<SUBSCRIPTION>", id);
    if (step.from_client) {
      BOOST_CHECK(waiting.empty());
      waiting = fixture.tell(client, octets);
      continue;
    }
    if (waiting.empty() && octets.starts_with("SENSE/1 EVENT")) {
      (void)fixture.deliver(
          fixture.event_delivery(fixture.subscriptions.served.at(id), ++delivered));
      waiting = fixture.octets_to(client);
    } else if (waiting.empty() && octets.starts_with("SENSE/1 GAP")) {
      auto gap = fixture.event_delivery(fixture.subscriptions.served.at(id), ++delivered);
      gap->kind = Delivery::Kind::gap;
      gap->number_last = gap->number;
      gap->reason = "undeliverable";
      (void)fixture.deliver(gap);
      waiting = fixture.octets_to(client);
    }
    BOOST_REQUIRE_MESSAGE(!waiting.empty(),
                          "the server said nothing where the page has " << octets);
    auto said = waiting.front();
    waiting.erase(waiting.begin());
    const auto message = parse(said);
    BOOST_REQUIRE(message.has_value());
    if (message->has("Cookie")) cookie = message->text("Cookie");
    if (message->has("Subscription")) id = message->text("Subscription");
    if (message->has("Id")) said = replace(said, std::string(message->text("Id")), "<ID>");
    if (message->has("Sent")) said = replace(said, std::string(message->text("Sent")), "<SENT>");
    said = replace(replace(said, cookie, "<COOKIE>"), id, "<SUBSCRIPTION>");
    auto wanted = step.octets;
    if (const auto shown = parse(wanted); shown && shown->has("Id"))
      wanted = replace(wanted, std::string(shown->text("Id")), "<ID>");
    if (const auto shown = parse(wanted); shown && shown->has("Sent"))
      wanted = replace(wanted, std::string(shown->text("Sent")), "<SENT>");
    BOOST_CHECK_EQUAL(said, wanted);
  }
  BOOST_CHECK(waiting.empty());
  BOOST_CHECK_EQUAL(fixture.attempts.size(), delivered);
}

BOOST_AUTO_TEST_CASE(keyed_example_of_the_page_has_the_mac_that_it_must_have) {
  const auto page = read(testing::in_source("docs/sense-protocol.md"));
  const auto from = page.find("<!-- keyed -->\n```\n") + 19;
  auto shown = page.substr(from, page.find("\n```\n<!-- end of keyed -->") - from);
  const auto message = parse(shown);
  BOOST_REQUIRE_MESSAGE(message.has_value(), shown);
  const auto claim = read_claim(*message, shown);
  BOOST_REQUIRE(claim.has_value());
  BOOST_CHECK_EQUAL(claim->key, "hp4");
  BOOST_CHECK(proves(*claim, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"));
}

// tests/fuzz/transcript_corpus.py writes it.
BOOST_AUTO_TEST_CASE(corpus_of_the_fuzz_target_is_the_transcript) {
  std::multiset<std::string> page;
  for (const auto& step : read_transcript())
    if (step.from_client) page.insert(step.octets);
  std::multiset<std::string> corpus;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::in_source("tests/fuzz/corpus/sense_server")))
    if (entry.path().filename().string().starts_with("transcript_"))
      corpus.insert(read(entry.path().c_str()));
  BOOST_TEST(page == corpus, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(page_contains_the_example_client_as_it_is) {
  const auto page = read(testing::in_source("docs/sense-protocol.md"));
  const auto client = read(testing::in_source("docs/examples/sense_client.c"));
  BOOST_REQUIRE(!client.empty());
  BOOST_CHECK_NE(page.find("```c\n" + client + "```\n"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
