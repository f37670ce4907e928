// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/plugin.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t plugin_name_length_max = 64;
constexpr std::size_t abi_length_shown = 64;

// The name becomes part of a path.
bool valid_plugin_name(std::string_view name) {
  return !name.empty() && name.size() <= plugin_name_length_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; });
}

}  // namespace

Result<OpenedPlugin> open_plugin(const PluginKind& kind, const std::string& folder,
                                 const std::string& name) {
  if (!valid_plugin_name(name))
    return fail(Code::badparam,
                "'" + printable(name.substr(0, plugin_name_length_max)) + "' is no name of " +
                    kind.with_article +
                    ": it has lower-case letters, digits, hyphens and underscores, 64 at most");
  OpenedPlugin opened;
  opened.path = folder + "/" + kind.name + "-" + name + ".so";
  auto module = Module::load(opened.path);
  if (!module) return tl::unexpected(module.error());
  opened.symbol = module->symbol(kind.symbol);
  if (opened.symbol == nullptr)
    return fail(Code::badcontext, "plugin " + opened.path + " is no " + kind.name +
                                      ": it does not export " + kind.symbol + " (" +
                                      kind.exported_by + ")");
  opened.module = std::move(*module);
  return opened;
}

Status check_plugin_abi(const PluginKind& kind, const std::string& path, const char* abi) {
  const std::string_view built_for = abi == nullptr ? "nothing" : abi;
  if (built_for == kind.abi) return {};
  return fail(Code::badcontext, "plugin " + path + " was built for interface '" +
                                    printable(built_for.substr(0, abi_length_shown)) +
                                    "', this program has '" + kind.abi +
                                    "': build the plugin again with this version's headers");
}

Error undescribed_plugin(const PluginKind& kind, const std::string& path, const std::string& name) {
  return {Code::badcontext, "plugin " + path + " does not describe " + kind.with_article +
                                " named '" + name +
                                "': the file was renamed, or its descriptor is incomplete"};
}

}  // namespace sense
