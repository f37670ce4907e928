// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

struct ssl_ctx_st;
struct x509_st;

// Certificates, private keys and lists of revoked certificates in files (PEM), for servers with TLS
// or DTLS. Functions of any thread; they block. What fails says which file.
namespace sense {

// A certificate with its chain, the own one first, and its private key, which is in a file that
// group and others cannot access, and has no pass phrase.
[[nodiscard]] Status use_certificate(ssl_ctx_st& context, const std::string& certificate,
                                     const std::string& private_key);
// The CAs of which a client's certificate may be; clients are told their names. Whether a client
// is asked for one is the caller's matter.
[[nodiscard]] Status use_client_authorities(ssl_ctx_st& context, const std::string& file);
// Certificates that count no more. From then on each CA of a chain needs a list in that file, and
// one whose time is over refuses all of its CA.
[[nodiscard]] Status use_revoked(ssl_ctx_st& context, const std::string& file);

// The hash (SHA-256) of its DER octets, in hexadecimal digits.
[[nodiscard]] std::string fingerprint_of(x509_st& certificate);

}  // namespace sense
