// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

// Keys shared by a SENSE/1 client and its server (docs/sense-protocol.md, rule 6), and the files
// that hold them. Secrets are read from files only; they never appear in arguments, environment,
// logs or messages. Functions block while they read or write a file; any thread.
namespace sense::datagram {

// A key and the name by which the server finds it. A value.
struct SharedKey {
  std::string name;    // 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'; travels in the clear
  std::string secret;  // 32 to 128 visible ASCII characters: the octets that go into the MAC

  friend bool operator==(const SharedKey&, const SharedKey&) = default;
};

inline constexpr std::size_t shared_keys_max = 1000;  // in one file
inline constexpr std::size_t key_name_max = 64;       // octets
inline constexpr std::size_t key_secret_min = 32;
inline constexpr std::size_t key_secret_max = 128;

[[nodiscard]] bool valid_key_name(std::string_view text);
// With a new secret of 260 unguessable bits.
[[nodiscard]] SharedKey make_shared_key(std::string_view name);

// The file: YAML, `keys:` with a list of `{name: NAME, secret: SECRET}`; one entry for a client,
// many for a server. Strict; errors name file and line and never quote the contents.
[[nodiscard]] Result<std::vector<SharedKey>> parse_shared_keys(std::string_view text,
                                                               std::string_view file);
// Refuses a file that is not regular, is owned by another user than this one or root, is accessible
// to group or others, or is longer than 256 KiB.
[[nodiscard]] Result<std::vector<SharedKey>> read_shared_keys(const std::string& path);
// Reads a file with exactly one key: that of a client.
[[nodiscard]] Result<SharedKey> read_shared_key(const std::string& path);
// Writes a new file with that key, readable by its owner only. Fails, without changing it, when the
// file exists.
[[nodiscard]] Status write_shared_key(const std::string& path, const SharedKey& key);

}  // namespace sense::datagram
