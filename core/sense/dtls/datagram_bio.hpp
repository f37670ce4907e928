// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct bio_st;

// Datagrams between OpenSSL and its caller, in memory. One thread at a time.
namespace sense::datagram {

// What an OpenSSL object reads and writes: at most one datagram in, any number out, each one write
// of OpenSSL. The view must stay valid until it has been read or cleared.
struct DatagramQueue {
  std::string_view in;
  bool in_full = false;
  std::vector<std::string> out;
};

// Longest datagram that a handshake sends: what every IPv6 path carries (RFC 8200), less headers.
inline constexpr std::size_t dtls_handshake_octets_max = 1'200;

// A BIO over the queue, which must outlive it. Null: no memory.
[[nodiscard]] bio_st* make_datagram_bio(DatagramQueue& queue);

}  // namespace sense::datagram
