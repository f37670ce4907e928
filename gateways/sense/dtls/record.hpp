// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// The little of a DTLS 1.2 datagram that is read before OpenSSL gets it: which session it is for.
// Nothing here is authenticated. Pure functions; input is untrusted.
namespace sense::datagram {

enum class DtlsContent : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

// The head of the first record in a datagram (RFC 6347 section 4.1).
struct DtlsRecord {
  DtlsContent content = DtlsContent::alert;
  std::uint16_t epoch = 0;
  // Of a ClientHello, the 32 octets that its client drew for this handshake; else empty. A view
  // into the datagram.
  std::string_view hello_random;
};

// Nothing: it does not begin as a datagram of DTLS 1.0 to 1.2 does.
[[nodiscard]] std::optional<DtlsRecord> read_dtls_record(std::string_view datagram);

}  // namespace sense::datagram
