// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/dtls/record.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t record_header = 13;     // type, version, epoch, number, length
constexpr std::size_t handshake_header = 12;  // type, length, number, offset and length of fragment
constexpr std::size_t version_size = 2;
constexpr std::size_t random_size = 32;
constexpr unsigned version_major = 0xfe;
constexpr unsigned client_hello = 1;

unsigned octet_at(std::string_view datagram, std::size_t at) {
  return static_cast<unsigned char>(datagram[at]);
}

}  // namespace

std::optional<DtlsRecord> read_dtls_record(std::string_view datagram) {
  if (datagram.size() < record_header) return std::nullopt;
  const auto content = octet_at(datagram, 0);
  if (content < 20 || content > 23 || octet_at(datagram, 1) != version_major) return std::nullopt;
  DtlsRecord record;
  record.content = static_cast<DtlsContent>(content);
  record.epoch = static_cast<std::uint16_t>(octet_at(datagram, 3) << 8U | octet_at(datagram, 4));
  constexpr auto random_at = record_header + handshake_header + version_size;
  const bool hello = record.content == DtlsContent::handshake && record.epoch == 0 &&
                     datagram.size() >= random_at + random_size &&
                     octet_at(datagram, record_header) == client_hello;
  if (hello) record.hello_random = datagram.substr(random_at, random_size);
  return record;
}

}  // namespace sense::datagram
