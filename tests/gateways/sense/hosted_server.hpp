// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateways/sense/server.hpp"
#include "tests/gateways/sense/fakes.hpp"

namespace sense::datagram::test {

// What only some tests set.
struct Extras {
  std::vector<SharedKey> keys;
  std::vector<ListenerPolicy> policies;
  FetchLocation fetch;
  std::vector<std::pair<std::string, std::string>> parameters = {{"max-period", "5"},
                                                                 {"service", "test"}};
  bool rates = false;  // else there are no limits of rates: time stands still in most tests
};

// The pure server with its host: does what the server asks for, keeps what it sends, and lets time
// pass. Nothing happens by itself.
class HostedServer {
 public:
  explicit HostedServer(Limits limits = {}, std::vector<std::string> allowed = {},
                        Extras extras = {})
      : egress(*EgressPolicy::make(allowed)),
        limits_(limits),
        extras_(std::move(extras)),
        subscriptions(clock) {
    if (!extras_.rates) limits_.rate = limits_.unproved_rate = 0;
    restart();
  }

  // A new process: nothing is remembered but what the host has.
  void restart() {
    server.reset();
    attempts.clear();
    ServerConfig config;
    config.limits = limits_;
    config.listeners = listeners;
    config.policies = extras_.policies;
    config.keys = extras_.keys;
    config.fetch = extras_.fetch;
    config.cookie_key = random_token(160);
    config.seed = 7;
    config.parameters = [shown = extras_.parameters] { return shown; };
    server = std::make_unique<Server>(std::move(config), subscriptions, egress, counters);
  }
  // Does what the server asked for; the fakes answer when they are settled.
  void perform(Actions actions) {
    for (auto& action : actions) std::visit([this](auto& one) { execute(one); }, action);
  }
  // Lets the fakes answer.
  void settle() {
    subscriptions.run();
    publisher.run();
  }
  // Lets that time pass, with all timers in it.
  void pass(Duration time) {
    sent.clear();
    const auto end = clock.now().mono + time;
    for (;;) {
      const auto next = server->next_timer();
      if (!next || *next > end) break;
      if (*next > clock.now().mono) clock.advance(*next - clock.now().mono);
      perform(server->on_timer(clock.now()));
      settle();
    }
    clock.advance(end - clock.now().mono);
    perform(server->on_timer(clock.now()));
  }

  // Those of the next restart.
  std::vector<Listener> listeners = {{"127.0.0.1:7367", TransportKind::ipv4},
                                     {"[::1]:7367", TransportKind::ipv6},
                                     {"/run/sense.sock", TransportKind::unix_path},
                                     {"2a.7f000001.ipx:16384", TransportKind::ipx},
                                     {"12.1.ddp:128", TransportKind::ddp, 586}};
  VirtualClock clock;
  EgressPolicy egress;
  Counters counters;

 private:
  Limits limits_;
  Extras extras_;

 public:
  FakeSubscriptions subscriptions;
  FakePublisher publisher;
  std::unique_ptr<Server> server;
  std::vector<Send> sent;
  std::vector<Refused> refused;  // for the records
  std::map<AttemptId, Attempt> attempts;
  AttemptId last_attempt_id = 0;

 private:
  auto on_subscription(RequestId request_id) {
    return [this, request_id](Result<SubscriptionRef> result) {
      perform(server->on_subscription(request_id, std::move(result), clock.now()));
    };
  }
  void execute(Send& action) { sent.push_back(action); }
  void execute(Publish& action) {
    publisher.publish(action.event, [this, request_id = action.request_id](Result<Receipt> result) {
      perform(server->on_receipt(request_id, std::move(result), clock.now()));
    });
  }
  void execute(Create& action) {
    subscriptions.create(action.request, on_subscription(action.request_id));
  }
  void execute(LookUp& action) { subscriptions.get(action.id, on_subscription(action.request_id)); }
  void execute(Renew& action) {
    if (action.move)
      subscriptions.move(action.id, action.period, *action.move,
                         on_subscription(action.request_id));
    else
      subscriptions.renew(action.id, action.period, on_subscription(action.request_id));
  }
  void execute(Cancel& action) {
    subscriptions.cancel(action.id, "cancelled", on_subscription(action.request_id));
  }
  void execute(ListSources& action) {
    subscriptions.sources(
        action.after, action.limit,
        [this, request_id = action.request_id](Result<Subscriptions::SourcePage> result) {
          perform(server->on_sources(request_id, std::move(result), clock.now()));
        });
  }
  void execute(Refused& action) { refused.push_back(action); }
  void execute(Confirm& action) {
    subscriptions.confirm(action.id, action.token, [](const Result<SubscriptionRef>&) {});
  }
  void execute(Finished& action) {
    BOOST_CHECK_MESSAGE(attempts.emplace(action.attempt_id, action.attempt).second,
                        "an attempt finished twice: " << action.attempt_id);
  }
};

}  // namespace sense::datagram::test
