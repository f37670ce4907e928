// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/error.hpp"

struct ssl_ctx_st;

// What all DTLS connections of one listener, or of one client, have in common.
namespace sense::datagram {

// DTLS 1.2 alone (RFC 6347), with AEAD suites alone, no renegotiation, no resumption, no
// compression. Shared; immutable once made, any thread.
using DtlsContext = std::shared_ptr<ssl_ctx_st>;

// Suites for a shared key, the preferred one first. ECDHE-PSK gives forward secrecy: possession of
// the key later on does not open what was recorded. OpenSSL 3.0 has it with ChaCha20-Poly1305 as
// its only AEAD (RFC 7905); the others are for devices without elliptic curves (RFC 5487, 6655).
inline constexpr const char* dtls_psk_suites =
    "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:PSK-AES128-CCM";
inline constexpr const char* dtls_certificate_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

// Files in PEM; "": none. A certificate file holds the chain, the own one first.
struct DtlsServerFiles {
  std::string certificate;
  std::string private_key;  // not accessible to group and others
  std::string clients;      // CAs of clients: a client without shared key then needs a certificate
};
// `shared_keys`: whether suites for shared keys are offered. The error names the file.
[[nodiscard]] Result<DtlsContext> make_dtls_server(const DtlsServerFiles& files, bool shared_keys);

// `shared_key`: with one, no certificate is used on either side. Else the server's certificate must
// be signed by a CA of that file ("": of the system).
struct DtlsClientFiles {
  bool shared_key = false;
  std::string authorities;
};
[[nodiscard]] Result<DtlsContext> make_dtls_client(const DtlsClientFiles& files);

}  // namespace sense::datagram
