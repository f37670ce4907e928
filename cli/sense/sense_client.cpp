// SPDX-License-Identifier: Apache-2.0
#include "cli/sense/sense_client.hpp"

#include <algorithm>

namespace sense::cli {

namespace {

datagram::ClientOptions fitted(datagram::ClientOptions options, const SenseSocket& socket) {
  options.message_max = std::min(options.message_max, socket.transport->sendable_max());
  options.key = socket.key;
  return options;
}

}  // namespace

SenseClient::SenseClient(SenseSocket socket, datagram::ClientOptions options, OnNotice on_notice,
                         std::function<void()> on_silence)
    : socket_(std::move(socket)),
      protocol_(fitted(std::move(options), socket_)),
      on_notice_(std::move(on_notice)),
      on_silence_(std::move(on_silence)) {}

void SenseClient::receive() {
  const auto on_batch = [this](std::span<const datagram::Datagram> batch) {
    const auto now = system_clock().now();
    for (const auto& datagram : batch)
      if (datagram.from == socket_.server) take(protocol_.on_datagram(datagram.octets, now));
    socket_.transport->flush();
    set_timer();
  };
  socket_.transport->start(on_batch, [this] { on_silence_(); });
}

void SenseClient::handle(const datagram::Output& output) {
  take(output);
  socket_.transport->flush();
  set_timer();
}

// A failed send counts as a datagram that the network dropped: the protocol repeats it.
void SenseClient::take(const datagram::Output& output) {
  for (const auto& notice : output.notices) on_notice_(notice);
  for (const auto& octets : output.send) socket_.transport->send(socket_.server, octets);
}

void SenseClient::set_timer() {
  const auto due = protocol_.next_timer();
  if (!due) return;
  socket_.timer.expires_at(*due);
  socket_.timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) handle(protocol_.on_timer(system_clock().now()));
  });
}

}  // namespace sense::cli
