// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/error.hpp"

namespace sense {

// A shared object, loaded with RTLD_NOW | RTLD_LOCAL. A value; unloaded with the last copy.
class Module {
 public:
  // Fails with one sentence that names the path: notfound when there is no such file, noaccess when
  // the file or its folder is writable by users other than root and this one, system when the
  // dynamic linker refuses it.
  [[nodiscard]] static Result<Module> load(const std::string& path);
  // The address of an exported symbol, or nullptr.
  [[nodiscard]] void* symbol(const char* name) const;

 private:
  std::shared_ptr<void> handle_;
};

}  // namespace sense
