// SPDX-License-Identifier: Apache-2.0
#include "core/registry/capabilities.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/registry/management_change.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

const Capabilities polled = {.latency = {1ms, 1h},
                             .digest_latency = Bounds{2ms, 3s},
                             .initiator = Initiator::subscriber,
                             .intermediation = Intermediation::store_and_forward,
                             .acknowledgement = Acknowledgement::relay,
                             .privacy = Privacy::end_to_end,
                             .consent = Consent::implied,
                             .payload_max = 1200,
                             .poll = Bounds{0s, 1h}};

std::optional<Capabilities> read(const std::string& text) {
  const auto json = JsonDocument::parse(text);
  BOOST_REQUIRE(json);
  return capabilities_from_json(json->root());
}

nlohmann::json as_json() { return nlohmann::json::parse(to_json(polled)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(capabilities_tests)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  BOOST_CHECK(read(to_json(polled)) == polled);
  const Capabilities plain = {.latency = {1ms, 1s}, .payload_max = 1};
  BOOST_CHECK(read(to_json(plain)) == plain);
  BOOST_CHECK_EQUAL(to_json(plain),
                    R"({"latency":{"lowest":"1ms","highest":"1s"},"initiator":"gateway",)"
                    R"("intermediation":"none","acknowledgement":"none","privacy":"none",)"
                    R"("consent":"challenge","payload-max":1})");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_declares_nothing) {
  for (const auto* name : {"latency", "initiator", "intermediation", "acknowledgement", "privacy",
                           "consent", "payload-max"}) {
    auto json = as_json();
    json.erase(name);
    BOOST_CHECK_MESSAGE(!read(json.dump()), name);
  }
  const auto whole = as_json();
  for (const auto& [name, member] : whole.items()) {
    auto json = as_json();
    json[name] = {{"lowest", "2s"}, {"highest", "1s"}, {"shortest", "2s"}, {"longest", "1s"}};
    BOOST_CHECK_MESSAGE(!read(json.dump()), name << " upside down");
    json[name] = -1;
    BOOST_CHECK_MESSAGE(!read(json.dump()), name << " as a number");
    json[name] = "of-tomorrow";
    BOOST_CHECK_MESSAGE(!read(json.dump()), name << " as a word");
  }
  for (const auto* text : {"{}", "[]", "7", "\"latency\""}) BOOST_CHECK(!read(text));
}

BOOST_AUTO_TEST_CASE(what_a_newer_version_adds_is_ignored) {
  auto json = as_json();
  json["colour"] = "blue";
  json["latency"]["usual"] = "5ms";
  BOOST_CHECK(read(json.dump()) == polled);
}

BOOST_AUTO_TEST_CASE(an_entry_has_what_its_gateway_declares) {
  const std::vector<AnnouncedScheme> schemes = {{"a", polled}, {"b", std::nullopt}};
  BOOST_CHECK(schemes_of_entry(gateway_entry(schemes, {"a://here"})) == schemes);
  // As versions before capabilities wrote it, and as none should.
  BOOST_CHECK(schemes_of_entry(R"({"schemes":["b"],"listening":[]})") ==
              std::vector<AnnouncedScheme>{{"b"}});
  BOOST_CHECK(schemes_of_entry(R"({"schemes":["b",7,"b"],"capabilities":{"b":{"latency":1}}})") ==
              std::vector<AnnouncedScheme>{{"b"}});
  for (const auto* text : {"", "{", "[]", R"({"schemes":{"a":"b"}})", R"({"capabilities":{}})",
                           R"({"schemes":["","A","a b","\u202e"]})"})
    BOOST_CHECK_MESSAGE(schemes_of_entry(text).empty(), text);
}

BOOST_AUTO_TEST_SUITE_END()
