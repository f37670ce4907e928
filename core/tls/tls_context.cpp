// SPDX-License-Identifier: Apache-2.0
#include "core/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

#include "core/tls/certificate_files.hpp"

namespace sense {

namespace {

// For TLS 1.2; all suites of 1.3 are of this kind.
constexpr const char* suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::string_view protocols = "\x08http/1.1";

// RFC 7301 section 3.2: a client that names protocols, and none that is spoken here, is refused.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const auto result =
      SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

tl::unexpected<Error> with_key(const char* key, const Error& error) {
  return fail(error.code, std::string(key) + ": " + error.message);
}

Status use_clients(SSL_CTX& context, const TlsOptions& options) {
  const bool asked = options.clients != TlsOptions::Clients::unasked;
  if (asked == options.client_authorities.empty())
    return fail(Code::badparam,
                "tls-client-ca: it goes together with tls-client: optional or required");
  if (!asked && !options.revoked.empty())
    return fail(Code::badparam, "tls-revoked: it needs tls-client: optional or required");
  if (!asked) return {};
  if (auto used = use_client_authorities(context, options.client_authorities); !used)
    return with_key("tls-client-ca", used.error());
  if (!options.revoked.empty())
    if (auto used = use_revoked(context, options.revoked); !used)
      return with_key("tls-revoked", used.error());
  const bool required = options.clients == TlsOptions::Clients::required;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return {};
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsOptions& options) {
  if (options.certificate.empty() || options.key.empty())
    return fail(Code::badparam,
                std::string(options.certificate.empty() ? "tls-certificate" : "tls-key") +
                    ": tls-certificate and tls-key go together");
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  auto* raw = context.get();
  // The limits of the system's openssl.cnf do not count here: ours are narrower.
  const bool good = raw != nullptr && SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(raw, suites) == 1 && SSL_CTX_set_num_tickets(raw, 0);
  if (!good) return fail(Code::system, "tls-certificate: OpenSSL offers no TLS 1.2 and 1.3");
  SSL_CTX_set_security_level(raw, 2);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
  if (auto used = use_certificate(*raw, options.certificate, options.key); !used) {
    const bool of_key = used.error().message.find("private key") != std::string::npos;
    return with_key(of_key ? "tls-key" : "tls-certificate", used.error());
  }
  if (auto used = use_clients(*raw, options); !used) return tl::unexpected(used.error());
  return context;
}

std::string client_fingerprint(const ssl_st& connection) {
  auto* certificate = SSL_get0_peer_certificate(&connection);
  return certificate == nullptr ? std::string() : fingerprint_of(*certificate);
}

bool is_accepted(const ssl_st& connection, ssl_ctx_st& context) {
  if (SSL_get_SSL_CTX(&connection) == &context) return true;  // by the handshake
  auto* certificate = SSL_get0_peer_certificate(&connection);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  const bool ready = certificate != nullptr && check &&
                     X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(&context), certificate,
                                         SSL_get_peer_cert_chain(&connection)) == 1 &&
                     X509_STORE_CTX_set_default(check.get(), "ssl_client") == 1;
  const bool accepted = ready && X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return accepted;
}

}  // namespace sense
