// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/plugin/module.hpp"

namespace sense {

// What distinguishes one kind of plugin from another. Static data.
struct PluginKind {
  const char* name;          // "gateway": the file is gateway-NAME.so
  const char* with_article;  // "a gateway", for error messages
  const char* abi;           // the interface that this program was built with
  const char* symbol;        // the exported function that returns the descriptor
  const char* exported_by;   // the macro that defines that function, and its header
};

// The part of loading that does not depend on the descriptor's type: for Plugin alone. Any thread.
struct OpenedPlugin {
  Module module;
  std::string path;
  void* symbol = nullptr;  // of the function `kind.symbol`; never null
};
[[nodiscard]] Result<OpenedPlugin> open_plugin(const PluginKind& kind, const std::string& folder,
                                               const std::string& name);
// `abi` is the descriptor's first field; null: there is no descriptor.
[[nodiscard]] Status check_plugin_abi(const PluginKind& kind, const std::string& path,
                                      const char* abi);
[[nodiscard]] Error undescribed_plugin(const PluginKind& kind, const std::string& path,
                                       const std::string& name);

// A loaded plugin. A value; the shared object stays loaded until the last copy is destroyed. A
// Descriptor has the members `const char* abi`, first of all, `const char* name` and a function
// pointer `create`.
template <class Descriptor, const PluginKind& kind>
class Plugin {
 public:
  // Loads KIND-NAME.so from `folder`. Fails in one sentence, which names the path, when the file
  // is missing, is no plugin of this kind, was built for another ABI or describes another name, or
  // when the file or its folder can be written by other users. `name` has 1 to 64 lower-case
  // letters, digits, hyphens and underscores.
  [[nodiscard]] static Result<Plugin> load(const std::string& folder, const std::string& name) {
    auto opened = open_plugin(kind, folder, name);
    if (!opened) return tl::unexpected(opened.error());
    const auto* descriptor = reinterpret_cast<const Descriptor* (*)()>(opened->symbol)();
    // No field but the first may be read before the ABI is known.
    const char* abi = descriptor == nullptr ? nullptr : descriptor->abi;
    if (auto good = check_plugin_abi(kind, opened->path, abi); !good)
      return tl::unexpected(good.error());
    if (descriptor->name == nullptr || name != descriptor->name || descriptor->create == nullptr)
      return tl::unexpected(undescribed_plugin(kind, opened->path, name));
    return Plugin(std::move(opened->module), descriptor);
  }
  [[nodiscard]] const Descriptor& descriptor() const { return *descriptor_; }

 private:
  Plugin(Module module, const Descriptor* descriptor)
      : module_(std::move(module)), descriptor_(descriptor) {}

  Module module_;
  const Descriptor* descriptor_;
};

}  // namespace sense
