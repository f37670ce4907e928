// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap_event.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using sense::Bytes;
using sense::Timestamp;
using sense::VirtualClock;
using namespace sense::snmp;
using namespace std::chrono_literals;

namespace {

const EventRules rules{"urn:sense:snmp", "//"};
const Sender sender{"192.0.2.7", 40000};

Trap link_down() {
  Trap trap;
  trap.community = "s3cret";
  trap.uptime = 4711;
  trap.trap_oid = "1.3.6.1.6.3.1.1.5.3";
  trap.request_id = 5;
  return trap;
}

sense::Event event_of(const Trap& trap, const Sender& from = sender) {
  auto event = trap_event(trap, from, rules, VirtualClock().now().wall);
  BOOST_REQUIRE_MESSAGE(event.has_value(), event.error().message);
  return *event;
}

nlohmann::json shown(VarValue value, const std::string& type = "OctetString",
                     const std::string& oid = "1.3.6.1.2.1.1.5.0") {
  auto trap = link_down();
  trap.varbinds.push_back({oid, type, std::move(value), std::nullopt});
  return nlohmann::json::parse(event_of(trap).data).at("varbinds").at(0);
}

Bytes octets(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(trap_event_tests)

BOOST_AUTO_TEST_CASE(a_trap_becomes_an_event) {
  auto trap = link_down();
  trap.enterprise = "1.3.6.1.4.1.9";
  const auto event = event_of(trap);
  BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:snmp}linkDown");
  BOOST_CHECK_EQUAL(event.source, "//192.0.2.7/snmp");
  BOOST_CHECK(event.time == VirtualClock().now().wall);
  BOOST_CHECK_EQUAL(event.datacontenttype, "application/json");
  BOOST_CHECK(!event.severity.has_value());
  BOOST_CHECK(event.id.empty());
  const auto data = nlohmann::json::parse(event.data);
  BOOST_CHECK_EQUAL(data.at("version"), "2c");
  BOOST_CHECK_EQUAL(data.at("uptime"), 4711);
  BOOST_CHECK_EQUAL(data.at("trap"), "1.3.6.1.6.3.1.1.5.3");
  BOOST_CHECK_EQUAL(data.at("enterprise"), "1.3.6.1.4.1.9");
  BOOST_CHECK(!data.contains("varbindsLeftOut"));
}

BOOST_AUTO_TEST_CASE(the_community_is_nowhere_in_the_event) {
  auto trap = link_down();
  trap.varbinds.push_back({"1.3.6.1.6.3.18.1.4.0", "OctetString", octets("s3cret"), std::nullopt});
  const auto event = event_of(trap);
  BOOST_CHECK_EQUAL(event.data.find("s3cret"), std::string::npos);
  BOOST_CHECK_EQUAL(event.data.find("community"), std::string::npos);
  BOOST_CHECK_EQUAL(nlohmann::json::parse(event.data).at("varbinds").at(0).at("redacted"), true);
}

BOOST_AUTO_TEST_CASE(version_1_speaks_of_its_agent) {
  auto trap = link_down();
  trap.version = 1;
  trap.agent = "10.1.2.3";
  const auto event = event_of(trap);
  BOOST_CHECK_EQUAL(event.source, "//10.1.2.3/snmp");
  const auto data = nlohmann::json::parse(event.data);
  BOOST_CHECK_EQUAL(data.at("version"), "1");
  BOOST_CHECK_EQUAL(data.at("agent"), "10.1.2.3");
  BOOST_CHECK_EQUAL(data.at("sender"), "192.0.2.7");
}

BOOST_AUTO_TEST_CASE(an_ipv6_source_has_brackets) {
  BOOST_CHECK_EQUAL(event_of(link_down(), {"2001:db8::7", 1}).source, "//[2001:db8::7]/snmp");
  BOOST_CHECK_EQUAL(source_of("//site.example/", "192.0.2.7"), "//site.example/192.0.2.7/snmp");
}

BOOST_AUTO_TEST_CASE(type_names_are_names_of_xml) {
  BOOST_CHECK_EQUAL(type_name_of("1.3.6.1.6.3.1.1.5.1"), "coldStart");
  BOOST_CHECK_EQUAL(type_name_of("1.3.6.1.6.3.1.1.5.6"), "egpNeighborLoss");
  BOOST_CHECK_EQUAL(type_name_of("1.3.6.1.6.3.1.1.5.7"), "oid.1.3.6.1.6.3.1.1.5.7");
  BOOST_CHECK_EQUAL(type_name_of("1.3.6.1.6.3.1.1.5.1.0"), "oid.1.3.6.1.6.3.1.1.5.1.0");
  BOOST_CHECK_EQUAL(type_name_of("1.3.6.1.4.1.9.0.99"), "oid.1.3.6.1.4.1.9.0.99");
}

BOOST_AUTO_TEST_CASE(the_longest_trap_oids_stay_different) {
  std::string longest = "1.3";
  for (int i = 2; i < 128; ++i) longest += ".4294967295";
  const auto one = type_name_of(longest);
  const auto other = type_name_of(longest + "1");
  BOOST_CHECK_EQUAL(one.size(), sense::QName::local_length_max);
  BOOST_CHECK_NE(one, other);
  auto trap = link_down();
  trap.trap_oid = longest;
  BOOST_CHECK_EQUAL(nlohmann::json::parse(event_of(trap).data).at("trap"), longest);
}

BOOST_AUTO_TEST_CASE(readable_octets_are_text_and_others_are_hex) {
  BOOST_CHECK_EQUAL(shown(octets("eth0")).at("value"), "eth0");
  BOOST_CHECK(!shown(octets("eth0")).contains("encoding"));
  BOOST_CHECK_EQUAL(shown(octets("a\r\n\tb")).at("value"), "a\r\n\tb");
  BOOST_CHECK_EQUAL(shown(octets("\xc3\xa4")).at("value"), "\xc3\xa4");
  BOOST_CHECK_EQUAL(shown(Bytes{}).at("value"), "");
  for (const auto& raw :
       {Bytes{0}, Bytes{0xff}, Bytes{'a', 0x1b, '['}, Bytes{0xe2, 0x80, 0xae}, Bytes{0xc3}}) {
    const auto json = shown(raw);
    BOOST_CHECK_EQUAL(json.at("encoding"), "hex");
  }
  BOOST_CHECK_EQUAL((shown(Bytes{0x00, 0x1a, 0xff}).at("value")), "001aff");
  BOOST_CHECK_EQUAL(shown(octets("abc"), "Opaque").at("encoding"), "hex");
}

BOOST_AUTO_TEST_CASE(numbers_and_nothing_have_their_json_forms) {
  BOOST_CHECK_EQUAL(shown(std::int64_t{-5}, "Integer").at("value"), -5);
  BOOST_CHECK_EQUAL(shown(std::string("18446744073709551615"), "Counter64").at("value"),
                    "18446744073709551615");
  BOOST_CHECK(shown(std::monostate{}, "Null").at("value").is_null());
  BOOST_CHECK_EQUAL(shown(1.5, "OpaqueFloat").at("value"), 1.5);
  BOOST_CHECK(
      shown(std::numeric_limits<double>::infinity(), "OpaqueFloat").at("value").is_string());
}

BOOST_AUTO_TEST_CASE(a_float_has_the_fewest_digits_that_give_it_again) {
  const auto text = [](float value) {
    auto trap = link_down();
    trap.varbinds.push_back({"1.3", "OpaqueFloat", value, std::nullopt});
    const auto data = event_of(trap).data;
    const auto begin = data.find("\"value\":") + 8;
    return data.substr(begin, data.find('}', begin) - begin);
  };
  BOOST_CHECK_EQUAL(text(13.7F), "13.7");
  BOOST_CHECK_EQUAL(text(-0.1F), "-0.1");
  BOOST_CHECK_EQUAL(text(2.5F), "2.5");
  for (const auto number : {std::numeric_limits<float>::max(), std::numeric_limits<float>::min(),
                            std::numeric_limits<float>::denorm_min(), 16777217.0F, 1.0e9F})
    BOOST_CHECK_EQUAL(std::strtof(text(number).c_str(), nullptr), number);
  BOOST_CHECK_EQUAL(text(std::numeric_limits<float>::infinity()), "\"inf\"");
}

BOOST_AUTO_TEST_CASE(an_unknown_value_has_its_tag_and_octets) {
  auto trap = link_down();
  trap.varbinds.push_back({"1.3", "unknown", octets("fire"), 0x14});
  trap.varbinds.push_back({"1.3", "unknown", Bytes{}, 0x9f78});
  trap.varbinds.push_back({"1.3", "unknown", Bytes{}, std::nullopt});
  trap.varbinds.push_back({"1.3", "unknown", Bytes{}, 0});
  const auto list = nlohmann::json::parse(event_of(trap).data).at("varbinds");
  BOOST_CHECK_EQUAL(
      list.at(0).dump(),
      R"({"encoding":"hex","oid":"1.3","tag":"14","type":"unknown","value":"66697265"})");
  BOOST_CHECK_EQUAL(list.at(1).at("tag"), "9f78");
  BOOST_CHECK_EQUAL(list.at(1).at("value"), "");
  BOOST_CHECK(!list.at(2).contains("tag"));
  BOOST_CHECK_EQUAL(list.at(3).at("tag"), "00");
}

BOOST_AUTO_TEST_CASE(what_a_trap_does_not_say_is_absent) {
  auto trap = link_down();
  trap.uptime.reset();
  const auto data = nlohmann::json::parse(event_of(trap).data);
  BOOST_CHECK(!data.contains("uptime"));
  BOOST_CHECK(!data.contains("truncated"));
  trap.truncated = true;
  BOOST_CHECK_EQUAL(nlohmann::json::parse(event_of(trap).data).at("truncated"), true);
}

BOOST_AUTO_TEST_CASE(a_link_local_sender_has_its_zone_but_its_source_does_not) {
  const auto event = event_of(link_down(), {"fe80::7%eth0", 1});
  BOOST_CHECK_EQUAL(event.source, "//[fe80::7]/snmp");
  BOOST_CHECK_EQUAL(nlohmann::json::parse(event.data).at("sender"), "fe80::7%eth0");
}

BOOST_AUTO_TEST_CASE(what_was_left_out_is_said) {
  auto trap = link_down();
  trap.varbinds_left_out = 7;
  BOOST_CHECK_EQUAL(nlohmann::json::parse(event_of(trap).data).at("varbindsLeftOut"), 7);
}

BOOST_AUTO_TEST_CASE(a_repeated_inform_keeps_its_id_for_five_minutes) {
  VirtualClock clock;
  InformIds ids;
  const auto trap = link_down();
  const auto event = event_of(trap);
  const auto first = ids.id_of(trap, sender, event, clock.now());
  for (int i = 0; i < 29; ++i) {
    clock.advance(10s);
    BOOST_CHECK_EQUAL(ids.id_of(trap, sender, event, clock.now()), first);
  }
  clock.advance(10s);
  BOOST_CHECK_NE(ids.id_of(trap, sender, event, clock.now()), first);
  BOOST_CHECK_EQUAL(ids.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_restart_within_the_window_gives_the_same_id) {
  VirtualClock clock;
  const auto trap = link_down();
  const auto event = event_of(trap);
  BOOST_CHECK_EQUAL(InformIds().id_of(trap, sender, event, clock.now()),
                    InformIds().id_of(trap, sender, event, clock.now()));
}

BOOST_AUTO_TEST_CASE(another_inform_has_another_id) {
  VirtualClock clock;
  InformIds ids;
  const auto trap = link_down();
  const auto event = event_of(trap);
  const auto first = ids.id_of(trap, sender, event, clock.now());
  auto other_request = trap;
  other_request.request_id = 6;
  BOOST_CHECK_NE(ids.id_of(other_request, sender, event, clock.now()), first);
  BOOST_CHECK_NE(ids.id_of(trap, {"192.0.2.8", 40000}, event, clock.now()), first);
  BOOST_CHECK_NE(ids.id_of(trap, {"192.0.2.7", 40001}, event, clock.now()), first);
  auto other_content = event;
  other_content.data += " ";
  BOOST_CHECK_NE(ids.id_of(trap, sender, other_content, clock.now()), first);
}

BOOST_AUTO_TEST_CASE(the_table_of_ids_is_bounded) {
  VirtualClock clock;
  InformIds ids(16);
  auto trap = link_down();
  const auto event = event_of(trap);
  for (int i = 0; i < 1000; ++i) {
    trap.request_id = i;
    (void)ids.id_of(trap, sender, event, clock.now());
    BOOST_REQUIRE_LE(ids.size(), 16U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
