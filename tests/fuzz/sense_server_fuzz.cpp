// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/sense/keyed.hpp"
#include "gateways/sense/server.hpp"
#include "tests/gateways/sense/fakes.hpp"

// Any octets as a datagram to a server that has subscriptions and events in flight: from an
// unproved address, from a client with a cookie (<COOKIE> and <SUBSCRIPTION> in the input become
// its own), and signed with a key that the server knows. An unproved address gets at most one
// datagram for one, of three times the octets, and leaves no state; everything sent is SENSE/1 and
// within its limits.
namespace {

using namespace sense;
using namespace sense::datagram;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

struct World {
  VirtualClock clock;
  Counters counters;
  EgressPolicy egress = *EgressPolicy::make({});
  test::FakeSubscriptions subscriptions{clock};
  test::FakePublisher publisher;
  SharedKey key{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
  Endpoint client{boost::asio::ip::make_address("192.0.2.7"), 9000};
  Endpoint unproved{boost::asio::ip::make_address("198.51.100.9"), 9000};
  Server server{config(), subscriptions, egress, counters};
  std::vector<Send> sent;
  AttemptId attempts = 0;

  ServerConfig config() const {
    ServerConfig wanted;
    wanted.listeners = {{"127.0.0.1:7367", TransportKind::ipv4}};
    wanted.cookie_key = std::string(32, 'k');
    wanted.keys = {key};
    return wanted;
  }

  void tell(const Endpoint& from, std::string_view octets) {
    sent.clear();
    perform(server.on_datagram(octets, {from, 0}, clock.now()));
    subscriptions.run();
    publisher.run();
    for (const auto& one : sent) {
      require(one.octets.size() <= Limits{}.max_message);
      require(parse(one.octets).has_value());
    }
  }
  void perform(Actions actions) {
    for (auto& action : actions) std::visit([this](auto& one) { execute(one); }, action);
  }
  auto on_subscription(RequestId request_id) {
    return [this, request_id](Result<SubscriptionRef> result) {
      perform(server.on_subscription(request_id, std::move(result), clock.now()));
    };
  }
  void execute(Send& action) { sent.push_back(action); }
  void execute(Publish& action) {
    require(validate(action.event).has_value());
    publisher.publish(action.event, [this, request_id = action.request_id](Result<Receipt> result) {
      perform(server.on_receipt(request_id, std::move(result), clock.now()));
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
          perform(server.on_sources(request_id, std::move(result), clock.now()));
        });
  }
  void execute(Refused&) {}
  void execute(Confirm& action) {
    subscriptions.confirm(action.id, action.token, [](const Result<SubscriptionRef>&) {});
  }
  void execute(Finished&) {}

  std::string cookie() {
    tell(client, "SENSE/1 PARAMETERS first\n\n");
    return std::string(parse(sent.at(0).octets)->text("Cookie"));
  }
  void deliver(const SubscriptionRef& subscription) {
    Event event;
    event.id = "1";
    event.type = *QName::parse("{a}b");
    event.source = "//x";
    event.data = "342 Printer jam";
    event.sequence = 7;
    auto delivery = std::make_shared<Delivery>();
    delivery->subscription = subscription;
    delivery->number = 1;
    delivery->event = std::make_shared<const Event>(std::move(event));
    perform(server.deliver(++attempts, std::move(delivery), clock.now()));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  World world;
  const auto cookie = world.cookie();
  world.tell(world.client, "SENSE/1 REGISTER r\nPeriod: 600\nCookie: " + cookie + "\n\n");
  world.tell(world.client, sign("SENSE/1 REGISTER k\nPeriod: 600\nCookie: " + cookie + "\n\n",
                                world.key, world.clock.now().wall));
  require(world.subscriptions.served.size() == 2);
  for (const auto& [id, subscription] : world.subscriptions.served) world.deliver(subscription);
  const auto id = world.subscriptions.served.begin()->first;
  const auto octets = replaced(replaced(input, "<COOKIE>", cookie), "<SUBSCRIPTION>", id);

  const auto before = world.server.state();
  world.tell(world.unproved, octets);
  require(world.sent.size() <= 1);
  for (const auto& one : world.sent) {
    require(one.to.address == world.unproved);
    require(one.octets.size() <= 3 * octets.size());
  }
  require(world.server.state() == before);
  require(world.publisher.calls == 0);

  world.tell(world.client, octets);
  if (const auto message = parse(octets); message && !is_keyed(*message)) {
    auto fresh = *message;
    fresh.tag = "signed";
    world.tell(world.client, sign(serialize(fresh), world.key, world.clock.now().wall));
  }
  world.tell(world.client, octets);
  require(world.server.state().pending == 0);
  world.clock.advance(std::chrono::minutes{1});
  world.perform(world.server.on_timer(world.clock.now()));
  world.perform(world.server.stop());
  return 0;
}
