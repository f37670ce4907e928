// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sense::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

// A broken invariant ends the process, in every build. Never used on input, on what the network,
// the disk or a plugin said: those get an Error.
#define SENSE_CHECK(condition)                                       \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::sense::detail::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
