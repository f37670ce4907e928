// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/tls/certificate_files.hpp"

namespace sense::test {

// A CA that signs certificates, and lists those that it has revoked, as files in a folder.
class TestAuthority {
 public:
  TestAuthority(std::string folder, const std::string& name)
      : folder_(std::move(folder)), name_(name), key_(EVP_EC_gen("P-256"), &EVP_PKEY_free) {
    certificate_ = make(name, key_.get(), 3600, nullptr);
    extend(NID_basic_constraints, "critical,CA:TRUE", *certificate_);
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
    write(file(), [&](std::FILE* to) { PEM_write_X509(to, certificate_.get()); });
  }
  [[nodiscard]] std::string file() const { return folder_ + "/" + name_ + ".pem"; }

  struct Signed {
    std::string certificate;  // file
    std::string key;          // file
    std::string fingerprint;
    std::shared_ptr<X509> made;
  };
  // `seconds`: how long it is valid from now on.
  [[nodiscard]] Signed sign(const std::string& name, long seconds = 3600) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
    auto made = make(name, key.get(), seconds, certificate_.get());
    extend(NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1", *made);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    Signed result{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key",
                  fingerprint_of(*made), made};
    write(result.certificate, [&](std::FILE* to) { PEM_write_X509(to, made.get()); });
    write(result.key, [&](std::FILE* to) {
      PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return result;
  }
  // Writes the list of what it has revoked; returns its file.
  std::string revoke(const std::vector<Signed>& all) {
    const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), &X509_CRL_free);
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(ASN1_TIME_new(),
                                                                     &ASN1_TIME_free);
    X509_CRL_set1_lastUpdate(list.get(), X509_gmtime_adj(time.get(), -60));
    for (const auto& each : all) {
      auto* entry = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(each.made.get()));
      X509_REVOKED_set_revocationDate(entry, X509_gmtime_adj(time.get(), -60));
      X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_set1_nextUpdate(list.get(), X509_gmtime_adj(time.get(), 3600));
    X509_CRL_sign(list.get(), key_.get(), EVP_sha256());
    const auto path = folder_ + "/" + name_ + ".crl";
    write(path, [&](std::FILE* to) { PEM_write_X509_CRL(to, list.get()); });
    return path;
  }

 private:
  [[nodiscard]] std::shared_ptr<X509> make(const std::string& name, EVP_PKEY* key, long seconds,
                                           X509* issuer) {
    std::shared_ptr<X509> made(X509_new(), &X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++last_serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
    return made;
  }
  static void extend(int kind, const char* value, X509& certificate) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  // Beside it and renamed, as an operator should.
  template <class F>
  static void write(const std::string& path, F print) {
    std::FILE* file = std::fopen((path + ".new").c_str(), "w");
    ::fchmod(::fileno(file), 0600);
    print(file);
    std::fclose(file);
    std::rename((path + ".new").c_str(), path.c_str());
  }

  std::string folder_;
  std::string name_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::shared_ptr<X509> certificate_;
  long last_serial_ = 0;
};

}  // namespace sense::test
