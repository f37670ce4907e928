// SPDX-License-Identifier: Apache-2.0
#include "core/tls/certificate_files.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "core/base/encoding.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t private_key_octets_max = 64 * 1024;

tl::unexpected<Error> refuse_file(const std::string& what, const std::string& path) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return fail(Code::badparam, "the " + what + " " + printable(path) + " cannot be used: " +
                                  (reason == nullptr ? "it is not in PEM" : reason));
}

// OpenSSL would ask for it on the terminal, and wait.
int no_pass_phrase(char*, int, int, void*) { return 0; }

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key read_key(const std::string& text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> octets(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  return {
      octets ? PEM_read_bio_PrivateKey(octets.get(), nullptr, &no_pass_phrase, nullptr) : nullptr,
      &EVP_PKEY_free};
}

}  // namespace

Status use_certificate(ssl_ctx_st& context, const std::string& certificate,
                       const std::string& private_key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(&context, certificate.c_str()) != 1)
    return refuse_file("certificate", certificate);
  const FileWords words{"private key", "make one with `openssl genpkey`", private_key_octets_max};
  const auto text = read_secret_file(private_key, words);
  if (!text) return tl::unexpected(text.error());
  const auto key = read_key(*text);
  if (!key || SSL_CTX_use_PrivateKey(&context, key.get()) != 1 ||
      SSL_CTX_check_private_key(&context) != 1)
    return refuse_file("private key", private_key);
  return {};
}

Status use_client_authorities(ssl_ctx_st& context, const std::string& file) {
  ERR_clear_error();
  auto* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(&context, file.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return refuse_file("file of certificate authorities", file);
  }
  SSL_CTX_set_client_CA_list(&context, names);
  return {};
}

Status use_revoked(ssl_ctx_st& context, const std::string& file) {
  ERR_clear_error();
  auto* store = SSL_CTX_get_cert_store(&context);
  auto* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr || X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1)
    return refuse_file("list of revoked certificates", file);
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

std::string fingerprint_of(x509_st& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace sense
