// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sense::http {

// What is served to other machines, of what this one is served.
enum class Others {
  none,    // nothing
  proved,  // requests with a token or a certificate, which the handler checks
  all,
};

}  // namespace sense::http
