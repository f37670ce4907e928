// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

// What is random, secret or signed, by the kernel and OpenSSL. Any thread; a failure of either ends
// the process.
namespace sense {

// Unguessable bytes from the kernel. Any thread.
void fill_random(std::span<unsigned char> bytes);

// `bits` unguessable bits (a multiple of 5, at most 320) as Crockford base 32.
[[nodiscard]] std::string random_token(unsigned bits);

// A ULID: 48 bits of milliseconds and 80 unguessable bits, 26 characters, sortable by time.
[[nodiscard]] std::string make_ulid(WallTime time);

// Compares in a time that depends on the lengths only.
[[nodiscard]] bool equal_secret(std::string_view left, std::string_view right);

// Lower-case hexadecimal SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view text);
// HMAC-SHA256 (RFC 2104), 32 raw bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace sense
