// SPDX-License-Identifier: Apache-2.0
#include "core/egress/signing_key.hpp"

#include <openssl/evp.h>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::string_view secret_key_begin = "whsk_";
constexpr std::string_view public_key_begin = "whpk_";
constexpr std::size_t seed_octets = 32;
constexpr std::size_t signature_octets = 64;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

SigningKey SigningKey::of_seed(std::string seed) {
  std::shared_ptr<void> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(seed), seed.size()),
      [](void* pkey) { EVP_PKEY_free(static_cast<EVP_PKEY*>(pkey)); });
  SENSE_CHECK(key != nullptr);
  std::string shown(seed_octets, '\0');
  auto length = shown.size();
  SENSE_CHECK(EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(key.get()), octets_of(shown),
                                          &length) == 1);
  return {std::move(key), std::move(seed), std::move(shown)};
}

SigningKey SigningKey::make() {
  std::string seed(seed_octets, '\0');
  fill_random({octets_of(seed), seed.size()});
  return of_seed(std::move(seed));
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
  const auto wrong = [](const char* why) { return fail(Code::badparam, why); };
  if (!text.starts_with(secret_key_begin)) return wrong("it does not begin with whsk_");
  const auto octets = from_base64(text.substr(secret_key_begin.size()));
  if (!octets || octets->size() != 2 * seed_octets)
    return wrong("whsk_ is not followed by base 64 of 64 octets");
  auto key = of_seed(octets->substr(0, seed_octets));
  if (key.public_ != octets->substr(seed_octets))
    return wrong("its second half is not the public key of its first half");
  return key;
}

std::string SigningKey::text() const {
  return std::string(secret_key_begin) + to_base64(seed_ + public_);
}

std::string SigningKey::public_text() const {
  return std::string(public_key_begin) + to_base64(public_);
}

std::string SigningKey::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::string signature(signature_octets, '\0');
  auto length = signature.size();
  SENSE_CHECK(context != nullptr &&
              EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                                 static_cast<EVP_PKEY*>(key_.get())) == 1 &&
              EVP_DigestSign(context.get(), octets_of(signature), &length, octets_of(message),
                             message.size()) == 1);
  return signature;
}

Result<SigningKey> read_signing_key(const std::string& path) {
  const auto text = read_secret_file(
      path,
      {"signing key", "make one with `sense keys signing NAME --file " + printable(path) + "`"});
  if (!text) return tl::unexpected(text.error());
  std::string_view line = *text;
  if (line.ends_with('\n')) line.remove_suffix(1);
  auto key = SigningKey::parse(line);
  if (!key) return fail(key.error().code, printable(path) + ": " + key.error().message);
  return key;
}

Status write_signing_key(const std::string& path, const SigningKey& key) {
  return write_secret_file(path, key.text() + "\n");
}

}  // namespace sense
