// SPDX-License-Identifier: Apache-2.0
// The single compiled copy of Boost.Asio, for executable and plugins: it has thread-local state,
// and a second copy in a plugin would not see the reactor that the executable runs.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wconversion"
#endif
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
