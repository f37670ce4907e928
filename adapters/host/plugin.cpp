// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "adapters/host/host.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t abi_length_shown = 64;
using GetDescriptor = const AdapterDescriptor* (*)();

// The name becomes part of a path.
bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= name_length_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Status check_abi(const std::string& path, const char* abi) {
  if (abi != nullptr && std::strcmp(abi, adapter_abi) == 0) return {};
  const std::string theirs =
      abi == nullptr ? "nothing"
                     : "'" + printable(std::string_view(abi).substr(0, abi_length_shown)) + "'";
  return fail(Code::badcontext, "plugin " + path + " was built for " + theirs +
                                    ", but this program loads '" + adapter_abi +
                                    "': build the plugin again with this version's headers");
}

}  // namespace

Result<AdapterPlugin> AdapterPlugin::load(const std::string& folder, const std::string& name) {
  if (!valid_name(name))
    return fail(Code::badparam,
                "'" + printable(name.substr(0, name_length_max)) +
                    "' is no name of an adapter: it has lower-case letters, digits, "
                    "hyphens and underscores, 64 at most");
  const std::string path = folder + "/adapter-" + name + ".so";
  auto module = Module::load(path);
  if (!module) return tl::unexpected(module.error());
  const auto get = reinterpret_cast<GetDescriptor>(module->symbol("sense_adapter_descriptor"));
  if (get == nullptr)
    return fail(Code::badcontext,
                "plugin " + path + " is no adapter: it does not export sense_adapter_descriptor");
  const auto* descriptor = get();
  // Nothing but the first field may be read before the ABI is known.
  if (auto good = check_abi(path, descriptor == nullptr ? nullptr : descriptor->abi); !good)
    return tl::unexpected(good.error());
  if (descriptor->name == nullptr || name != descriptor->name || descriptor->create == nullptr)
    return fail(Code::badcontext, "plugin " + path + " does not describe an adapter named '" +
                                      name +
                                      "': the file was renamed, or its descriptor is incomplete");
  AdapterPlugin plugin;
  plugin.module_ = std::move(*module);
  plugin.descriptor_ = descriptor;
  return plugin;
}

}  // namespace sense
