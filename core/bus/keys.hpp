// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

// CURVE keys (ZeroMQ RFC 26) and the files that hold them. A secret key is read from a file and set
// on a socket; it never appears in arguments, environment, logs or messages. Any thread; what reads
// or writes a file blocks, and fails with a sentence that names the file and the command to run.
namespace sense {

// Keys are written in Z85 (ZeroMQ RFC 32): 40 characters, 32 octets.
inline constexpr std::size_t key_length = 40;
[[nodiscard]] bool valid_key(std::string_view text);

// Both keys in Z85.
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};
[[nodiscard]] Result<KeyPair> make_key_pair();

// Writes a new file that only its owner may read (0600), for a key with this `name`. Fails without
// changing the file when it exists. A partly written file is removed.
[[nodiscard]] Status write_key_file(const std::string& path, std::string_view name,
                                    const KeyPair& keys);

// Reads a key pair. Refuses a file that is not regular, is owned by other users than this one and
// root, is accessible to group or others, is longer than 4 KiB, or whose keys do not match.
[[nodiscard]] Result<KeyPair> read_key_file(const std::string& path);

// The public key in a key pair's file, or in a file with `public:` alone. Needs read permission
// only.
[[nodiscard]] Result<std::string> read_public_key(const std::string& path);

// The keys of a client for tcp:// endpoints, from section `bus`.
struct BusKeys {
  std::string key_file;        // path of the client's key pair; empty: none
  std::string broker_key;      // the broker's public key, or the path of a file that holds it
  bool plaintext_tcp = false;  // bus.allow-plaintext-tcp
};

}  // namespace sense
