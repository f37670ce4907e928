// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace sense {

// What TLS connections to some hosts use instead of what others use. A value; the files are read
// again for each connection.
struct EndpointTls {
  std::string host;         // lower case; "*.example.org": every name below it
  std::string ca_file;      // certificates (PEM) to trust; empty: those for all hosts
  std::string certificate;  // of this client, PEM with its chain; empty: none is shown
  std::string key;          // of the certificate, PEM
};

// "HOST ca=FILE cert=FILE key=FILE", each of the latter at most once, and cert with key. Fails with
// badparam for another form, and with the file's error when a file cannot be read, or a key can be
// read by other users.
[[nodiscard]] Result<EndpointTls> read_endpoint_tls(std::string_view entry);

// The first of them whose host this is; null: none. `host`: in lower case.
[[nodiscard]] const EndpointTls* endpoint_tls_of(const std::vector<EndpointTls>& all,
                                                 std::string_view host);

// The address of a forward proxy, http://host:port. Fails with badparam.
[[nodiscard]] Status check_proxy(const std::string& url);

}  // namespace sense
