// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

namespace sense::datagram::test {

// Moves the clock that OpenSSL reads for its retransmissions (gettimeofday, which this program
// replaces), for the life of this object. One at a time; the thread that made it.
class OpenSslTime {
 public:
  OpenSslTime() = default;
  ~OpenSslTime();
  OpenSslTime(const OpenSslTime&) = delete;
  OpenSslTime& operator=(const OpenSslTime&) = delete;
  void advance(Duration by);
};

}  // namespace sense::datagram::test
