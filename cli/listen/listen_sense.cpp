// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <variant>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/base/output.hpp"
#include "cli/listen/listen_options.hpp"
#include "cli/listen/received_event.hpp"
#include "cli/sense/sense_client.hpp"
#include "core/base/random.hpp"
#include "core/sense/client.hpp"

namespace sense::cli {

namespace {

// Servers repeat an unacknowledged delivery after a second by default.
constexpr std::chrono::milliseconds ack_delay_max{500};

datagram::ClientOptions client_options(const ListenOptions& options) {
  datagram::ClientOptions client;
  client.types = options.types;
  client.sources = options.sources;
  client.period = std::chrono::duration_cast<std::chrono::seconds>(*parse_duration(options.period));
  client.filter = options.filter;
  client.edition = options.edition;
  client.language = options.language;
  client.ack_delay = *parse_duration(options.ack_delay);
  client.tag_prefix = random_token(60);
  return client;
}

class SenseListener {
 public:
  SenseListener(Loop& loop, const ListenOptions& options, SenseSocket socket)
      : loop_(loop),
        received_(loop, options),
        client_(
            std::move(socket), client_options(options),
            [this](const datagram::Notice& notice) {
              std::visit([this](const auto& what) { on(what); }, notice);
            },
            [this] { say_once_that_port_is_closed(); }),
        callback_(client_.local()) {
    loop.on_finish([this] { cancel(); });
  }

  void start() {
    say("subscribing at " + client_.remote());
    client_.receive();
    client_.handle(client_.protocol().subscribe(system_clock().now()));
  }

 private:
  void on(const datagram::Registered& registered) {
    if (registered.renewed) return;
    say("subscribed as " + registered.subscription + " for " +
        std::to_string(registered.period.count()) + " s, called back at " + callback_);
  }
  void on(const datagram::EventReceived& arrived) {
    const auto& event = arrived.event;
    ReceivedEvent received{callback_,
                           std::string(event.type.display()),
                           event.source,
                           std::to_string(arrived.number),
                           event.id,
                           arrived.subscription,
                           event.data,
                           event.datacontenttype,
                           event.edition,
                           event.language,
                           {}};
    if (arrived.truncated) {
      received.truncated_length = arrived.length;
      say("event " + event.id + " came without its data, " + std::to_string(arrived.length) +
          " octets, which do not fit into a datagram" +
          (arrived.fetch.empty() ? "" : ": " + arrived.fetch));
    }
    received_.add(received);
  }
  void on(const datagram::GapReported& gap) {
    say("numbers " + std::to_string(gap.from) + " to " + std::to_string(gap.to) +
        " will never come: " + gap.reason);
  }
  void on(const datagram::Ended& ended) {
    if (loop_.finishing()) return loop_.leave();
    go_on_or_fail("the subscription ended: " + ended.reason);
  }
  void on(const datagram::Failed& failure) {
    if (loop_.finishing()) return loop_.leave();
    go_on_or_fail(
        (client_.protocol().subscription().empty() ? "not subscribed: " : "not renewed: ") +
        failure.error.message);
  }
  void on(const datagram::Replied&) {}
  void on(const datagram::VerifyRequested&) {}

  // Without a timer the client will not ask again, and no event would ever be received.
  void go_on_or_fail(const std::string& what) {
    if (!client_.protocol().next_timer())
      return loop_.finish(failed("sense://" + client_.remote() + ": " + what));
    say(what + "; asking again");
  }

  // The client repeats its request by itself.
  void say_once_that_port_is_closed() {
    if (!std::exchange(said_absent_, true)) say("nothing listens there yet; asking again");
  }

  // Cancels, but waits a second at most: otherwise the lease expires.
  void cancel() {
    if (client_.protocol().subscription().empty()) return loop_.leave();
    loop_.later(std::chrono::seconds{1}, [this] { loop_.leave(); });
    // Not at once: finish() may have been called from within the client's own notice, before the
    // acknowledgement that belongs to it was sent.
    loop_.later(Duration{0},
                [this] { client_.handle(client_.protocol().cancel(system_clock().now())); });
  }

  Loop& loop_;
  ReceivedEvents received_;
  SenseClient client_;
  std::string callback_;
  bool said_absent_ = false;
};

}  // namespace

int listen_sense(const ListenOptions& options) {
  if (*parse_duration(options.period) < std::chrono::seconds{1})
    return refused("--period must be at least 1s");
  if (*parse_duration(options.ack_delay) > ack_delay_max)
    return refused("--ack-delay is at most " + sense::to_text(ack_delay_max) +
                   ": the server would send again what it believes lost");
  Loop loop;
  auto socket = open_sense_socket(loop.io(), options.uri, options.socket);
  if (!socket) return refused(socket.error());
  SenseListener listener(loop, options, std::move(*socket));
  listener.start();
  return loop.run();
}

}  // namespace sense::cli
