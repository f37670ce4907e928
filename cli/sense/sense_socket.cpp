// SPDX-License-Identifier: Apache-2.0
#include "cli/sense/sense_socket.hpp"

#include <unistd.h>

#include <boost/asio/ip/udp.hpp>
#include <filesystem>
#include <utility>

#include "cli/base/output.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/sense/dtls/client_transport.hpp"
#include "core/sense/message.hpp"

namespace sense::cli {

namespace {

using boost::asio::ip::udp;
using datagram::Endpoint;
using datagram::TransportKind;

constexpr std::uint32_t loopback_network = 0x7f000000U;

// The server may run as another user. Datagrams of other senders are dropped.
constexpr unsigned socket_file_mode = 0666;

Result<Endpoint> resolve(boost::asio::io_context& io, const std::string& uri_text) {
  const auto uri = parse_uri(uri_text);
  if (!uri) return tl::unexpected(uri.error());
  const bool dtls = uri->scheme == "sense+dtls";
  if (!dtls && uri->scheme != "sense")
    return fail(Code::badparam,
                "'" + printable(uri_text) + "' is not sense://HOST:PORT or sense+dtls://HOST:PORT");
  auto numeric = datagram::parse_endpoint(uri_text);
  const bool name =
      !uri->host.empty() && !uri->host.ends_with(".ipx") && !uri->host.ends_with(".ddp");
  if (numeric || !name) return numeric;
  const auto port = uri->port.value_or(dtls ? datagram::default_dtls_port : datagram::default_port);
  boost::system::error_code error;
  udp::resolver resolver(io);
  const auto found = resolver.resolve(uri->host, std::to_string(port), error);
  if (error || found.empty())
    return fail(Code::addrnotavail,
                "the host " + uri->host + " of " + uri_text + " is not known: " + error.message());
  const auto endpoint = found.begin()->endpoint();
  return Endpoint(endpoint.address(), endpoint.port()).with_dtls(dtls);
}

// The loopback address for a server on this machine; for another one the kernel chooses.
Endpoint own_ip(const Endpoint& server) {
  const auto address = server.address();
  if (address.is_v6())
    return {address.is_loopback() ? boost::asio::ip::address_v6::loopback()
                                  : boost::asio::ip::address_v6::any(),
            0};
  return {address.is_loopback() ? boost::asio::ip::address_v4::loopback()
                                : boost::asio::ip::address_v4::any(),
          0};
}

// Beside the server's socket, which it can reach; without write permission there, in the folder for
// temporary files.
Result<Endpoint> own_path(const Endpoint& server) {
  std::error_code error;
  auto folder = std::filesystem::path(server.path()).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    folder = std::filesystem::temp_directory_path(error);
  const auto path = folder.string() + "/sense-" + std::to_string(::getpid()) + "-" +
                    lower(random_token(60)) + ".sock";
  if (!error && Endpoint::may_be_path(path)) return Endpoint::at_path(path);
  return fail(Code::addrnotavail,
              "no folder for temporary files, or its name is too long for a socket; name a path "
              "with --bind");
}

// Each node has one UDP port, so this side needs another node address than the server.
Result<Endpoint> own_ipx(boost::asio::io_context& io, const Endpoint& server) {
  const boost::asio::ip::address_v4 there(static_cast<std::uint32_t>(server.node()));
  if (there.is_loopback()) {
    std::uint32_t random = 0;
    fill_random({reinterpret_cast<unsigned char*>(&random), sizeof(random)});
    return Endpoint::at_ipx(server.network(), loopback_network + 2 + random % 0xfffff0U, 0);
  }
  boost::system::error_code error;
  udp::socket socket(io, udp::v4());
  socket.connect({there, datagram::default_port}, error);
  const auto here = error ? udp::endpoint() : socket.local_endpoint(error);
  if (error || here.address() == there)
    return fail(Code::addrnotavail, "no address of this machine is right for " + to_uri(server) +
                                        "; name another one with --bind NETWORK.NODE.ipx:0");
  return Endpoint::at_ipx(server.network(), here.address().to_v4().to_uint(), 0);
}

Result<Endpoint> own_endpoint(boost::asio::io_context& io, const std::string& bind,
                              const Endpoint& server) {
  if (bind != SenseSocketOptions::bind_default) {
    const auto own = datagram::parse_endpoint(bind);
    if (!own || own->kind() == TransportKind::none)
      return fail(Code::badparam, "--bind '" + printable(bind) + "' is not ADDRESS:PORT");
    const auto uri = parse_uri(bind.find("://") == std::string::npos ? "sense://" + bind : bind);
    return own->is_ip() && uri && !uri->port ? own->with_port(0) : *own;
  }
  switch (server.kind()) {
    case TransportKind::unix_path: return own_path(server);
    case TransportKind::ipx: return own_ipx(io, server);
    case TransportKind::ddp:
      return Endpoint::at_ddp(static_cast<std::uint16_t>(server.network()), 0, 0);
    default: return own_ip(server);
  }
}

}  // namespace

std::vector<CommandOption> socket_options(SenseSocketOptions& options) {
  return joined(
      {{{.name = "--bind",
         .value_name = "ADDRESS:PORT",
         .target = &options.bind,
         .help = "Own address for sense:// and sense+dtls://",
         .show_default = true},
        {.name = "--ipx-port",
         .value_name = "PORT",
         .target = &options.ipx_port,
         .help = "UDP port of the IPX network, for .ipx addresses",
         .show_default = true,
         .range = NumberRange{1, 65535}},
        {.name = "--ddp-group",
         .value_name = "GROUP:PORT",
         .target = &options.ddp_group,
         .help = "Multicast group of the LocalTalk cable, for .ddp addresses; @ADDRESS behind it "
                 "names the interface",
         .show_default = true}},
       key_options(options)});
}

std::vector<CommandOption> key_options(SenseSocketOptions& options) {
  return {{.name = "--key",
           .value_name = "FILE",
           .target = &options.key_file,
           .help = "Key shared with the SENSE server (`sense keys shared`): signs, and over "
                   "sense+dtls:// encrypts"},
          {.name = "--ca",
           .value_name = "FILE",
           .target = &options.authorities,
           .help = "For sense+dtls:// without --key: CAs of the server's certificate, in PEM "
                   "(default: the system's)"}};
}

namespace {

Result<std::unique_ptr<datagram::Transport>> open_client(boost::asio::io_context& io,
                                                         const std::string& uri,
                                                         const Endpoint& own,
                                                         const datagram::TransportOptions& options,
                                                         const std::string& authorities,
                                                         SenseSocket& socket) {
  if (!socket.server.dtls()) return datagram::open_transport(io, own, options, *socket.counters);
  datagram::DtlsClientOptions dtls;
  // The session proves what a Mac would.
  dtls.key = std::exchange(socket.key, std::nullopt);
  dtls.authorities = authorities;
  dtls.host = parse_uri(uri)->host;
  dtls.on_problem = [uri](const std::string& problem) {
    say("no DTLS session with " + uri + ": " + problem);
  };
  return datagram::open_dtls_client(io, own, options, std::move(dtls), *socket.counters);
}

}  // namespace

Result<SenseSocket> open_sense_socket(boost::asio::io_context& io, const std::string& uri,
                                      const SenseSocketOptions& options) {
  auto server = resolve(io, uri);
  if (!server) return tl::unexpected(server.error());
  const auto own = own_endpoint(io, options.bind, *server);
  if (!own) return tl::unexpected(own.error());
  if (own->kind() != server->kind())
    return fail(Code::badparam, "--bind '" + printable(options.bind) + "' is an address of " +
                                    std::string(to_text(own->kind())) + ", and " + to_uri(*server) +
                                    " one of " + std::string(to_text(server->kind())));
  const auto group = datagram::DdpGroup::parse(options.ddp_group);
  if (!group) return fail(Code::badparam, "--ddp-group " + group.error().message);
  datagram::TransportOptions transport_options;
  transport_options.peer = *server;
  transport_options.receive_buffer = 0;
  transport_options.unix_mode = socket_file_mode;
  transport_options.ipx_port = static_cast<std::uint16_t>(options.ipx_port);
  transport_options.ddp_group = *group;
  SenseSocket socket{std::move(*server), std::make_unique<Counters>(), nullptr,
                     boost::asio::steady_timer(io), std::nullopt};
  if (!options.key_file.empty()) {
    auto key = datagram::read_shared_key(options.key_file);
    if (!key) return tl::unexpected(key.error());
    socket.key = std::move(*key);
  }
  auto transport = open_client(io, uri, *own, transport_options, options.authorities, socket);
  if (!transport)
    return fail(transport.error().code,
                transport.error().message + "; choose another address with --bind");
  socket.transport = std::move(*transport);
  return socket;
}

}  // namespace sense::cli
