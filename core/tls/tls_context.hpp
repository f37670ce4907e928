// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/error.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace sense {

// What a listener with TLS needs. Files in PEM; a value without secrets.
struct TlsOptions {
  enum class Clients { unasked, optional, required };  // whether they have certificates

  std::string certificate;  // with its chain, the own one first
  std::string key;          // of the certificate, in a file for this user alone
  Clients clients = Clients::unasked;
  std::string client_authorities;  // CAs, unless clients are not asked
  std::string revoked;             // a list of revoked certificates of clients; "": none is
};

// What the handshakes of a server have in common: TLS 1.2 and 1.3, AEAD suites with forward secrecy
// alone; no compression, no renegotiation, no early data; no resumption, so that each connection
// has keys of its own and its certificate is verified; ALPN has http/1.1 alone. Shared; immutable
// once made, any thread.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// Reads the files. Fails with badparam, or as read_secret_file(); the sentence begins with the
// option's key, `tls-key: `.
[[nodiscard]] Result<TlsContext> make_tls_context(const TlsOptions& options);

// The fingerprint of the certificate that the client of an established connection has proved; "":
// it has none.
[[nodiscard]] std::string client_fingerprint(const ssl_st& connection);
// Whether the certificate that it has is accepted by this context, too.
[[nodiscard]] bool is_accepted(const ssl_st& connection, ssl_ctx_st& context);

}  // namespace sense
