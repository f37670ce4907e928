// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/sense/dtls/context.hpp"
#include "core/sense/shared_keys.hpp"
#include "core/sense/transport/transport.hpp"

namespace sense::datagram {

// How a client proves itself, or has the server proved. A value that may hold a secret.
struct DtlsClientOptions {
  std::optional<SharedKey> key;  // nothing: the server has a certificate for `host`
  std::string authorities;       // file of CAs for that, in PEM; "": those of the system
  std::string host;
  // Called with the reason whenever a handshake or a session fails by an error.
  std::function<void(const std::string& problem)> on_problem;
};

// A transport to one server, TransportOptions::peer, over DTLS. The handshake begins with start();
// at most 64 datagrams wait for it, the oldest are dropped. A session that the server ends, or in
// which three datagrams and three seconds get no answer, is replaced by a new one from the same
// address, so that a subscription need not move. Nothing but records of that session is passed on.
[[nodiscard]] Result<std::unique_ptr<Transport>> open_dtls_client(boost::asio::io_context& reactor,
                                                                  const Endpoint& own,
                                                                  TransportOptions options,
                                                                  DtlsClientOptions dtls,
                                                                  Counters& counters);

}  // namespace sense::datagram
