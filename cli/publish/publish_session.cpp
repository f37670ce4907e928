// SPDX-License-Identifier: Apache-2.0
#include "cli/publish/publish_session.hpp"

namespace sense::cli {

Result<std::unique_ptr<PublishSession>> PublishSession::open(Loop& loop, const Global& global,
                                                             const Via& via) {
  if (!via.target.empty()) {
    auto socket = open_sense_socket(loop.io(), via.target, via.socket);
    if (!socket) return tl::unexpected(socket.error());
    std::unique_ptr<PublishSession> session(new PublishSession(via.target));
    session->sense_ = std::make_unique<SensePublisher>(loop, via.target, std::move(*socket));
    return session;
  }
  if (!via.socket.key_file.empty())
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

std::vector<CommandOption> via_options(Via& via) {
  return joined(
      {{{.name = "--via",
         .value_name = "sense://HOST:PORT",
         .target = &via.target,
         .help = "SENSE server to publish through, by datagram, or sense+dtls://HOST:PORT "
                 "(default: over the bus)"}},
       key_options(via.socket)});
}

}  // namespace sense::cli
