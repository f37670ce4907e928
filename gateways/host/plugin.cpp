// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "gateways/host/host.hpp"

namespace sense {

namespace {

constexpr std::size_t name_length_max = 64;
constexpr std::size_t abi_length_shown = 64;

// The name becomes part of a path.
bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= name_length_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Status check_descriptor(const std::string& path, const std::string& name,
                        const GatewayDescriptor* descriptor) {
  // Nothing but the first field may be read before the ABI is known.
  const std::string_view abi = descriptor && descriptor->abi ? descriptor->abi : "nothing";
  if (abi != gateway_abi)
    return fail(Code::badcontext, "plugin " + path + " was built for interface '" +
                                      printable(abi.substr(0, abi_length_shown)) +
                                      "', this program has '" + gateway_abi +
                                      "': build the plugin again with this version's headers");
  if (descriptor->name == nullptr || name != descriptor->name || descriptor->create == nullptr)
    return fail(Code::badcontext, "plugin " + path + " does not describe a gateway named '" + name +
                                      "': the file was renamed, or its descriptor is incomplete");
  return {};
}

}  // namespace

Result<GatewayPlugin> GatewayPlugin::load(const std::string& folder, const std::string& name) {
  if (!valid_name(name))
    return fail(Code::badparam,
                "'" + printable(name.substr(0, name_length_max)) +
                    "' is no name of a gateway: it has lower-case letters, digits, hyphens and "
                    "underscores, 64 at most");
  const auto path = folder + "/gateway-" + name + ".so";
  auto module = Module::load(path);
  if (!module) return tl::unexpected(module.error());
  using Entry = const GatewayDescriptor* (*)();
  const auto entry = reinterpret_cast<Entry>(module->symbol("sense_gateway_descriptor"));
  if (entry == nullptr)
    return fail(Code::badparam, "plugin " + path +
                                    " is no gateway: it does not export sense_gateway_descriptor "
                                    "(SENSE_GATEWAY in gateways/api/gateway.hpp)");
  const auto* descriptor = entry();
  if (auto status = check_descriptor(path, name, descriptor); !status)
    return tl::unexpected(status.error());
  GatewayPlugin plugin;
  plugin.module_ = std::move(*module);
  plugin.descriptor_ = descriptor;
  return plugin;
}

}  // namespace sense
