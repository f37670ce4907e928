#include "cli/udp.hpp"

#include <boost/asio/buffer.hpp>
#include <sstream>

#include "core/base/uri.hpp"
#include "core/sense/message.hpp"

namespace sense::cli {

namespace {

using boost::asio::ip::udp;

Result<udp::endpoint> resolve(boost::asio::io_context& io, const std::string& uri_text) {
  const auto uri = parse_uri(uri_text);
  if (!uri) return tl::unexpected(uri.error());
  if (uri->scheme != "sense" || uri->host.empty())
    return fail(Code::badparam, "'" + uri_text + "' is not sense://HOST:PORT");
  const auto port = uri->port.value_or(datagram::default_port);
  boost::system::error_code error;
  udp::resolver resolver(io);
  const auto found = resolver.resolve(uri->host, std::to_string(port), error);
  if (error || found.empty())
    return fail(Code::addrnotavail,
                "the host " + uri->host + " of " + uri_text + " is not known: " + error.message());
  return found.begin()->endpoint();
}

Result<udp::endpoint> parse_bind(const std::string& text, const udp::endpoint& server) {
  // The default is right for a server on this machine; for another one, the kernel knows better.
  if (text == "127.0.0.1:0" && !server.address().is_loopback())
    return udp::endpoint(server.protocol(), 0);
  if (text == "127.0.0.1:0" && server.address().is_v6())
    return udp::endpoint(boost::asio::ip::address_v6::loopback(), 0);
  const auto uri = parse_uri("sense://" + text);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(uri ? uri->host : "", error);
  if (error) return fail(Code::badparam, "--bind '" + text + "' is not ADDRESS:PORT");
  return udp::endpoint(address, uri->port.value_or(0));
}

}  // namespace

void UdpPeer::send(std::string_view octets) {
  boost::system::error_code ignored;
  socket.send(boost::asio::buffer(octets.data(), octets.size()), 0, ignored);
}

Result<UdpPeer> open_udp(boost::asio::io_context& io, const std::string& uri,
                         const std::string& bind) {
  const auto server = resolve(io, uri);
  if (!server) return tl::unexpected(server.error());
  const auto own = parse_bind(bind, *server);
  if (!own) return tl::unexpected(own.error());
  UdpPeer peer{udp::socket(io), boost::asio::steady_timer(io), std::string(65'536, '\0')};
  boost::system::error_code error;
  peer.socket.open(own->protocol(), error);
  if (!error) peer.socket.bind(*own, error);
  if (error)
    return fail(Code::addrnotavail, "cannot bind " + to_text(*own) + ": " + error.message() +
                                        "; choose another with --bind");
  peer.socket.connect(*server, error);
  if (error)
    return fail(Code::commerror, "cannot reach " + to_text(*server) + " from " + to_text(*own) +
                                     ": " + error.message());
  return peer;
}

std::string to_text(const udp::endpoint& endpoint) {
  std::ostringstream out;
  out << endpoint;
  return out.str();
}

}  // namespace sense::cli
