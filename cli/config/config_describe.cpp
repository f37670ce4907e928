// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "cli/config/config_file.hpp"
#include "cli/config/config_tables.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* head =
    "# The configuration of SENSE: every key, at its default. `sense config describe` writes this\n"
    "# file, `sense config check` reads one and says what is wrong with it.\n"
    "#\n"
    "# A relative path in `data` or `plugins` counts from the folder of this file. Every other\n"
    "# relative path (ipc:// endpoints, folders of plugins) counts from `data`.\n"
    "# Durations have a unit: 250ms, 10s, 5min, 2h, 7d. So do sizes: 512, 64KiB, 4MiB, 1GiB.\n";

constexpr const char* subscriptions_text =
    "\n# Subscriptions that are there from the start, for good, and cannot be changed from "
    "outside.\n"
    "# Only `id` and `callback` are needed. For example:\n"
    "#\n"
    "#   - id: operator\n"
    "#     callback: mailto:operator@example.net\n"
    "#     types: [\"{urn:example:printer}*\"]\n"
    "#     sources: [//hq.example/printer/**]\n"
    "#     filter: severity <= 3 AND EXISTS subject\n"
    "#     edition: \"\"\n"
    "#     language: en\n"
    "#     labels: {team: operations}\n"
    "#     delivery: {retry-initial: 5s, retry-max: 1h, retry-count: 10, expiry: 7d, window: 4}\n"
    "#   - id: evening\n"
    "#     callback: https://desk.example/events\n"
    "#     delivery: {hold: 15min, digest: {until: \"18:00\", count: 50}}\n"
    "subscriptions: []\n";

// NAME of every KIND-NAME.so in the folder, in order.
Result<std::vector<std::string>> plugin_names(const std::string& folder, const std::string& kind) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto file = at->path().filename().string();
    if (file.starts_with(kind + "-") && file.ends_with(".so"))
      names.push_back(file.substr(kind.size() + 1, file.size() - kind.size() - 4));
  }
  if (error)
    return fail(Code::notfound, "the plugins in " + folder + " cannot be listed: " +
                                    error.message() + "; name their folder with --plugins");
  std::sort(names.begin(), names.end());
  return names;
}

void append_section(std::string& text, const char* comment, const char* key,
                    std::span<const Option> table) {
  text += "\n# " + std::string(comment) + "\n" + key + ":\n" + describe(table, 2);
}

template <class Plugin>
Status append_parts(std::string& text, const std::string& folder, const std::string& kind,
                    std::span<const Option> host) {
  const auto names = plugin_names(folder, kind);
  if (!names) return tl::unexpected(names.error());
  if (names->empty()) text.replace(text.size() - 1, 1, " {}\n");
  for (const auto& name : *names) {
    const auto plugin = Plugin::load(folder, name);
    if (!plugin) return tl::unexpected(plugin.error());
    text += "  # " + std::string(plugin->descriptor().summary) + "\n  " + name + ":\n";
    text += describe(part_options, 4) + describe(host, 4);
    text += describe(plugin->descriptor().options, 4);
  }
  return {};
}

}  // namespace

Result<std::string> describe_config(const std::string& plugins) {
  std::string text = head;
  text += "\n" + describe(top_options, 0);
  append_section(text, "What the processes say about themselves, on standard error.", "log",
                 log_options);
  append_section(text, "The way to the broker.", "bus", bus_options());
  append_section(text, "The broker: journal and registry.", "broker", broker_options());
  append_section(text, "Where deliveries may go: public addresses, and these.", "egress",
                 egress_options);
  text +=
      "\n# Gateways: ways to be told. NAME: {...}; as many of one plugin as you like, under names "
      "of "
      "their own.\n"
      "# What is not named here does not run.\n"
      "gateways:\n";
  if (auto good = append_parts<GatewayPlugin>(text, plugins, "gateway", gateway_host_options());
      !good)
    return tl::unexpected(good.error());
  text +=
      "\n# Adapters: ways for events to come in from programs that know nothing of SENSE.\n"
      "adapters:\n";
  if (auto good = append_parts<AdapterPlugin>(text, plugins, "adapter", adapter_host_options());
      !good)
    return tl::unexpected(good.error());
  text += subscriptions_text;
  return text;
}

}  // namespace sense::cli
