// SPDX-License-Identifier: Apache-2.0
#include "core/config/yaml.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <random>

using sense::Code;
using sense::parse_yaml;
using sense::YamlNode;

namespace {

std::string refusal(std::string_view text) {
  const auto node = parse_yaml(text, "a.yaml");
  return node ? "accepted" : node.error().message;
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t deepest = 0;
  for (const auto& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const auto& [key, value] : node.entries) deepest = std::max(deepest, depth_of(value));
  return deepest +
         (node.kind == YamlNode::Kind::scalar || node.kind == YamlNode::Kind::null ? 0 : 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_tests)

BOOST_AUTO_TEST_CASE(each_node_knows_its_place) {
  const auto root = parse_yaml("bus:\n  service: ipc:///a\nlist: [x, 'y z']\n", "a.yaml");
  BOOST_REQUIRE(root.has_value());
  BOOST_CHECK(root->kind == YamlNode::Kind::mapping);
  const auto* bus = root->find("bus");
  BOOST_REQUIRE(bus != nullptr);
  BOOST_CHECK_EQUAL(bus->key_line, 1);
  BOOST_CHECK_EQUAL(bus->line, 2);
  BOOST_CHECK_EQUAL(bus->column, 3);
  const auto* service = bus->find("service");
  BOOST_REQUIRE(service != nullptr);
  BOOST_CHECK_EQUAL(service->scalar, "ipc:///a");
  BOOST_CHECK_EQUAL(service->refuse("bad").value().message, "a.yaml:2:12: bad");
  BOOST_CHECK_EQUAL(service->refuse_key("bad").value().message, "a.yaml:2:3: bad");
  BOOST_REQUIRE_EQUAL(root->find("list")->items.size(), 2U);
  BOOST_CHECK_EQUAL(root->find("list")->items[1].scalar, "y z");
  BOOST_CHECK(root->find("absent") == nullptr);
}

BOOST_AUTO_TEST_CASE(entries_keep_their_order) {
  const auto root = parse_yaml("z: 1\na: 2\nm: 3\n", "a.yaml");
  BOOST_REQUIRE(root.has_value());
  BOOST_REQUIRE_EQUAL(root->entries.size(), 3U);
  BOOST_CHECK_EQUAL(root->entries[0].key + root->entries[1].key + root->entries[2].key,
                    "zam");
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_null_and_a_quoted_null_is_text) {
  for (const auto* text : {"", "\n\n", "# only a comment\n", "---\n", "~", "null"}) {
    const auto root = parse_yaml(text, "a.yaml");
    BOOST_REQUIRE_MESSAGE(root.has_value(), text);
    BOOST_CHECK_MESSAGE(root->kind == YamlNode::Kind::null, text);
    BOOST_CHECK_EQUAL(root->line >= 1, true);
  }
  BOOST_CHECK(parse_yaml("\"null\"", "a.yaml")->kind == YamlNode::Kind::scalar);
  BOOST_CHECK(parse_yaml("\"\"", "a.yaml")->kind == YamlNode::Kind::scalar);
}

BOOST_AUTO_TEST_CASE(a_duplicate_key_is_refused_with_both_places) {
  BOOST_CHECK_EQUAL(refusal("a: 1\nb: 2\na: 3\n"),
                    "a.yaml:3:1: the key 'a' stands on line 1 already");
  BOOST_CHECK_EQUAL(refusal("x:\n  - {k: 1, k: 2}\n"),
                    "a.yaml:2:12: the key 'k' stands on line 2 already");
  BOOST_CHECK_EQUAL(refusal("a: {k: 1}\nb: {k: 1}\n"), "accepted");
}

BOOST_AUTO_TEST_CASE(aliases_anchors_and_tags_are_refused) {
  BOOST_CHECK_EQUAL(refusal("a: &x 1\nb: *x\n").substr(0, 12), "a.yaml:1:4: ");
  BOOST_CHECK_NE(refusal("a: &x {}\n").find("anchors"), std::string::npos);
  BOOST_CHECK_NE(refusal("&x a: 1\n").find("anchors"), std::string::npos);
  BOOST_CHECK_NE(refusal("a: *missing\n").find("a.yaml:1:"), std::string::npos);
  BOOST_CHECK_NE(refusal("a: !!int 1\n").find("tags"), std::string::npos);
  BOOST_CHECK_NE(refusal("a: !mine [1]\n").find("tags"), std::string::npos);
  BOOST_CHECK_NE(refusal("a: !!null\n").find("tags"), std::string::npos);
  BOOST_CHECK_NE(refusal("!!map {a: 1}\n").find("tags"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(keys_are_scalars) {
  BOOST_CHECK_NE(refusal("[a]: 1\n"), "accepted");
  BOOST_CHECK_NE(refusal("? {a: 1}\n: 2\n"), "accepted");
  BOOST_CHECK_NE(refusal("~: 1\n"), "accepted");
  BOOST_CHECK_NE(refusal("{: 1}\n"), "accepted");
}

BOOST_AUTO_TEST_CASE(a_second_document_is_refused) {
  BOOST_CHECK_EQUAL(refusal("a: 1\n---\nb: 2\n").substr(0, 9), "a.yaml:2:");
  BOOST_CHECK_NE(refusal("a: 1\n---\nb: 2\n").find("second document"), std::string::npos);
  BOOST_CHECK_EQUAL(refusal("---\na: 1\n...\n"), "accepted");
}

BOOST_AUTO_TEST_CASE(sixteen_levels_are_accepted_and_seventeen_are_not) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  const auto root = parse_yaml(nested(16), "a.yaml");
  BOOST_REQUIRE(root.has_value());
  BOOST_CHECK_EQUAL(depth_of(*root), 16U);
  BOOST_CHECK_NE(refusal(nested(17)).find("deeper than 16"), std::string::npos);
  BOOST_CHECK_NE(refusal(nested(100'000)), "accepted");
  BOOST_CHECK_NE(refusal(std::string(1024 * 1024, '[')), "accepted");
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_nodes_is_the_most) {
  // The sequence itself is one.
  const auto list = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "- 1\n";
    return text;
  };
  BOOST_CHECK_EQUAL(refusal(list(99'999)), "accepted");
  BOOST_CHECK_NE(refusal(list(100'000)).find("more than 100000"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_text_over_one_mebibyte_is_refused) {
  std::string text = "a: 1\n";
  text += "#" + std::string(1024 * 1024 - text.size() - 2, 'x') + "\n";
  BOOST_CHECK_EQUAL(text.size(), 1024U * 1024U);
  BOOST_CHECK_EQUAL(refusal(text), "accepted");
  text += "\n";
  const auto node = parse_yaml(text, "a.yaml");
  BOOST_REQUIRE(!node.has_value());
  BOOST_CHECK(node.error().code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(what_is_no_readable_text_is_refused) {
  BOOST_CHECK_EQUAL(refusal("a: 1\nb: \xff\n"), "a.yaml:2:4: this is not UTF-8 text");
  BOOST_CHECK_NE(refusal(std::string_view("a: \0", 4)).find("control"), std::string::npos);
  BOOST_CHECK_NE(refusal("a: \x1b[2J").find("a.yaml:1:4: control"), std::string::npos);
  BOOST_CHECK_NE(refusal("\xff\xfe"
                         "a\0"),
                 "accepted");
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_an_error_with_its_place) {
  BOOST_CHECK_EQUAL(refusal("a: [1, 2\nb: 3\n").substr(0, 7), "a.yaml:");
  for (const auto* text : {"a: [", "a: {", "a: 'x", "a: \"x", "a: b: c", "\t- a", "a:\n\tb: 1", "]",
                           "}", "a: \"\\q\"", "- a\nb: 1", "%YAML 9.9\n---\na", "@", "`", "a: |9"})
    BOOST_CHECK_MESSAGE(refusal(text).find("a.yaml") == 0 || refusal(text) == "accepted", text);
  BOOST_CHECK_NE(refusal("a: b: c"), "accepted");
  BOOST_CHECK_NE(refusal("a: ["), "accepted");
}

BOOST_AUTO_TEST_CASE(a_control_character_in_a_key_cannot_forge_a_line) {
  const auto message = refusal("\"a\\nb\": 1\n\"a\\nb\": 2\n");
  BOOST_CHECK_EQUAL(message.find('\n'), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_says_so) {
  const auto absent = sense::read_yaml_file("/nonexistent/sense.yaml");
  BOOST_REQUIRE(!absent.has_value());
  BOOST_CHECK(absent.error().code == Code::notfound);
  BOOST_CHECK_NE(absent.error().message.find("/nonexistent/sense.yaml"), std::string::npos);
  const auto folder = sense::read_yaml_file("/");
  BOOST_REQUIRE(!folder.has_value());
  BOOST_CHECK_NE(folder.error().message.find("it is a folder"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_and_named_in_messages) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("sense_yaml_tests_" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << "a: 1\na: 2\n";
  const auto node = sense::read_yaml_file(path.string());
  std::filesystem::remove(path);
  BOOST_REQUIRE(!node.has_value());
  BOOST_CHECK_EQUAL(node.error().message.find(path.string() + ":2:1: "), 0U);
}

// Deterministic mutations; the fuzz target goes further.
BOOST_AUTO_TEST_CASE(mutated_texts_never_get_past_the_limits) {
  const std::string seed_text =
      "bus:\n  service: ipc:///run/a\n  list: [a, {b: c}, \"d\\n\"]\n# c\ngateways:\n  - x: |\n"
      "      text\n    y: >-\n      folded\n  - ~\n";
  const unsigned seed = 20'260'101;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const std::string_view alphabet = "[]{}:,-?&*!|>'\"%@`# \n\tab~<\\";
  std::size_t accepted = 0;
  for (int round = 0; round < 5'000; ++round) {
    auto text = seed_text;
    for (unsigned change = 0; change < 1 + random() % 4; ++change) {
      const auto at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 8);
      else
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
    }
    const auto node = parse_yaml(text, "a.yaml");
    if (!node) {
      BOOST_REQUIRE_EQUAL(node.error().message.find("a.yaml"), 0U);
      continue;
    }
    ++accepted;
    BOOST_REQUIRE_LE(depth_of(*node), 16U);
  }
  BOOST_TEST_MESSAGE("accepted " << accepted << " of 5000");
  BOOST_CHECK_GT(accepted, 100U);
}

BOOST_AUTO_TEST_SUITE_END()
