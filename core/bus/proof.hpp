// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// What a principal proves itself with, to the broker or to a gateway's listener. The access file
// (docs/security.md) says whose it is. A value without secrets: of a token it has the hash.
struct Proof {
  enum class Kind {
    curve,        // the public key of a connection to the bus, Z85
    user,         // the user that a process on this machine runs as, its number
    token,        // of an HTTP request: "sha256:" and the hash in hexadecimal digits
    certificate,  // of a TLS or DTLS client: "sha256:" and the hash of its DER octets
    sense_key,    // a shared key of SENSE/1, its name
    mail,         // an address that mail comes from, in lower case
    snmp_user,    // of SNMPv3
  };
  Kind kind = Kind::curve;
  std::string value;

  friend auto operator<=>(const Proof&, const Proof&) = default;
};

// As the access file and the bus name it: "curve", "sense-key".
[[nodiscard]] std::string_view to_text(Proof::Kind kind);
// "sense-key/hp4", and back. Fails with badparam.
[[nodiscard]] std::string to_text(const Proof& proof);
[[nodiscard]] Result<Proof> parse_proof(std::string_view text);
// A value of that kind as a person writes it, in its one form; of `user` a number. Fails with
// badparam, which says how it is to be written.
[[nodiscard]] Result<Proof> make_proof(Proof::Kind kind, std::string_view value);
[[nodiscard]] Result<Proof::Kind> proof_kind(std::string_view name);

// A new bearer token: 260 random bits.
[[nodiscard]] std::string make_token();
// What it proves. Any text is one, so that nothing is told of its form.
[[nodiscard]] Proof proof_of_token(std::string_view token);

}  // namespace sense
