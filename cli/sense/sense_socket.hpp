// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/sense/shared_keys.hpp"
#include "core/sense/transport/transport.hpp"

namespace CLI {
class App;
}

namespace sense::cli {

// The way of a command to a SENSE server, as it was typed.
struct SenseWay {
  // ADDRESS:PORT of this side, port 0 for any; a path; NETWORK.NODE.ipx:SOCKET and the like. The
  // default stands for an address that fits the server's.
  static constexpr const char* bind_default = "127.0.0.1:0";
  std::string bind = bind_default;
  std::uint16_t ipx_port = 213;
  std::string ddp_group = "239.192.76.84:1954";
  std::string key_file;  // with the key to sign with; "": nothing is signed
};

// --bind, --ipx-port, --ddp-group and --key.
void add_way(CLI::App& command, SenseWay& way);
// --key alone.
void add_key(CLI::App& command, SenseWay& way);

// A socket that talks to one SENSE server only. The loop's thread.
struct SensePeer {
  datagram::Endpoint server;
  std::unique_ptr<Counters> counters;
  std::unique_ptr<datagram::Transport> transport;
  boost::asio::steady_timer timer;
  std::optional<datagram::SharedKey> key;
};

// `uri`: sense://HOST[:PORT], or one of the forms of docs/transports.md. Asks the name server for a
// HOST that is a name, and waits for its answer.
[[nodiscard]] Result<SensePeer> open_peer(boost::asio::io_context& io, const std::string& uri,
                                          const SenseWay& way);

}  // namespace sense::cli
