// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"

namespace sense {

namespace {
constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

void fill_random(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const auto got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    SENSE_CHECK(got > 0 || errno == EINTR);
  }
}

std::string random_token(unsigned bits) {
  SENSE_CHECK(bits % 5 == 0 && bits <= 320);
  std::array<unsigned char, 64> bytes{};
  const std::size_t length = bits / 5;
  fill_random(std::span(bytes).first(length));
  std::string token;
  for (std::size_t i = 0; i < length; ++i) token += crockford[bytes[i] % 32U];
  return token;
}

std::string make_ulid(WallTime time) {
  auto millis = static_cast<std::uint64_t>(std::max(std::int64_t{0}, to_micros(time) / 1000));
  std::string stamp(10, '0');
  for (auto digit = stamp.rbegin(); digit != stamp.rend(); ++digit) {
    *digit = crockford[millis % 32];
    millis /= 32;
  }
  return stamp + random_token(80);
}

bool equal_secret(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i)
    difference = static_cast<unsigned char>(difference | (left[i] ^ right[i]));
  return difference == 0;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  SENSE_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) ==
              1);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  if (key.data() == nullptr) key = "";  // for a null key, OpenSSL uses the one before
  std::string digest(32, '\0');
  unsigned length = 0;
  SENSE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                   reinterpret_cast<unsigned char*>(digest.data()), &length) != nullptr);
  return digest;
}

}  // namespace sense
