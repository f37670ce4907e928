// SPDX-License-Identifier: Apache-2.0
#include "cli/sense/sense_client.hpp"

#include <algorithm>

namespace sense::cli {

namespace {

datagram::ClientOptions fitted(datagram::ClientOptions options, const SensePeer& peer) {
  options.message_max = std::min(options.message_max, peer.transport->sendable_max());
  options.key = peer.key;
  return options;
}

}  // namespace

SenseShell::SenseShell(SensePeer peer, datagram::ClientOptions options, OnNotice on_notice,
                       std::function<void()> on_silence)
    : peer_(std::move(peer)),
      client_(fitted(std::move(options), peer_)),
      on_notice_(std::move(on_notice)),
      on_silence_(std::move(on_silence)) {}

void SenseShell::receive() {
  const auto on_batch = [this](std::span<const datagram::Datagram> batch) {
    const auto now = system_clock().now();
    for (const auto& datagram : batch)
      if (datagram.from == peer_.server) take(client_.on_datagram(datagram.octets, now));
    peer_.transport->flush();
    set_timer();
  };
  peer_.transport->start(on_batch, [this] { on_silence_(); });
}

void SenseShell::handle(const datagram::Output& output) {
  take(output);
  peer_.transport->flush();
  set_timer();
}

// What cannot be sent is as lost as a datagram that the network dropped: it is sent again.
void SenseShell::take(const datagram::Output& output) {
  for (const auto& notice : output.notices) on_notice_(notice);
  for (const auto& octets : output.send) peer_.transport->send(peer_.server, octets);
}

void SenseShell::set_timer() {
  const auto due = client_.next_timer();
  if (!due) return;
  peer_.timer.expires_at(*due);
  peer_.timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) handle(client_.on_timer(system_clock().now()));
  });
}

}  // namespace sense::cli
