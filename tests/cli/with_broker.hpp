// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/process.hpp"

namespace sense::test {

// A broker in a folder of its own, and the commands that connect to it.
struct WithBroker {
  explicit WithBroker(const std::string& more = {})
      : config(broker_config(folder, more)), broker({"broker", "--config", config}) {
    const auto ping = sense({"ping", "--timeout", "20s"});
    BOOST_REQUIRE_MESSAGE(ping.code == 0, ping.err + broker.err());
  }

  Outcome sense(std::vector<std::string> words, const std::string& input = {}) const {
    words.insert(words.end(), {"--config", config});
    return run_sense(words, input);
  }

  TempFolder folder;
  std::string config;
  Running broker;
};

inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace sense::test
