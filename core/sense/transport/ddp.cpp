// SPDX-License-Identifier: Apache-2.0
#include <netinet/ip.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "core/base/check.hpp"
#include "core/base/random.hpp"
#include "core/sense/transport/frames.hpp"
#include "core/sense/transport/socket.hpp"

// AppleTalk datagrams (DDP) on a LocalTalk cable that is a multicast group of UDP (LToUDP): every
// frame reaches every node, preceded by four octets by which a sender recognises its own frames.
namespace sense::datagram {

namespace {

// The DDP type of SENSE; Apple uses 1 to 15.
constexpr std::uint8_t ddp_type = 'S';
constexpr std::size_t long_header_size = 13;
constexpr std::size_t length_bits = 0x3ff;
constexpr std::uint8_t broadcast = 255;
constexpr std::uint8_t dynamic_socket_first = 128;
constexpr std::uint8_t dynamic_socket_last = 254;
// Number and interval of enquiries whether a node number is in use.
constexpr unsigned enquiries = 8;
constexpr std::chrono::milliseconds enquiry_interval{20};
// Highest node number of user machines, above it are servers; and how many numbers are tried.
constexpr std::uint8_t user_node_last = 127;
constexpr unsigned nodes_tried_max = 8;

std::uint8_t at(std::string_view octets, std::size_t index) {
  return static_cast<std::uint8_t>(octets[index]);
}

std::uint16_t pair_at(std::string_view octets, std::size_t index) {
  return static_cast<std::uint16_t>(at(octets, index) << 8U | at(octets, index + 1));
}

// Covers all octets after the checksum; 0 means no checksum.
std::uint16_t checksum(std::string_view octets) {
  std::uint16_t sum = 0;
  for (const char octet : octets) {
    sum = static_cast<std::uint16_t>(sum + static_cast<unsigned char>(octet));
    sum = static_cast<std::uint16_t>(sum << 1U | sum >> 15U);
  }
  return sum == 0 ? 0xffff : sum;
}

std::uint8_t random_between(std::uint8_t first, std::uint8_t last) {
  std::uint16_t random = 0;
  fill_random({reinterpret_cast<unsigned char*>(&random), sizeof(random)});
  return static_cast<std::uint8_t>(first + random % (last - first + 1));
}

std::uint8_t node_of(const Endpoint& endpoint) {
  return static_cast<std::uint8_t>(endpoint.node());
}

class DdpTransport final : public SocketTransport {
 public:
  DdpTransport(boost::asio::io_context& reactor, const TransportOptions& options,
               Counters& counters)
      : SocketTransport(reactor, options, {ltoudp_header_size + ddp_header_size, ddp_data_max},
                        counters),
        group_(Endpoint(options.ddp_group.group, options.ddp_group.port)) {
    fill_random({reinterpret_cast<unsigned char*>(&sender_), sizeof(sender_)});
  }
  ~DdpTransport() override { close(); }

  Status open(const Endpoint& own) {
    local_ = own;
    if (node_of(own) == broadcast)
      return fail(Code::addrnotavail, "cannot bind " + to_uri(own) + ": a node is 1 to 254");
    if (auto status = join(); !status)
      return fail(status.error().code, status.error().message + "; check that " +
                                           to_uri(group_.endpoint()).substr(8) +
                                           " is a multicast group and that its interface exists");
    if (auto status = claim_node(); !status) return status;
    if (own.port() == 0)
      local_ = local_.with_port(random_between(dynamic_socket_first, dynamic_socket_last));
    return {};
  }

 protected:
  std::optional<std::size_t> wrap(Outgoing outgoing) override {
    const auto& to = outgoing.to;
    // No routers are supported, and broadcasts have no consenting receiver.
    if (to.kind() != TransportKind::ddp || to.network() != local_.network() || to.node() == 0 ||
        to.node() == broadcast)
      return std::nullopt;
    outgoing.address = group_;
    write_link_header(outgoing.header, {sender_, node_of(to), node_of(local_), link_short_ddp, {}});
    write_ddp_header(outgoing.header + ltoudp_header_size, to, local_, outgoing.size);
    return ltoudp_header_size + ddp_header_size;
  }

  bool unwrap(std::string_view octets, const SocketAddress&, Datagram& datagram) override {
    const auto frame = read_link_frame(octets);
    if (!frame) return count(misframed_);
    if (frame->sender == sender_) return false;
    if (frame->to != node_of(local_)) return count(foreign_);
    if (frame->type == link_enquiry) {
      send_control(link_acknowledgement, node_of(local_));
      return false;
    }
    if (frame->type >= link_enquiry) return false;
    const auto found = read_ddp(*frame, static_cast<std::uint16_t>(local_.network()));
    if (!found) return count(misframed_);
    if (found->to != local_) return count(foreign_);
    if (found->from.network() != local_.network() || found->from.port() == 0 ||
        found->from.node() == 0 || found->from.node() == broadcast)
      return count(unanswerable_);
    datagram.octets = found->octets;
    datagram.from = found->from;
    return true;
  }

 private:
  static bool count(Counters::Counter& counter) {
    ++counter;
    return false;
  }

