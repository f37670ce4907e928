// SPDX-License-Identifier: Apache-2.0
#include "core/sense/dtls/context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/text.hpp"
#include "core/sense/dtls/connection.hpp"
#include "core/tls/certificate_files.hpp"

namespace sense::datagram {

namespace {

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "it cannot be used" : reason;
}

Result<DtlsContext> make_context(const SSL_METHOD* method, const std::string& suites) {
  ERR_clear_error();
  DtlsContext context(SSL_CTX_new(method), &SSL_CTX_free);
  auto* raw = context.get();
  // The limits of the system's openssl.cnf do not count here: ours are narrower.
  const bool good = raw != nullptr && SSL_CTX_set_min_proto_version(raw, DTLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(raw, DTLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(raw, suites.c_str()) == 1;
  if (!good) return fail(Code::system, "OpenSSL offers no DTLS 1.2: " + openssl_reason());
  SSL_CTX_set_security_level(raw, 2);
  SSL_CTX_set_options(raw, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  set_dtls_callbacks(*raw);
  return context;
}

Status use_files(SSL_CTX& context, const DtlsServerFiles& files) {
  if (auto used = use_certificate(context, files.certificate, files.private_key); !used)
    return used;
  if (files.clients.empty()) return {};
  if (auto used = use_client_authorities(context, files.clients); !used) return used;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

}  // namespace

Result<DtlsContext> make_dtls_server(const DtlsServerFiles& files, bool shared_keys) {
  const bool certificate = !files.certificate.empty();
  if (certificate == files.private_key.empty() || (!certificate && !files.clients.empty()))
    return fail(Code::badparam,
                "a certificate and its private key go together, and CAs of clients with them");
  if (!certificate && !shared_keys)
    return fail(Code::badparam, "DTLS needs shared keys or a certificate");
  std::string suites = shared_keys ? dtls_psk_suites : "";
  if (certificate) suites.append(suites.empty() ? "" : ":").append(dtls_certificate_suites);
  auto context = make_context(DTLS_server_method(), suites);
  if (!context || !certificate) return context;
  if (auto used = use_files(**context, files); !used) return tl::unexpected(used.error());
  return context;
}

Result<DtlsContext> make_dtls_client(const DtlsClientFiles& files) {
  auto context = make_context(DTLS_client_method(),
                              files.shared_key ? dtls_psk_suites : dtls_certificate_suites);
  if (!context || files.shared_key) return context;
  auto* raw = context->get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (files.authorities.empty())
    SSL_CTX_set_default_verify_paths(raw);
  else if (SSL_CTX_load_verify_file(raw, files.authorities.c_str()) != 1)
    return fail(Code::badparam, "the file of certificate authorities " +
                                    printable(files.authorities) +
                                    " cannot be used: " + openssl_reason());
  return context;
}

}  // namespace sense::datagram
