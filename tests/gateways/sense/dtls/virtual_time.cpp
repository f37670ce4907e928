// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/dtls/virtual_time.hpp"

#include <sys/time.h>

#include <atomic>
#include <ctime>

namespace {
std::atomic<std::int64_t> moved_by{0};  // microseconds
}

// OpenSSL 3.0 has no other way in. The linker is told to let shared libraries find it.
extern "C" int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto micros = now.tv_sec * 1'000'000 + now.tv_nsec / 1'000 + moved_by.load();
  time->tv_sec = micros / 1'000'000;
  time->tv_usec = micros % 1'000'000;
  return 0;
}

namespace sense::datagram::test {

OpenSslTime::~OpenSslTime() { moved_by = 0; }

void OpenSslTime::advance(Duration by) { moved_by += by.count(); }

}  // namespace sense::datagram::test
