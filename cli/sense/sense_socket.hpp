// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/base/command.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/sense/shared_keys.hpp"
#include "core/sense/transport/transport.hpp"

namespace sense::cli {

// How a command reaches a SENSE server, as typed.
struct SenseSocketOptions {
  // ADDRESS:PORT of this side, port 0 for any; a path; NETWORK.NODE.ipx:SOCKET and the like. The
  // default stands for an address that fits the server's.
  static constexpr const char* bind_default = "127.0.0.1:0";
  std::string bind = bind_default;
  int ipx_port = 213;  // UDP port of the IPX network
  std::string ddp_group = "239.192.76.84:1954";
  // With the key to sign with, or over DTLS to encrypt with; "": nothing is signed, and over DTLS
  // the server proves itself by a certificate.
  std::string key_file;
  std::string authorities;  // file of CAs for that certificate; "": those of the system
};

// Options that write into `options`, which must outlive them: --bind, --ipx-port, --ddp-group,
// --key, --ca.
[[nodiscard]] std::vector<CommandOption> socket_options(SenseSocketOptions& options);
// --key and --ca alone.
[[nodiscard]] std::vector<CommandOption> key_options(SenseSocketOptions& options);

// A socket that talks to one SENSE server only. The loop's thread.
struct SenseSocket {
  datagram::Endpoint server;
  std::unique_ptr<Counters> counters;
  std::unique_ptr<datagram::Transport> transport;
  boost::asio::steady_timer timer;
  std::optional<datagram::SharedKey> key;  // to sign with; nothing over DTLS
};

// `uri`: sense://HOST[:PORT], sense+dtls://HOST[:PORT], or one of the forms of docs/transports.md.
// Asks the name server for a HOST that is a name, and waits for its answer.
[[nodiscard]] Result<SenseSocket> open_sense_socket(boost::asio::io_context& io,
                                                    const std::string& uri,
                                                    const SenseSocketOptions& options);

}  // namespace sense::cli
