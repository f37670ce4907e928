// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/sense/address.hpp"

// Encoding and decoding of the packets in which IPX and AppleTalk carry datagrams of SENSE. Pure
// functions; input is untrusted.
namespace sense::datagram {

// A datagram of IPX or DDP. `octets` is a view into the packet.
struct Frame {
  Endpoint to;
  Endpoint from;
  std::string_view octets;
};

// ---- IPX (core/sense/transport/ipx.cpp)

inline constexpr std::size_t ipx_header_size = 30;

// Reads an IPX packet in UDP (RFC 1234). Nothing: it has a checksum, which RFC 1234 reserves, or is
// shorter than its length field. `cut`: the packet was longer than the buffer, its end is missing.
[[nodiscard]] std::optional<Frame> read_ipx(std::string_view packet, bool cut);
// Writes 30 octets. REQUIRES: both ends are of IPX, and size is at most 65,505.
void write_ipx_header(char* place, const Endpoint& to, const Endpoint& from, std::size_t size);

// ---- AppleTalk (core/sense/transport/ddp.cpp)

inline constexpr std::size_t ddp_data_max = 586;  // Inside AppleTalk, chapter 4
inline constexpr std::size_t ltoudp_header_size = 4 + 3;
inline constexpr std::size_t ddp_header_size = 5;  // of the short header; the long one has 13

// A frame of the LocalTalk link (LLAP) in UDP (LToUDP), preceded by a number that the sender chose
// for itself.
struct LinkFrame {
  std::uint32_t sender = 0;
  std::uint8_t to = 0;
  std::uint8_t from = 0;
  std::uint8_t type = 0;
  std::string_view octets;
};
// Types of LLAP frames (Inside AppleTalk, chapter 1).
enum LinkType : std::uint8_t {
  link_short_ddp = 0x01,
  link_long_ddp = 0x02,
  link_enquiry = 0x81,
  link_acknowledgement = 0x82,
};

[[nodiscard]] std::optional<LinkFrame> read_link_frame(std::string_view packet);
// Writes 7 octets.
void write_link_header(char* place, const LinkFrame& frame);

// The DDP datagram in a link frame; `network`: of the link, omitted by a short header. Nothing: not
// DDP of the type of SENSE, too short, or a wrong checksum.
[[nodiscard]] std::optional<Frame> read_ddp(const LinkFrame& frame, std::uint16_t network);
// Writes the 5 octets of a short header. REQUIRES: size is at most ddp_data_max.
void write_ddp_header(char* place, const Endpoint& to, const Endpoint& from, std::size_t size);

}  // namespace sense::datagram
