// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace sense::detail {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "sense: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace sense::detail
