// SPDX-License-Identifier: Apache-2.0
#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/base/output.hpp"
#include "cli/listen/http_receiver.hpp"
#include "cli/listen/http_subscriber.hpp"
#include "cli/listen/listen_options.hpp"
#include "cli/listen/received_event.hpp"

namespace sense::cli {

namespace {

Result<Uri> gateway_of(const ListenOptions& options) {
  auto uri = parse_uri(options.subscribe);
  if (!uri) return tl::unexpected(uri.error());
  if (uri->scheme != "http" || uri->host.empty())
    return fail(Code::badparam, "--subscribe '" + options.subscribe + "' is not http://HOST:PORT");
  return uri;
}

int receive_only(Loop& loop, HttpReceiver& receiver) {
  say("listening at " + receiver.callback());
  return loop.run();
}

}  // namespace

int listen_http(const ListenOptions& options) {
  if (options.subscribe.empty() && !(options.types.empty() && options.sources.empty()))
    return refused(
        "--type and --source are for subscribing: say at which gateway with --subscribe");
  Loop loop;
  ReceivedEvents received(loop, options);
  auto receiver = HttpReceiver::open(loop.io(), options.uri,
                                     [&](const ReceivedEvent& event) { received.add(event); });
  if (!receiver)
    return receiver.error().code == Code::badparam ? refused(receiver.error())
                                                   : failed(receiver.error());
  // Not at once: the answer to the last event is sent after it was printed.
  loop.on_finish([&] { loop.later(Duration{0}, [&] { loop.leave(); }); });
  if (options.subscribe.empty()) return receive_only(loop, **receiver);
  const auto gateway = gateway_of(options);
  if (!gateway) return refused(gateway.error());
  HttpSubscriber subscriber(loop, *gateway, options, (*receiver)->callback(),
                            [&](const std::string& why) { loop.finish(failed(why)); });
  loop.on_finish([&] { subscriber.end([&] { loop.leave(); }); });
  subscriber.create();
  return receive_only(loop, **receiver);
}

}  // namespace sense::cli
