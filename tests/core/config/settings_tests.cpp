// SPDX-License-Identifier: Apache-2.0
#include "core/config/settings.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

#include "core/config/values.hpp"

using sense::Option;
using sense::OptionType;
using sense::parse_yaml;
using sense::read_settings;
using sense::Settings;
using namespace std::chrono_literals;

namespace {

constexpr std::array<Option, 10> table = {{
    {"name", OptionType::text, "a b: c", "The name."},
    {"code", OptionType::text, "abc", "A short text.", 1, 4},
    {"attempts", OptionType::integer, "12", "How often.", 1, 50},
    {"any", OptionType::integer, "-3", "Any number."},
    {"loud", OptionType::boolean, "false", "Whether."},
    {"max-period", OptionType::duration, "10s",
     "A sentence so long that it has to be broken into two lines when it is printed as a comment "
     "above "
     "its key.",
     1, 3600},
    {"buffer", OptionType::size, "4MiB", "Octets.", 65536, 1073741824},
    {"peers", OptionType::list, "a, b", "Who.", 0, 3},
    {"free", OptionType::list, "", "None."},
    {"pause", OptionType::duration, "2s", "How long.", 1, 60, "gap"},
}};

std::string refusal(std::string_view text, std::span<const std::string_view> extra = {}) {
  const auto node = parse_yaml(text, "a.yaml");
  if (!node) return node.error().message;
  const auto settings = read_settings(*node, table, extra);
  return settings ? "accepted" : settings.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(settings_tests)

BOOST_AUTO_TEST_CASE(every_key_has_its_default) {
  const auto settings = Settings::defaults(table);
  BOOST_CHECK_EQUAL(settings.text("name"), "a b: c");
  BOOST_CHECK_EQUAL(settings.integer("attempts"), 12);
  BOOST_CHECK_EQUAL(settings.integer("any"), -3);
  BOOST_CHECK(!settings.boolean("loud"));
  BOOST_CHECK(settings.duration("max-period") == 10s);
  BOOST_CHECK_EQUAL(settings.size("buffer"), 4 * 1024 * 1024);
  const std::vector<std::string> peers = {"a", "b"};
  BOOST_CHECK(settings.list("peers") == peers);
  BOOST_CHECK(settings.list("free").empty());
}

BOOST_AUTO_TEST_CASE(values_come_from_the_mapping) {
  const auto node = parse_yaml(
      "name: ''\nattempts: 50\nloud: true\nmax-period: 1500ms\nbuffer: 64KiB\npeers: [x]\n",
      "a.yaml");
  BOOST_REQUIRE(node.has_value());
  const auto settings = read_settings(*node, table);
  BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
  BOOST_CHECK_EQUAL(settings->text("name"), "");
  BOOST_CHECK_EQUAL(settings->integer("attempts"), 50);
  BOOST_CHECK(settings->boolean("loud"));
  BOOST_CHECK(settings->duration("max-period") == 1500ms);
  BOOST_CHECK_EQUAL(settings->size("buffer"), 65536);
  BOOST_CHECK_EQUAL(settings->list("peers").size(), 1U);
  BOOST_CHECK_EQUAL(settings->integer("any"), -3);
}

BOOST_AUTO_TEST_CASE(scalars_are_those_of_the_core_schema_of_yaml) {
  for (const char* text : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    const auto settings =
        read_settings(*parse_yaml("loud: " + std::string(text) + "\n", "a.yaml"), table);
    BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
    BOOST_CHECK_EQUAL(settings->boolean("loud"), text[0] == 't' || text[0] == 'T');
  }
  for (const char* text : {"tRUE", "yes", "on", "Yes", "1", "0", "' true'", "y"})
    BOOST_CHECK_NE(refusal("loud: " + std::string(text) + "\n"), "accepted");
  for (const char* text : {"~", "null", "Null", "NULL", ""})
    BOOST_CHECK_EQUAL(refusal("loud: " + std::string(text) + "\n"),
                      "a.yaml:1:1: 'loud' has no value; leave the key out to get its default");
  for (const char* text : {"20", "+20", "020", "0o24", "0x14"}) {
    const auto settings =
        read_settings(*parse_yaml("attempts: " + std::string(text) + "\n", "a.yaml"), table);
    BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
    BOOST_CHECK_EQUAL(settings->integer("attempts"), 20);
  }
  for (const char* text :
       {"0o8", "0xg", "+", "+-2", "++2", "0o", "0x", "2e1", "20.0", "0b1", "2_0"})
    BOOST_CHECK_NE(refusal("attempts: " + std::string(text) + "\n"), "accepted");
}

BOOST_AUTO_TEST_CASE(an_empty_section_is_all_defaults_and_a_scalar_is_none) {
  BOOST_CHECK_EQUAL(refusal(""), "accepted");
  BOOST_CHECK_EQUAL(refusal("5"), "a.yaml:1:1: a mapping (key: value) must stand here");
  BOOST_CHECK_EQUAL(refusal("[name]").substr(0, 12), "a.yaml:1:1: ");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_names_the_nearest_and_its_place) {
  BOOST_CHECK_EQUAL(refusal("name: x\nmax-perod: 5s\n"),
                    "a.yaml:2:1: unknown key 'max-perod'; did you mean 'max-period'?");
  const auto message = refusal("zzzzzzzzzzzz: 5s\n");
  BOOST_CHECK_NE(message.find("unknown key 'zzzzzzzzzzzz'; known here are 'name'"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(keys_of_others_are_left_to_them) {
  const std::array<std::string_view, 1> extra = {"plugins"};
  BOOST_CHECK_EQUAL(refusal("plugins: {a: 1}\nname: x\n", extra), "accepted");
  BOOST_CHECK_EQUAL(refusal("plugin: {a: 1}\n", extra),
                    "a.yaml:1:1: unknown key 'plugin'; did you mean 'plugins'?");
}

BOOST_AUTO_TEST_CASE(a_key_is_read_under_its_former_name_and_the_new_one_is_named) {
  const auto node = parse_yaml("name: x\ngap: 5s\n", "a.yaml");
  BOOST_REQUIRE(node.has_value());
  const auto settings = read_settings(*node, table);
  BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
  BOOST_CHECK(settings->duration("pause") == 5s);
  BOOST_REQUIRE_EQUAL(settings->renamed().size(), 1U);
  BOOST_CHECK_EQUAL(settings->renamed()[0],
                    "a.yaml:2: the key 'gap' is now called 'pause': rename it; the former name is "
                    "read until version 1.0");
  BOOST_CHECK_EQUAL(settings->shown().back().first, "pause");
}

BOOST_AUTO_TEST_CASE(the_present_name_of_a_renamed_key_is_read_without_a_word) {
  const auto node = parse_yaml("pause: 5s\n", "a.yaml");
  BOOST_REQUIRE(node.has_value());
  const auto settings = read_settings(*node, table);
  BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
  BOOST_CHECK(settings->duration("pause") == 5s);
  BOOST_CHECK(settings->renamed().empty());
}

BOOST_AUTO_TEST_CASE(both_names_of_a_key_at_once_are_refused_with_both_places) {
  BOOST_CHECK_EQUAL(refusal("gap: 5s\npause: 5s\n"),
                    "a.yaml:1:1: 'gap' is the former name of 'pause', which a.yaml:2 sets as well: "
                    "remove 'gap'");
  BOOST_CHECK_EQUAL(refusal("pause: 5s\nname: x\ngap: 5s\n"),
                    "a.yaml:3:1: 'gap' is the former name of 'pause', which a.yaml:1 sets as well: "
                    "remove 'gap'");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_under_a_former_name_is_refused_at_its_place) {
  BOOST_CHECK_EQUAL(refusal("gap: 2min\n"),
                    "a.yaml:1:6: 'pause' is 2min, but must be from 1s to 1min");
}

BOOST_AUTO_TEST_CASE(a_value_out_of_range_names_the_range) {
  BOOST_CHECK_EQUAL(refusal("attempts: 51\n"),
                    "a.yaml:1:11: 'attempts' is 51, but must be from 1 to 50");
  BOOST_CHECK_EQUAL(refusal("max-period: 2h\n"),
                    "a.yaml:1:13: 'max-period' is 2h, but must be from 1s to 1h");
  BOOST_CHECK_EQUAL(refusal("max-period: 999ms\n"),
                    "a.yaml:1:13: 'max-period' is 999ms, but must be from 1s to 1h");
  BOOST_CHECK_NE(refusal("max-period: 3600001ms\n"), "accepted");
  BOOST_CHECK_EQUAL(refusal("max-period: 1h\n"), "accepted");
  BOOST_CHECK_EQUAL(refusal("buffer: 2GiB\n"),
                    "a.yaml:1:9: 'buffer' is 2GiB, but must be from 64KiB to 1GiB");
  BOOST_CHECK_EQUAL(refusal("code: abcde\n"),
                    "a.yaml:1:7: 'code' has 5 octets, but must be from 1 to 4 octets");
  BOOST_CHECK_EQUAL(refusal("peers: [a, b, c, d]\n"),
                    "a.yaml:1:8: 'peers' has 4 entries, but must be from 0 to 3 entries");
  BOOST_CHECK_NE(refusal("name: " + std::string(1025, 'x') + "\n").find("0 to 1024 octets"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_value_of_the_wrong_type_is_refused) {
  for (const auto* text : {"attempts: 5x",
                           "attempts: ''",
                           "attempts: 1.5",
                           "attempts: [1]",
                           "attempts: 99999999999999999999",
                           "loud: yes",
                           "loud: 1",
                           "max-period: 10",
                           "max-period: -5s",
                           "max-period: forever",
                           "buffer: 4MB",
                           "buffer: -1KiB",
                           "buffer: KiB",
                           "buffer: 99999999TiB",
                           "buffer: 1.5MiB",
                           "peers: a",
                           "peers: {a: b}",
                           "peers: [[a]]",
                           "peers: ['']",
                           "peers: [~]",
                           "name: [a]",
                           "name: {a: b}",
                           "name:",
                           "attempts: ~"}) {
    const auto message = refusal(text);
    BOOST_CHECK_MESSAGE(message.starts_with("a.yaml:1:"), text << " -> " << message);
    BOOST_TEST_MESSAGE(message);
  }
}

BOOST_AUTO_TEST_CASE(sizes_are_octets_or_binary_units) {
  BOOST_CHECK_EQUAL(*sense::parse_size("0"), 0);
  BOOST_CHECK_EQUAL(*sense::parse_size("65536"), 65536);
  BOOST_CHECK_EQUAL(*sense::parse_size("64KiB"), 65536);
  BOOST_CHECK_EQUAL(*sense::parse_size("1 GiB"), 1073741824);
  BOOST_CHECK(!sense::parse_size("8388608TiB").has_value());
  for (const std::int64_t octets : {0L, 1L, 1023L, 1024L, 1536L, 4194304L, 1L << 40, 3L << 41})
    BOOST_CHECK_EQUAL(*sense::parse_size(sense::size_text(octets)), octets);
  BOOST_CHECK_EQUAL(sense::size_text(4194304), "4MiB");
}

BOOST_AUTO_TEST_CASE(a_failed_set_leaves_the_old_value) {
  auto settings = Settings::defaults(table);
  BOOST_CHECK(!settings.set("attempts", "0").has_value());
  BOOST_CHECK(!settings.set("absent", "0").has_value());
  BOOST_CHECK(!settings.set_list("name", {"a"}).has_value());
  BOOST_CHECK_EQUAL(settings.integer("attempts"), 12);
  BOOST_CHECK(settings.set("attempts", "7").has_value());
  BOOST_CHECK_EQUAL(settings.integer("attempts"), 7);
}

BOOST_AUTO_TEST_CASE(any_text_survives_being_written_as_yaml) {
  for (const std::string text :
       {"",   "a",        "null",     "~",    "a: b", "- a", "#c", "a #c", "\"",  "\\",  "a\nb\tc",
        "[x", "*a",       "&a",       "!t",   "%d",   "@x",  "`x", "---",  "...", " a ", "a:",
        ":a", "\xc3\xa4", "{urn:x}y", "true", "0",    "?",   "<<", "'",    "|",   ">"}) {
    const auto node = parse_yaml("k: " + sense::yaml_scalar(text) + "\n", "a.yaml");
    BOOST_REQUIRE_MESSAGE(node.has_value(), text << ": " << node.error().message);
    BOOST_CHECK_EQUAL(node->find("k")->scalar, text);
    BOOST_CHECK(node->find("k")->kind == sense::YamlNode::Kind::scalar);
    const auto list = parse_yaml("k: " + sense::yaml_list({text, text}) + "\n", "a.yaml");
    BOOST_REQUIRE_MESSAGE(list.has_value(), text << ": " << list.error().message);
    BOOST_CHECK_EQUAL(list->find("k")->items.at(1).scalar, text);
  }
}

BOOST_AUTO_TEST_CASE(what_describe_prints_reads_back_as_the_defaults) {
  const auto text = "section:\n" + sense::describe(table, 2);
  BOOST_TEST_MESSAGE(text);
  const auto node = parse_yaml(text, "a.yaml");
  BOOST_REQUIRE_MESSAGE(node.has_value(), node.error().message);
  const auto settings = read_settings(*node->find("section"), table);
  BOOST_REQUIRE_MESSAGE(settings.has_value(), settings.error().message);
  BOOST_CHECK(settings->shown() == Settings::defaults(table).shown());
  BOOST_CHECK_NE(text.find("  # (whole number, from 1 to 50)\n  attempts: 12\n"),
                 std::string::npos);
  BOOST_CHECK_NE(text.find("(duration, from 1s to 1h)"), std::string::npos);
  BOOST_CHECK_NE(text.find("(size, from 64KiB to 1GiB)"), std::string::npos);
  BOOST_CHECK_NE(text.find("(duration, from 1s to 1min; formerly gap)\n  pause: 2s\n"),
                 std::string::npos);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    BOOST_CHECK_LE(end - at, 100U);
    at = end + 1;
  }
}

BOOST_AUTO_TEST_CASE(a_secret_is_described_and_read_but_never_shown) {
  constexpr Option secrets[] = {{"open", OptionType::text, "a", "Help."},
                                {"key", OptionType::text, "b", "Help.", 0, 0, nullptr, true}};
  auto settings = Settings::defaults(secrets);
  BOOST_REQUIRE(settings.set("key", "c"));
  BOOST_CHECK_EQUAL(settings.text("key"), "c");
  BOOST_REQUIRE_EQUAL(settings.shown().size(), 1U);
  BOOST_CHECK_EQUAL(settings.shown()[0].first, "open");
  BOOST_CHECK_NE(describe(secrets, 0).find("key: b"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
