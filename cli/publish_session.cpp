#include "cli/publish_session.hpp"

#include <CLI/CLI.hpp>

namespace sense::cli {

Result<std::unique_ptr<PublishSession>> PublishSession::open(Loop& loop, const Global& global,
                                                             const std::string& via) {
  if (!via.empty()) {
    auto peer = open_peer(loop.io(), via, SenseWay{});
    if (!peer) return tl::unexpected(peer.error());
    std::unique_ptr<PublishSession> session(new PublishSession(via));
    session->sense_ = std::make_unique<SensePublisher>(loop, via, std::move(*peer));
    return session;
  }
  auto bus = BusSession::open(loop, global);
  if (!bus) return tl::unexpected(bus.error());
  std::unique_ptr<PublishSession> session(
      new PublishSession("the broker at " + (*bus)->endpoint()));
  session->bus_ = std::move(*bus);
  return session;
}

Publisher& PublishSession::publisher() {
  if (sense_) return *sense_;
  return bus_->bus();
}

void add_via(CLI::App& command, std::string& target) {
  command
      .add_option("--via", target,
                  "SENSE server to publish through, by datagram (default: over the bus)")
      ->type_name("sense://HOST:PORT");
}

}  // namespace sense::cli
