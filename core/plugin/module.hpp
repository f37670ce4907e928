// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/error.hpp"

namespace sense {

// A shared object loaded with RTLD_NOW | RTLD_LOCAL; unloaded with the last copy.
class Module {
 public:
  // Refuses a file that is not there, or that (or whose folder) somebody other than its owner, root
  // or this user could have written. The error is one sentence with the path.
  [[nodiscard]] static Result<Module> load(const std::string& path);
  // The address of an exported symbol, or nullptr.
  [[nodiscard]] void* symbol(const char* name) const;

 private:
  std::shared_ptr<void> handle_;
};

}  // namespace sense
