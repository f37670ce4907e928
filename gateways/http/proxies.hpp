// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/egress/network.hpp"
#include "core/http/message.hpp"

namespace sense::http {

// Networks of proxies, as the option `trusted-proxies` lists them. Fails with badparam, which names
// the one that is none.
[[nodiscard]] Result<std::vector<Network>> parse_proxies(const std::vector<std::string>& texts);

// The address and port of a request's client, as the bus notes it. A request of one of these
// networks is that of the last address of X-Forwarded-For that is in none of them; without such an
// address, with one that cannot be read, or with one of this machine, it is `unknown_client`, which
// has the rights of a client of another machine. Of other addresses the header is not believed.
[[nodiscard]] std::string client_address(const Request& request,
                                         const std::vector<Network>& proxies);
// Whether a request is of one of these networks, so that what its connection proves is the proxy's.
[[nodiscard]] bool is_of_proxy(const Request& request, const std::vector<Network>& proxies);
// Whether a request is of a client on this machine, and of no proxy.
[[nodiscard]] bool is_of_this_machine(const Request& request, const std::vector<Network>& proxies);
// "https" or "http", which the client has used: of a request of one of these networks as
// X-Forwarded-Proto says. `tls`: of the listener.
[[nodiscard]] std::string scheme_of(const Request& request, bool tls,
                                    const std::vector<Network>& proxies);
inline constexpr const char* unknown_client = "proxy";

}  // namespace sense::http
