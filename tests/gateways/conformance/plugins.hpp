// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/config/settings.hpp"
#include "tests/paths.hpp"

// What the conformance tests of gateways and adapters share.
namespace sense::conformance {

inline const std::string folder = testing::in_build("plugins");

// The names of the plugins KIND-NAME.so that there are, in order.
inline std::vector<std::string> plugins(const std::string& kind) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto name = file.path().filename().string();
    if (name.starts_with(kind + "-") && name.ends_with(".so"))
      names.insert(name.substr(kind.size() + 1, name.size() - kind.size() - 4));
  }
  return {names.begin(), names.end()};
}

inline bool is_key(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

// What a plugin's own tests/KIND/NAME/conformance.txt says, for plugins whose defaults cannot be
// tried: lines `option KEY VALUE` and `callback URI`, with PLACE for a folder of the test's own.
struct Example {
  std::map<std::string, std::string> options;
  std::string callback;  // one that the plugin serves; empty: SCHEME://127.0.0.1:PORT/
};

inline Example example_of(const std::string& kind, const std::string& name,
                          const std::string& place) {
  Example example;
  std::ifstream file(testing::in_source("tests/" + kind + "/" + name + "/conformance.txt"));
  for (std::string line; std::getline(file, line);) {
    for (auto at = line.find("PLACE"); at != std::string::npos; at = line.find("PLACE"))
      line.replace(at, 5, place);
    std::istringstream words(line);
    std::string word, key, value;
    words >> word;
    if (word == "callback") words >> example.callback;
    if (word == "option" && words >> key >> value) example.options[key] = value;
  }
  return example;
}

// `taken`: keys of the same section that the host reads.
inline void check_options(std::span<const Option> options, std::span<const Option> taken) {
  std::set<std::string> keys;
  for (const auto& option : taken) keys.insert(option.key);
  auto settings = Settings::defaults(options);
  for (const auto& option : options) {
    const std::string key = option.key;
    BOOST_CHECK_MESSAGE(is_key(key), key << ": a key has lower-case letters, digits and hyphens");
    BOOST_CHECK_MESSAGE(keys.insert(key).second, key << ": the key is there already");
    BOOST_CHECK_MESSAGE(std::string_view(option.help).ends_with('.'), key << ": " << option.help);
    if (option.type == OptionType::list) continue;
    const auto status = settings.set(key, option.fallback);
    BOOST_CHECK_MESSAGE(status.has_value(), status.error().message);
  }
}

// Defaults, but on a free port of this machine, and as the plugin's example says.
inline Settings settings_for_test(std::span<const Option> options, const Example& example) {
  auto settings = Settings::defaults(options);
  for (const auto& [key, value] : example.options) {
    const auto status = settings.set(key, value);
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
  }
  for (const auto& option : options) {
    if (std::string_view(option.key) != "listen") continue;
    auto address = std::string(option.fallback);
    address = address.substr(0, address.find(','));
    // "udp:0.0.0.0:162" -> "udp:127.0.0.1:0"
    auto host = address.substr(0, address.rfind(':'));
    host = host.substr(0, host.rfind(':') == std::string::npos ? 0 : host.rfind(':') + 1);
    if (host.starts_with('[')) host.clear();
    const auto local = host + "127.0.0.1:0";
    const auto status = option.type == OptionType::list ? settings.set_list("listen", {local})
                                                        : settings.set("listen", local);
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
  }
  return settings;
}

}  // namespace sense::conformance
