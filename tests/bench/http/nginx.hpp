// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/bench/harness/children.hpp"

namespace sense::bench {

// nginx with one worker in this folder: answers every POST to /hook with 204, and counts. The
// children must outlive it.
class Nginx {
 public:
  explicit Nginx(Children& children) : children_(children) {}

  // False when nginx is not installed.
  [[nodiscard]] static bool is_installed();
  // Until it answers.
  [[nodiscard]] Status start();
  [[nodiscard]] std::string hook() const;
  // POST requests that it has answered, by its own count.
  [[nodiscard]] Result<std::uint64_t> answered();

 private:
  Children& children_;
  std::uint16_t port_ = 0;
  std::uint64_t asked_ = 0;  // for its count
};

}  // namespace sense::bench
