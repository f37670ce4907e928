// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/peers/nats_client.hpp"

#include <unistd.h>

#include <fstream>

#include "tests/bench/harness/work_folder.hpp"

namespace sense::bench {

Result<pid_t> start_nats_server(Children& children, const std::string& more, std::string& url) {
  const auto port = free_port();
  if (!port) return tl::unexpected(port.error());
  const auto address = "127.0.0.1:" + std::to_string(*port);
  url = "nats://" + address;
  {
    std::ofstream config("nats.conf");
    config << "listen: \"" << address << "\"\n" << more;
  }
  auto server = start_server(children, {"nats-server", "--config", "nats.conf"});
  if (!server) return server;
  if (auto good = await_port(children, *port); !good) return tl::unexpected(good.error());
  return server;
}

Status check(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return {};
  return fail(Code::system, what + ": " + natsStatus_GetText(status));
}

Status NatsConnection::open(const std::string& url) {
  return check(natsConnection_ConnectTo(&connection_, url.c_str()), "cannot connect to " + url);
}

void take_nats_message(natsConnection*, natsSubscription*, natsMsg* message, void* receiver) {
  static_cast<Receiver*>(receiver)->take(
      {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
  natsMsg_Destroy(message);
}

Status receive_for_ever(natsSubscription* subscription) {
  // Else libnats drops what its own thread has not handled yet.
  if (auto good = check(natsSubscription_SetPendingLimits(subscription, -1, -1), "no limits");
      !good)
    return good;
  for (;;) ::pause();
}

}  // namespace sense::bench
