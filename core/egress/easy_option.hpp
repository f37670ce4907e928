// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include "core/base/clock.hpp"
#include "core/egress/transfer_job.hpp"

// What the jobs share about libcurl. For .cpp files of this folder alone; Transfer's thread.
namespace sense {

// All options are known to the libcurl that is linked: a failure can only be a lack of memory.
template <class Option, class T>
void TransferJob::set_option(Option option, T value) {
  complete_ &= curl_easy_setopt(static_cast<CURL*>(easy_), option, value) == CURLE_OK;
}

// As libcurl takes it.
[[nodiscard]] inline long in_milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace sense
