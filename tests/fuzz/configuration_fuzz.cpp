// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "cli/config/config_file.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/fuzz/fields.hpp"

// Any octets as the configuration file: mistakes, each with a sentence, or a configuration with
// absolute paths and valid subscriptions.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense;
  using fuzz::require;
  static const TemporaryFolder folder;
  cli::Global global;
  global.config = folder / "sense.yaml";
  std::ofstream(global.config, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  Mistakes mistakes;
  const auto file = cli::read_config(global, mistakes);
  for (const auto& mistake : mistakes) require(!mistake.message.empty());
  require(cli::load_config(global).has_value() == mistakes.empty());
  if (!mistakes.empty()) return 0;
  require(file.data.starts_with("/") && file.plugins.starts_with("/"));
  for (const auto& subscription : file.subscriptions) {
    require(validate(subscription).has_value());
    require(subscription.owner == "config" && !subscription.expires);
  }
  for (const auto& part : file.gateways) require(!part.name.empty() && !part.plugin.empty());
  return 0;
}