  Status join() {
    if (auto status = open_socket(AF_INET); !status) return status;
    const auto& wanted = options_.ddp_group;
    ip_mreqn where{};
    where.imr_multiaddr.s_addr = htonl(wanted.group.to_uint());
    where.imr_address.s_addr = htonl(wanted.interface.to_uint());
    // Nodes on the same machine share the port of the group and receive each other's frames.
    if (auto status = socket_.set_option(SOL_SOCKET, SO_REUSEADDR, 1); !status) return status;
    if (auto status = socket_.bind(group_); !status) return status;
    if (auto status = socket_.set_option(IPPROTO_IP, IP_ADD_MEMBERSHIP, &where, sizeof(where));
        !status)
      return status;
    if (auto status = socket_.set_option(IPPROTO_IP, IP_MULTICAST_ALL, 0); !status) return status;
    if (auto status = socket_.set_option(IPPROTO_IP, IP_MULTICAST_IF, &where, sizeof(where));
        !status)
      return status;
    return socket_.set_option(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  }

  // LLAP: a node number is free when enquiries for it are not answered.
  Status claim_node() {
    const auto wanted = node_of(local_);
    if (wanted != 0)
      return is_taken(wanted) ? fail(Code::addrnotavail,
                                     "cannot bind " + to_uri(local_) +
                                         ": another node has that number; choose another one")
                              : Status();
    for (unsigned i = 0; i < nodes_tried_max; ++i) {
      const auto node = random_between(1, user_node_last);
      if (is_taken(node)) continue;
      local_ = Endpoint::at_ddp(static_cast<std::uint16_t>(local_.network()), node,
                                static_cast<std::uint8_t>(local_.port()));
      return {};
    }
    return fail(Code::addrnotavail,
                "cannot bind " + to_uri(local_) + ": no free node was found; configure one");
  }

  bool is_taken(std::uint8_t node) {
    for (unsigned i = 0; i < enquiries; ++i) {
      send_control(link_enquiry, node);
      const auto end = mono_now() + enquiry_interval;
      for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - mono_now());
        pollfd ready{socket_.handle(), POLLIN, 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
        if (receives_frame_of(node)) return true;
      }
    }
    return false;
  }

  // Whether the next frame is from a node that uses, or claims, that number.
  bool receives_frame_of(std::uint8_t node) {
    std::array<char, 1024> octets{};
    const auto size = ::recv(socket_.handle(), octets.data(), octets.size(), MSG_DONTWAIT);
    if (size <= 0) return false;
    const auto frame = read_link_frame({octets.data(), static_cast<std::size_t>(size)});
    return frame && frame->sender != sender_ && frame->from == node;
  }

  // Sends one control frame about a node, at once.
  void send_control(LinkType type, std::uint8_t node) {
    std::array<char, ltoudp_header_size> octets{};
    write_link_header(octets.data(), {sender_, node, node, type, {}});
    (void)::sendto(socket_.handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   &group_.any, group_.length);
  }

  const SocketAddress group_;
  std::uint32_t sender_ = 0;
};

}  // namespace

std::optional<LinkFrame> read_link_frame(std::string_view packet) {
  if (packet.size() < ltoudp_header_size) return std::nullopt;
  return LinkFrame{static_cast<std::uint32_t>(pair_at(packet, 0)) << 16U | pair_at(packet, 2),
                   at(packet, 4), at(packet, 5), at(packet, 6), packet.substr(ltoudp_header_size)};
}

void write_link_header(char* place, const LinkFrame& frame) {
  for (unsigned i = 0; i < 4; ++i) place[i] = static_cast<char>(frame.sender >> (24 - 8 * i));
  place[4] = static_cast<char>(frame.to);
  place[5] = static_cast<char>(frame.from);
  place[6] = static_cast<char>(frame.type);
}

std::optional<Frame> read_ddp(const LinkFrame& frame, std::uint16_t network) {
  const auto octets = frame.octets;
  const bool is_long = frame.type == link_long_ddp;
  const auto header = is_long ? long_header_size : ddp_header_size;
  if ((!is_long && frame.type != link_short_ddp) || octets.size() < header) return std::nullopt;
  const std::size_t length = pair_at(octets, 0) & length_bits;
  if (length < header || length != octets.size() || length > header + ddp_data_max ||
      at(octets, header - 1) != ddp_type)
    return std::nullopt;
  const auto data = octets.substr(header);
  if (!is_long)
    return Frame{Endpoint::at_ddp(network, frame.to, at(octets, 2)),
                 Endpoint::at_ddp(network, frame.from, at(octets, 3)), data};
  const auto sum = pair_at(octets, 2);
  if (sum != 0 && sum != checksum(octets.substr(4))) return std::nullopt;
  // Network 0 is that of the link.
  const auto network_at = [&](std::size_t index) {
    const auto named = pair_at(octets, index);
    return named == 0 ? network : named;
  };
  return Frame{Endpoint::at_ddp(network_at(4), at(octets, 8), at(octets, 10)),
               Endpoint::at_ddp(network_at(6), at(octets, 9), at(octets, 11)), data};
}

void write_ddp_header(char* place, const Endpoint& to, const Endpoint& from, std::size_t size) {
  SENSE_CHECK(size <= ddp_data_max);
  const auto length = ddp_header_size + size;
  place[0] = static_cast<char>(length >> 8U);
  place[1] = static_cast<char>(length);
  place[2] = static_cast<char>(to.port());
  place[3] = static_cast<char>(from.port());
  place[4] = static_cast<char>(ddp_type);
}

Result<std::unique_ptr<Transport>> open_ddp(boost::asio::io_context& reactor, const Endpoint& own,
                                            const TransportOptions& options, Counters& counters) {
  auto transport = std::make_unique<DdpTransport>(reactor, options, counters);
  if (auto status = transport->open(own); !status) return tl::unexpected(status.error());
  return transport;
}

}  // namespace sense::datagram
