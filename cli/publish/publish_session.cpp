// SPDX-License-Identifier: Apache-2.0
#include "cli/publish/publish_session.hpp"

#include <CLI/CLI.hpp>

namespace sense::cli {

Result<std::unique_ptr<PublishSession>> PublishSession::open(Loop& loop, const Global& global,
                                                             const Via& via) {
  if (!via.target.empty()) {
    auto peer = open_peer(loop.io(), via.target, via.way);
    if (!peer) return tl::unexpected(peer.error());
    std::unique_ptr<PublishSession> session(new PublishSession(via.target));
    session->sense_ = std::make_unique<SensePublisher>(loop, via.target, std::move(*peer));
    return session;
  }
  if (!via.way.key_file.empty())
    return fail(Code::badparam, "--key is for --via; on the bus the configuration names the keys");
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

void add_via(CLI::App& command, Via& via) {
  command
      .add_option("--via", via.target,
                  "SENSE server to publish through, by datagram (default: over the bus)")
      ->type_name("sense://HOST:PORT");
  add_key(command, via.way);
}

}  // namespace sense::cli
