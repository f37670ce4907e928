// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sense::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

// A broken invariant ends the process, in every build; any thread. Not for input, nor for data from
// the network, the disk or a plugin: those are reported as an Error.
#define SENSE_CHECK(condition)                                       \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::sense::detail::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
