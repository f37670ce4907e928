// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"

// Adds principals to access files, which keep their comments.
namespace sense::cli {

// A value.
struct NewPrincipal {
  std::string name;
  std::string proof;                            // an entry of `proofs`, in YAML
  std::vector<std::string> publish, subscribe;  // patterns of types
};

// The access file's text with that principal, or of a new file when there is none at `path`. Fails
// with duplicate when it has the principal already; with badparam when `principals:` does not stand
// in a line of its own, when a pattern is none, and when the file cannot be used as it is. Changes
// nothing; blocks.
[[nodiscard]] Result<std::string> access_file_with(const std::string& path,
                                                   const NewPrincipal& principal);

// Replaces the file at once, or makes one that only its owner may read. Owner and permissions stay
// as they are. Blocks.
[[nodiscard]] Status replace_access_file(const std::string& path, const std::string& text);

}  // namespace sense::cli
