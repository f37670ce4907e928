// SPDX-License-Identifier: Apache-2.0
#include "core/sense/transport/transport.hpp"

#include "core/base/text.hpp"
#include "core/sense/transport/socket.hpp"

namespace sense::datagram {

Result<DdpGroup> DdpGroup::parse(std::string_view text) {
  DdpGroup parsed;
  const auto at = text.find('@');
  const auto group = parse_endpoint(text.substr(0, at));
  bool good = group && group->kind() == TransportKind::ipv4 && group->address().is_multicast() &&
              group->port() != 0 && text.find(':') < at;
  if (good) {
    parsed.group = group->address().to_v4();
    parsed.port = group->port();
  }
  if (at != std::string_view::npos) {
    boost::system::error_code problem;
    parsed.interface = boost::asio::ip::make_address_v4(std::string(text.substr(at + 1)), problem);
    good = good && !problem;
  }
  if (good) return parsed;
  return fail(Code::badparam, "'" + printable(text.substr(0, 200)) +
                                  "' is not a multicast group of IPv4 and its port, such as "
                                  "239.192.76.84:1954, or GROUP:PORT@ADDRESS with the address of "
                                  "this machine's interface");
}

Result<std::unique_ptr<Transport>> open_transport(boost::asio::io_context& reactor,
                                                  const Endpoint& own,
                                                  const TransportOptions& options,
                                                  Counters& counters) {
  switch (own.kind()) {
    case TransportKind::none: break;
    case TransportKind::ipv4:
    case TransportKind::ipv6: return open_udp(reactor, own, options, counters);
    case TransportKind::unix_path: return open_unix(reactor, own, options, counters);
    case TransportKind::ipx: return open_ipx(reactor, own, options, counters);
    case TransportKind::ddp: return open_ddp(reactor, own, options, counters);
  }
  return fail(Code::badparam, "no address to bind");
}

}  // namespace sense::datagram
