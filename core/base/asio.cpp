// SPDX-License-Identifier: Apache-2.0
// Boost.Asio compiled once, here, for executable and plugins alike: each keeps thread-local state,
// and a second copy in a plugin would not see the reactor that the executable runs.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wconversion"
#endif
#include <boost/asio/impl/src.hpp>
