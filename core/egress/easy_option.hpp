// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include "core/base/clock.hpp"

// What the jobs share about libcurl. For .cpp files of this folder alone; Transfer's thread.
namespace sense {

// Sets an option of an easy handle. All options are known to the libcurl that is linked; a failure
// can only be a lack of memory, and then the transfer fails.
template <class T>
void set_option(void* easy, CURLoption option, T value) {
  (void)curl_easy_setopt(static_cast<CURL*>(easy), option, value);
}

// As libcurl takes it.
[[nodiscard]] inline long in_milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace sense
