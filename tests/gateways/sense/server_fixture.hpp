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

inline Endpoint endpoint(const std::string& text) {
  const auto parsed = endpoint_of(text);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

// What only some tests set.
struct Extras {
  std::vector<SharedKey> keys;
  std::vector<ListenerPolicy> policies;
  FetchLocation fetch;
  std::vector<std::pair<std::string, std::string>> parameters = {{"max-period", "5"},
                                                                 {"service", "test"}};
  bool rates = false;  // else there are no limits of rates: time stands still in most tests
};

// The pure server with its host, driven by hand: datagrams in, datagrams out.
class ServerFixture {
 public:
  explicit ServerFixture(Limits limits = {}, std::vector<std::string> allowed = {},
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

  // Which listener has that kind of address.
  static std::size_t listener_of(const Endpoint& from) {
    return static_cast<std::size_t>(from.kind()) - static_cast<std::size_t>(TransportKind::ipv4);
  }
  // Sends one datagram to the server and lets the host answer. What came back is in `sent`.
  std::vector<std::string> tell(const Endpoint& from, std::string_view octets, bool answer = true) {
    sent.clear();
    perform(server->on_datagram(octets, {from, listener_of(from)}, clock.now()));
    if (answer) settle();
    return octets_to(from);
  }
  Message ask(const Endpoint& from, const Message& request) {
    const auto replies = tell(from, serialize(request));
    BOOST_REQUIRE_EQUAL(replies.size(), 1U);
    const auto reply = parse(replies[0]);
    BOOST_REQUIRE_MESSAGE(reply.has_value(), replies[0]);
    BOOST_CHECK(reply->kind == Kind::reply);
    BOOST_CHECK_EQUAL(reply->tag, request.tag);
    return *reply;
  }
  // A cookie for this address.
  std::string cookie(const Endpoint& from) {
    return std::string(ask(from, make_message(Kind::parameters, "ping")).text("Cookie"));
  }
  Message registration(const Endpoint& from, const std::string& tag = "r2") {
    auto message = make_message(Kind::register_, tag);
    message.add("Period", 600U).add("Cookie", cookie(from));
    return message;
  }
  SubscriptionRef subscribe(const Endpoint& from, const std::string& tag = "r2") {
    const auto reply = ask(from, registration(from, tag));
    BOOST_REQUIRE_EQUAL(static_cast<int>(reply.code), 0);
    return subscriptions.served.at(std::string(reply.text("Subscription")));
  }

  AttemptId deliver(std::shared_ptr<const Delivery> delivery) {
    sent.clear();
    perform(server->deliver(++last_attempt_id, std::move(delivery), clock.now()));
    return last_attempt_id;
  }
  std::shared_ptr<Delivery> event_delivery(SubscriptionRef subscription, std::uint64_t number,
                                           std::string data = "342 Printer jam") {
    Event event;
    event.id = "01JD3" + std::to_string(number);
    event.type = *QName::parse("{urn:example:printer}jam");
    event.source = "//hq.example/printer/floor2/hp4";
    event.time = *parse_rfc3339("2026-11-21T09:15:00.250Z");
    event.severity = std::uint8_t{3};
    event.datacontenttype = "text/plain";
    event.data = std::move(data);
    event.sequence = 88119 + number;
    auto delivery = std::make_shared<Delivery>();
    delivery->subscription = std::move(subscription);
    delivery->number = number;
    delivery->event = std::make_shared<const Event>(std::move(event));
    return delivery;
  }
  std::vector<std::string> ack(const Endpoint& from, std::string_view subscription,
                               std::string_view number) {
    auto message = make_message(Kind::ack, "a1");
    message.add("Subscription", subscription).add("Number", number);
    return tell(from, serialize(message));
  }
  std::optional<Attempt> attempt(AttemptId attempt_id) const {
    const auto found = attempts.find(attempt_id);
    if (found == attempts.end()) return std::nullopt;
    return found->second;
  }
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

  void perform(Actions actions) {
    for (auto& action : actions) std::visit([this](auto& one) { execute(one); }, action);
  }
  void settle() {
    subscriptions.run();
    publisher.run();
  }
  std::vector<std::string> octets_to(const Endpoint& to) const {
    std::vector<std::string> octets;
    for (const auto& datagram : sent)
      if (datagram.to.address == to) octets.push_back(datagram.octets);
    return octets;
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
  void execute(Confirm& action) {
    subscriptions.confirm(action.id, action.token, [](const Result<SubscriptionRef>&) {});
  }
  void execute(Finished& action) {
    BOOST_CHECK_MESSAGE(attempts.emplace(action.attempt_id, action.attempt).second,
                        "an attempt finished twice: " << action.attempt_id);
  }
};

}  // namespace sense::datagram::test
