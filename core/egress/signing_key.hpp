// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// An ed25519 key pair with which a gateway signs what it sends to web hooks (Standard Webhooks,
// v1a). Copies share one key; const, so any thread may use it.
class SigningKey {
 public:
  // Of 256 unguessable bits.
  [[nodiscard]] static SigningKey make();
  // "whsk_" and base 64 of 64 octets: the seed and the public key. badparam; never quotes the text.
  [[nodiscard]] static Result<SigningKey> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  // "whpk_" and base 64 of the public key's 32 octets: for receivers.
  [[nodiscard]] std::string public_text() const;
  // The signature's 64 octets.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  SigningKey(std::shared_ptr<void> key, std::string seed, std::string public_octets)
      : key_(std::move(key)), seed_(std::move(seed)), public_(std::move(public_octets)) {}
  [[nodiscard]] static SigningKey of_seed(std::string seed);

  std::shared_ptr<void> key_;  // EVP_PKEY
  std::string seed_;
  std::string public_;
};

// A file with one key, that other users can neither read nor change (core/base/file.hpp).
[[nodiscard]] Result<SigningKey> read_signing_key(const std::string& path);
// Fails, without changing it, when the file exists.
[[nodiscard]] Status write_signing_key(const std::string& path, const SigningKey& key);

}  // namespace sense
