// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/sense/transport/frames.hpp"

// Any octets as a packet of IPX, and as a frame of LocalTalk with DDP in it.
namespace {

using namespace sense::datagram;

void require(bool condition) {
  if (!condition) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

bool same(const std::optional<Frame>& left, const Frame& right) {
  return left && left->to == right.to && left->from == right.from && left->octets == right.octets;
}

void try_ipx(std::string_view packet, bool cut) {
  const auto frame = read_ipx(packet, cut);
  if (!frame) return;
  require(inside(frame->octets, packet));
  std::string again(ipx_header_size, '\0');
  write_ipx_header(again.data(), frame->to, frame->from, frame->octets.size());
  require(same(read_ipx(again.append(frame->octets), false), *frame));
}

void try_ddp(std::string_view packet) {
  const auto link = read_link_frame(packet);
  if (!link) return;
  const auto frame = read_ddp(*link, 12);
  if (!frame) return;
  require(inside(frame->octets, packet) && frame->octets.size() <= ddp_data_max);
  if (link->type != link_short_ddp) return;
  std::string again(ltoudp_header_size + ddp_header_size, '\0');
  write_link_header(again.data(), *link);
  write_ddp_header(again.data() + ltoudp_header_size, frame->to, frame->from, frame->octets.size());
  again.append(frame->octets);
  require(same(read_ddp(*read_link_frame(again), 12), *frame));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  try_ipx(packet.substr(0, 65'535), false);
  try_ipx(packet.substr(0, 65'535), true);
  try_ddp(packet);
  return 0;
}
