#include "cli/sense_shell.hpp"

#include <boost/asio/buffer.hpp>

namespace sense::cli {

SenseShell::SenseShell(UdpPeer peer, datagram::ClientOptions options, OnNotice on_notice,
                       std::function<void()> on_silence)
    : peer_(std::move(peer)),
      client_(std::move(options)),
      on_notice_(std::move(on_notice)),
      on_silence_(std::move(on_silence)) {}

void SenseShell::receive() {
  peer_.socket.async_receive(
      boost::asio::buffer(peer_.buffer),
      [this](const boost::system::error_code& error, std::size_t size) {
        if (error == boost::asio::error::operation_aborted) return;
        if (error == boost::asio::error::connection_refused) on_silence_();
        if (!error) handle(client_.on_datagram({peer_.buffer.data(), size}, system_clock().now()));
        receive();
      });
}

void SenseShell::handle(const datagram::Output& output) {
  for (const auto& notice : output.notices) on_notice_(notice);
  for (const auto& octets : output.send) peer_.send(octets);
  const auto due = client_.next_timer();
  if (!due) return;
  peer_.timer.expires_at(*due);
  peer_.timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) handle(client_.on_timer(system_clock().now()));
  });
}

}  // namespace sense::cli
