// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/openapi.hpp"

#include <set>

#include "core/base/text.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

namespace {

struct OpenapiFixture : RoutesFixture {
  OpenapiFixture() : document(json::parse(ask("GET", "/openapi.json").body)) {}
  json document;
};

std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> words;
  for (const auto word : split(list, ',')) words.emplace(trim(word));
  return words;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(openapi_tests, OpenapiFixture)

// OPTIONS is answered by the table that serves requests.
BOOST_AUTO_TEST_CASE(each_path_takes_the_methods_that_the_document_says) {
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    std::string target = path;
    if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, "x");
    std::set<std::string> expected = {"OPTIONS"};
    for (const auto& [method, operation] : methods.items()) {
      ++operations;
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
      expected.insert(upper);
      if (upper == "GET") expected.insert("HEAD");
    }
    const auto response = ask("OPTIONS", target);
    BOOST_REQUIRE_MESSAGE(response.status == 204, path);
    BOOST_CHECK_MESSAGE(words_of(response.headers.at(0).second) == expected,
                        path << ": " << response.headers.at(0).second);
  }
  BOOST_CHECK_EQUAL(operations, 30U);
}

// A name that a path does not take is refused with those that it takes.
BOOST_AUTO_TEST_CASE(each_path_takes_the_queries_that_the_document_says) {
  const auto pulled = create(R"({"callback":"pull:"})");
  std::size_t compared = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    if (!methods.contains("get")) continue;
    std::set<std::string> expected;
    for (const auto& parameter : methods["get"].value("parameters", json::array()))
      if (parameter["in"] == "query") expected.insert(parameter["name"]);
    // The query of an event's URL is checked as a whole, by its MAC.
    if (expected.empty() || path == "/v1/events/{id}") continue;
    std::string target = path;
    if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, pulled);
    const auto detail = json::parse(ask("GET", target + "?zz=1").body)["detail"].get<std::string>();
    const auto list = detail.rfind("there are ");
    BOOST_REQUIRE_MESSAGE(list != std::string::npos, path << ": " << detail);
    auto names = detail.substr(list + 10);
    if (const auto conjunction = names.find(" and "); conjunction != std::string::npos)
      names.replace(conjunction, 5, ",");
    BOOST_CHECK_MESSAGE(words_of(names) == expected, path << ": " << detail);
    ++compared;
  }
  BOOST_CHECK_GE(compared, 5U);
}

BOOST_AUTO_TEST_CASE(operations_have_names_of_their_own_and_problems) {
  std::set<std::string> names;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      BOOST_CHECK_MESSAGE(names.insert(operation["operationId"]).second, operation["operationId"]);
      BOOST_CHECK(!operation["summary"].get<std::string>().empty());
      BOOST_CHECK(operation["responses"].contains("default"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
