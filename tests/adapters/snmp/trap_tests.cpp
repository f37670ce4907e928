// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <random>

#include "tests/adapters/snmp/packets.hpp"

using namespace sense::snmp_test;
using sense::Bytes;
using sense::Code;
using sense::snmp::parse_trap;
using sense::snmp::response_to;
using sense::snmp::Trap;

namespace {

const std::vector<std::uint32_t> cisco = {1, 3, 6, 1, 4, 1, 9};
const std::vector<std::uint32_t> name = {1, 3, 6, 1, 2, 1, 2, 2, 1, 2, 7};

Trap good(const std::string& packet, std::size_t varbinds_max = 256) {
  auto trap = parse_trap(bytes(packet), varbinds_max);
  BOOST_REQUIRE_MESSAGE(trap.has_value(), trap.error().message);
  return *trap;
}

Code refusal(const std::string& packet) {
  const auto trap = parse_trap(bytes(packet), 256);
  return trap ? Code::noerror : trap.error().code;
}

std::vector<std::string> all_kinds() {
  std::string values = head(link_down);
  for (const auto& value :
       {integer(-5), octets("eth0"), octets(std::string("\0\1", 2)), octets(""), tlv(0x05, ""),
        oid(cisco), tlv(0x40, "\x01\x02\x03\x04"), integer(4294967295, 0x41), integer(7, 0x42),
        integer(9, 0x43), tlv(0x44, std::string("\x9f\x78\x04\x41\x20\x00\x00", 7)),
        tlv(0x46, "\x7f\xff"), tlv(0x80, ""), tlv(0x81, ""), tlv(0x82, "")})
    values += varbind(name, value);
  return {v2(values), v2(values, 0xa6),
          v1(cisco, "\x0a\x01\x02\x03", 6, 99, varbind(name, octets("x"))),
          v1(cisco, std::string(4, '\0'), 2, 0)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trap_tests)

BOOST_AUTO_TEST_CASE(a_version_2_trap_is_read) {
  const auto trap = good(v2(head(link_down) + varbind(name, octets("eth0"))));
  BOOST_CHECK_EQUAL(trap.version, 2);
  BOOST_CHECK(!trap.inform);
  BOOST_CHECK_EQUAL(trap.community, "public");
  BOOST_CHECK_EQUAL(trap.uptime.value(), 4711U);
  BOOST_CHECK_EQUAL(trap.trap_oid, "1.3.6.1.6.3.1.1.5.3");
  BOOST_CHECK_EQUAL(trap.enterprise, "");
  BOOST_REQUIRE_EQUAL(trap.varbinds.size(), 3U);
  BOOST_CHECK_EQUAL(trap.varbinds[2].oid, "1.3.6.1.2.1.2.2.1.2.7");
  BOOST_CHECK_EQUAL(trap.varbinds[2].type, "OctetString");
  BOOST_CHECK(std::get<Bytes>(trap.varbinds[2].value) == (Bytes{'e', 't', 'h', '0'}));
}

BOOST_AUTO_TEST_CASE(an_inform_has_its_request_id) {
  const auto trap = good(v2(head(link_down), 0xa6, 2147483647));
  BOOST_CHECK(trap.inform);
  BOOST_CHECK_EQUAL(trap.request_id, 2147483647);
}

BOOST_AUTO_TEST_CASE(the_enterprise_of_a_proxied_trap_is_found) {
  const auto trap =
      good(v2(head(link_down) + varbind({1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0}, oid(cisco))));
  BOOST_CHECK_EQUAL(trap.enterprise, "1.3.6.1.4.1.9");
}

BOOST_AUTO_TEST_CASE(version_1_generic_traps_get_their_version_2_names) {
  for (int generic = 0; generic < 6; ++generic) {
    const auto trap = good(v1(cisco, "\x0a\x01\x02\x03", generic, 0));
    BOOST_CHECK_EQUAL(trap.trap_oid, "1.3.6.1.6.3.1.1.5." + std::to_string(generic + 1));
    BOOST_CHECK_EQUAL(trap.enterprise, "1.3.6.1.4.1.9");
    BOOST_CHECK_EQUAL(trap.agent, "10.1.2.3");
    BOOST_CHECK_EQUAL(trap.version, 1);
    BOOST_CHECK_EQUAL(trap.uptime.value(), 4711U);
  }
}

BOOST_AUTO_TEST_CASE(version_1_specific_traps_are_enterprise_zero_number) {
  BOOST_CHECK_EQUAL(good(v1(cisco, "\x0a\x01\x02\x03", 6, 99)).trap_oid, "1.3.6.1.4.1.9.0.99");
  BOOST_CHECK_EQUAL(good(v1(cisco, "\x0a\x01\x02\x03", 6, 0)).trap_oid, "1.3.6.1.4.1.9.0.0");
  BOOST_CHECK_EQUAL(good(v1(cisco, std::string(4, '\0'), 6, 1)).agent, "");
}

BOOST_AUTO_TEST_CASE(version_1_numbers_that_no_trap_has_are_refused) {
  BOOST_CHECK(refusal(v1(cisco, "\x0a\x01\x02\x03", 7, 0)) == Code::protoerror);
  BOOST_CHECK(refusal(v1(cisco, "\x0a\x01\x02\x03", -1, 0)) == Code::protoerror);
  BOOST_CHECK(refusal(v1(cisco, "\x0a\x01\x02\x03", 6, -1)) == Code::protoerror);
}

BOOST_AUTO_TEST_CASE(version_2_needs_a_trap_oid_and_nothing_else) {
  const auto uptime = varbind(uptime_oid, integer(1, 0x43));
  const auto trap = varbind(trap_oid_oid, oid(link_down));
  for (const auto& list :
       {trap, trap + uptime, uptime + trap, varbind(uptime_oid, integer(5000)) + trap,
        varbind(uptime_oid, octets("x")) + trap, varbind(uptime_oid, tlv(0x43, "")) + trap,
        varbind(name, octets("x")) + varbind(name, octets("y")) + trap,
        varbind(trap_oid_oid, integer(5)) + trap})
    for (const auto kind : std::initializer_list<unsigned char>{0xa7, 0xa6})
      BOOST_CHECK_EQUAL(good(v2(list, kind)).trap_oid, "1.3.6.1.6.3.1.1.5.3");
  BOOST_CHECK_EQUAL(good(v2(trap + uptime)).uptime.value(), 1U);
  BOOST_CHECK(!good(v2(trap)).uptime.has_value());
  BOOST_CHECK(!good(v2(varbind(uptime_oid, integer(5000)) + trap)).uptime.has_value());
  for (const auto& list : {std::string(), uptime, uptime + varbind(trap_oid_oid, integer(5)),
                           varbind(trap_oid_oid, tlv(0x06, ""))})
    BOOST_CHECK(refusal(v2(list)) == Code::protoerror);
}

BOOST_AUTO_TEST_CASE(a_trap_oid_beyond_the_limit_of_variables_is_found) {
  std::string values;
  for (int i = 0; i < 10; ++i) values += varbind(name, integer(i));
  const auto trap = good(v2(values + varbind(trap_oid_oid, oid(link_down))), 5);
  BOOST_CHECK_EQUAL(trap.trap_oid, "1.3.6.1.6.3.1.1.5.3");
  BOOST_CHECK_EQUAL(trap.varbinds_left_out, 6U);
}

BOOST_AUTO_TEST_CASE(a_version_1_trap_in_a_version_2_message_is_one_of_version_1) {
  auto packet = v1(cisco, "\x0a\x01\x02\x03", 6, 99);
  packet[4] = '\1';
  const auto trap = good(packet);
  BOOST_CHECK_EQUAL(trap.version, 1);
  BOOST_CHECK_EQUAL(trap.trap_oid, "1.3.6.1.4.1.9.0.99");
}

BOOST_AUTO_TEST_CASE(a_trap_of_the_wrong_version_is_no_notification) {
  const auto body = integer(1) + integer(0) + integer(0) + tlv(0x30, head(link_down));
  BOOST_CHECK(refusal(message(0, "public", tlv(0xa7, body))) != Code::noerror);
  BOOST_CHECK(refusal(message(1, "public", tlv(0xa0, body))) == Code::notfound);
  BOOST_CHECK(refusal(message(1, "public", tlv(0xa2, body))) == Code::notfound);
  BOOST_CHECK(refusal(message(3, "public", tlv(0xa7, body))) == Code::protoerror);
  BOOST_CHECK(refusal(message(-1, "public", tlv(0xa7, body))) == Code::protoerror);
  BOOST_CHECK(refusal(message(7, "public", tlv(0xa7, body))) == Code::protoerror);
}

BOOST_AUTO_TEST_CASE(every_type_of_value_is_named) {
  const auto trap = good(all_kinds()[0]);
  std::vector<std::string> types;
  for (std::size_t i = 2; i < trap.varbinds.size(); ++i) types.push_back(trap.varbinds[i].type);
  const std::vector<std::string> expected = {
      "Integer",          "OctetString", "OctetString",  "OctetString",    "Null",
      "ObjectIdentifier", "IpAddress",   "Counter32",    "Gauge32",        "TimeTicks",
      "OpaqueFloat",      "Counter64",   "noSuchObject", "noSuchInstance", "endOfMibView"};
  BOOST_CHECK_EQUAL_COLLECTIONS(types.begin(), types.end(), expected.begin(), expected.end());
  const auto& values = trap.varbinds;
  BOOST_CHECK_EQUAL(std::get<std::int64_t>(values[2].value), -5);
  BOOST_CHECK(std::get<Bytes>(values[5].value).empty());
  BOOST_CHECK_EQUAL(std::get<std::string>(values[7].value), "1.3.6.1.4.1.9");
  BOOST_CHECK_EQUAL(std::get<std::string>(values[8].value), "1.2.3.4");
  BOOST_CHECK_EQUAL(std::get<std::int64_t>(values[9].value), 4294967295);
  BOOST_CHECK_EQUAL(std::get<float>(values[12].value), 10.0F);
  BOOST_CHECK_EQUAL(std::get<std::string>(values[13].value), "32767");
}

BOOST_AUTO_TEST_CASE(the_largest_counter64_keeps_every_digit) {
  const auto trap = good(v2(
      head(link_down) + varbind(name, tlv(0x46, std::string("\0", 1) + std::string(8, '\xff')))));
  BOOST_CHECK_EQUAL(std::get<std::string>(trap.varbinds.at(2).value), "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(variables_beyond_the_limit_are_counted) {
  std::string values = head(link_down);
  for (int i = 0; i < 10; ++i) values += varbind(name, integer(i));
  const auto trap = good(v2(values), 5);
  BOOST_CHECK_EQUAL(trap.varbinds.size(), 5U);
  BOOST_CHECK_EQUAL(trap.varbinds_left_out, 7U);
}

BOOST_AUTO_TEST_CASE(malformed_messages_are_refused) {
  const auto sound = v2(head(link_down));
  std::vector<std::string> packets = {
      "",
      "x",
      std::string("\x30", 1),
      std::string("\x30\x00", 2),
      std::string("\x30\x80", 2),
      "\x30\x84\xff\xff\xff\xff",
      "GET / HTTP/1.1\r\n\r\n",
      std::string(65507, '\0'),
      std::string(65507, '\x30'),
      message(1, std::string(300, 'c'), tlv(0xa7, "")),
      tlv(0x30, integer(1)),
      message(1, "public", ""),
      message(1, "public", tlv(0xa7, "")),
      v2(varbind(uptime_oid, tlv(0x43, std::string(9, '\x7f')))),
      v2(tlv(0x30, tlv(0x06, std::string(200, '\x01')) + integer(1))),
      v1(cisco, std::string(40, 'a'), 6, 1)};
  for (std::size_t length = 0; length < sound.size(); ++length)
    packets.push_back(sound.substr(0, length));
  for (std::size_t i = 0; i < packets.size(); ++i)
    BOOST_CHECK_MESSAGE(refusal(packets[i]) != Code::noerror, "packet " << i << " is accepted");
}

BOOST_AUTO_TEST_CASE(a_value_that_its_type_cannot_have_is_unknown_and_not_invented) {
  struct Case {
    unsigned char tag;
    std::string content;
  };
  const std::string ten(10, '\1');
  for (const auto& [tag, content] :
       std::vector<Case>{{0x02, ""},           {0x02, std::string("\0\x80\0\0\0", 5)},
                         {0x02, ten},          {0x05, "x"},
                         {0x06, ""},           {0x06, "\x2b\x86"},
                         {0x40, "\1\2\3"},     {0x40, "\1\2\3\4\5"},
                         {0x40, ""},           {0x41, ""},
                         {0x41, "\xff"},       {0x42, "\xff\xfe"},
                         {0x42, ten},          {0x43, ""},
                         {0x43, "\1\1\1\1\1"}, {0x46, ""},
                         {0x46, ten},          {0x46, "\xff"},
                         {0x47, ""},           {0x47, "\1\1\1\1\1"},
                         {0x80, "x"},          {0x81, "x"},
                         {0x82, "x"},          {0x14, "gate open"},
                         {0x00, "x"},          {0x30, "x"},
                         {0x48, "x"}}) {
    const auto trap =
        good(v2(head(link_down) + varbind(name, tlv(tag, content)) + varbind(name, integer(258))));
    BOOST_REQUIRE_EQUAL(trap.varbinds.size(), 4U);
    const auto& unknown = trap.varbinds[2];
    BOOST_CHECK_EQUAL(unknown.oid, "1.3.6.1.2.1.2.2.1.2.7");
    BOOST_CHECK_MESSAGE(unknown.type == "unknown", int{tag} << " is " << unknown.type);
    BOOST_CHECK_EQUAL(unknown.tag.value(), std::uint32_t{tag});
    BOOST_CHECK(std::get<Bytes>(unknown.value) == Bytes(content.begin(), content.end()));
    BOOST_CHECK_EQUAL(std::get<std::int64_t>(trap.varbinds[3].value), 258);
    BOOST_CHECK(!trap.truncated);
  }
}

BOOST_AUTO_TEST_CASE(a_value_that_leaves_its_variable_takes_no_other_one_with_it) {
  for (const auto& value :
       {std::string("\x04\x50zz"), std::string("\x04\x80zz"),
        std::string("\x02\x84\xff\xff\xff\xff"), std::string("\x9f"), std::string()}) {
    const auto trap =
        good(v2(head(link_down) + varbind(name, value) + varbind(name, integer(258))));
    BOOST_REQUIRE_EQUAL(trap.varbinds.size(), 4U);
    BOOST_CHECK_EQUAL(trap.varbinds[2].type, "unknown");
    BOOST_CHECK_EQUAL(trap.varbinds[2].tag.has_value(), !value.empty());
    BOOST_CHECK_EQUAL(std::get<std::int64_t>(trap.varbinds[3].value), 258);
    BOOST_CHECK(!trap.truncated);
  }
}

BOOST_AUTO_TEST_CASE(numbers_within_an_opaque_have_their_own_types) {
  const auto shown = [](const std::string& inner) {
    return good(v2(head(link_down) + varbind(name, tlv(0x44, inner)))).varbinds.at(2);
  };
  BOOST_CHECK_EQUAL(std::get<double>(shown("\x9f\x79\x08\x40\x09\x21\xfb\x54\x44\x2d\x18").value),
                    3.141592653589793);
  BOOST_CHECK_EQUAL(std::get<std::string>(shown("\x9f\x7a\x01\xff").value), "-1");
  BOOST_CHECK_EQUAL(std::get<std::string>(shown("\x9f\x76\x02\x7f\xff").value), "32767");
  BOOST_CHECK_EQUAL(shown("\x9f\x7b\x01\x07").type, "OpaqueU64");
  // Anything else is the octets.
  for (const auto* inner : {"\x9f\x78\x03zzz", "\x9f\x78\x04zzzz!", "\x9f\x79\x04zzzz",
                            "\x9f\x76\x01\xff", "\x04\x01z", "zz", ""}) {
    const auto opaque = shown(inner);
    BOOST_CHECK_EQUAL(opaque.type, "Opaque");
    const std::string_view text(inner);
    BOOST_CHECK(std::get<Bytes>(opaque.value) == Bytes(text.begin(), text.end()));
  }
}

BOOST_AUTO_TEST_CASE(a_list_that_is_missing_or_cut_short_gives_what_there_was) {
  const auto listed = varbind(name, octets("kept")) + varbind(name, octets("cut"));
  const auto sound = v1(cisco, "\x0a\x01\x02\x03", 6, 1, listed);
  const auto head_size = sound.size() - listed.size() - 2;
  for (std::size_t size = head_size; size < sound.size(); ++size) {
    const auto trap = good(sound.substr(0, size));
    BOOST_CHECK_EQUAL(trap.trap_oid, "1.3.6.1.4.1.9.0.1");
    BOOST_CHECK_MESSAGE(trap.truncated, size);
    const bool first = size >= sound.size() - varbind(name, octets("cut")).size();
    BOOST_CHECK_GE(trap.varbinds.size(), first ? 1U : 0U);
    if (first) BOOST_CHECK(std::get<Bytes>(trap.varbinds[0].value) == (Bytes{'k', 'e', 'p', 't'}));
  }
  // The list is whole, its last entry is not.
  const auto overrun = good(v2(head(link_down) + "\x30\x7f" + oid(name) + integer(5)));
  BOOST_CHECK(overrun.truncated);
  BOOST_CHECK_EQUAL(std::get<std::int64_t>(overrun.varbinds.at(2).value), 5);
  BOOST_CHECK(!good(sound).truncated);
  BOOST_CHECK(!good(sound + "behind").truncated);
  for (std::size_t size = 0; size < head_size; ++size)
    BOOST_CHECK_MESSAGE(refusal(sound.substr(0, size)) == Code::protoerror, size);
}

BOOST_AUTO_TEST_CASE(an_entry_without_a_readable_name_is_left_out_and_said) {
  for (const auto& entry : {tlv(0x30, ""), tlv(0x30, tlv(0x06, "") + integer(1)),
                            tlv(0x30, integer(1) + integer(2)), integer(1), tlv(0x00, "")}) {
    const auto trap = good(v2(entry + head(link_down)));
    BOOST_CHECK(trap.truncated);
    BOOST_CHECK_EQUAL(trap.varbinds.size(), 2U);
  }
}

BOOST_AUTO_TEST_CASE(version_1_may_have_a_time_stamp_that_is_none) {
  const auto pdu = [](const std::string& stamp) {
    return message(0, "public",
                   tlv(0xa4, oid(cisco) + tlv(0x40, "\x0a\x01\x02\x03") + integer(2) + integer(0) +
                                 stamp + tlv(0x30, "")));
  };
  BOOST_CHECK_EQUAL(good(pdu(integer(7, 0x43))).uptime.value(), 7U);
  BOOST_CHECK(!good(pdu(integer(7))).uptime.has_value());
  BOOST_CHECK(!good(pdu(tlv(0x43, ""))).uptime.has_value());
}

BOOST_AUTO_TEST_CASE(only_a_specific_trap_needs_its_enterprise) {
  const auto pdu = [](int generic) {
    return message(0, "public",
                   tlv(0xa4, tlv(0x06, "") + tlv(0x40, "\1\2\3\4") + integer(generic) + integer(1) +
                                 integer(1, 0x43) + tlv(0x30, "")));
  };
  BOOST_CHECK_EQUAL(good(pdu(2)).trap_oid, "1.3.6.1.6.3.1.1.5.3");
  BOOST_CHECK(refusal(pdu(6)) == Code::protoerror);
}

BOOST_AUTO_TEST_CASE(of_two_trap_oids_the_first_counts) {
  const auto second = varbind(trap_oid_oid, oid(cisco));
  BOOST_CHECK_EQUAL(good(v2(head(link_down) + second)).trap_oid, "1.3.6.1.6.3.1.1.5.3");
}

BOOST_AUTO_TEST_CASE(a_community_may_have_any_octets) {
  const std::string raw("\0\xff\n", 3);
  const auto pdu = tlv(0xa7, integer(1) + integer(0) + integer(0) + tlv(0x30, head(link_down)));
  BOOST_CHECK_EQUAL(good(message(1, raw, pdu)).community, raw);
  BOOST_CHECK_EQUAL(good(message(1, "", pdu)).community, "");
}

BOOST_AUTO_TEST_CASE(a_response_is_the_inform_without_an_error) {
  const auto values = head(link_down) + varbind(name, tlv(0x14, "gate open"));
  const auto request = integer(123456);
  const auto inform =
      message(1, "public", tlv(0xa6, request + integer(5) + integer(-1) + tlv(0x30, values)));
  const auto expected =
      message(1, "public", tlv(0xa2, request + integer(0) + integer(0) + tlv(0x30, values)));
  BOOST_CHECK_EQUAL(response_to(bytes(inform)), expected);
}

// Every mutation is either refused or gives a trap within the limits.
BOOST_AUTO_TEST_CASE(mutated_messages_never_get_past_the_limits) {
  const auto* given = std::getenv("SENSE_SEED");
  const auto seed =
      given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed << " (run again with SENSE_SEED=" << seed << ")");
  std::mt19937 random(seed);
  const auto seeds = all_kinds();
  std::size_t accepted = 0;
  for (int round = 0; round < 40'000; ++round) {
    auto packet = seeds[random() % seeds.size()];
    for (unsigned change = 0; change < 1 + random() % 3; ++change) {
      const auto at = random() % packet.size();
      if (random() % 4 == 0)
        packet.erase(at, 1 + random() % 4);
      else
        packet[at] = static_cast<char>(random());
      if (packet.empty()) break;
    }
    const auto trap = parse_trap(bytes(packet), 8);
    if (!trap) continue;
    ++accepted;
    if (trap->inform) BOOST_REQUIRE_EQUAL(response_to(bytes(packet)).size(), packet.size());
    BOOST_REQUIRE_LE(trap->varbinds.size(), 8U);
    BOOST_REQUIRE_LE(trap->trap_oid.size(), 128U * 11U);
    BOOST_REQUIRE(!trap->trap_oid.empty());
  }
  BOOST_TEST_MESSAGE("accepted " << accepted << " of 40000");
  BOOST_CHECK_GT(accepted, 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
