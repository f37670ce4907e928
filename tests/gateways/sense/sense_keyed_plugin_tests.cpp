// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "core/sense/client.hpp"
#include "gateways/sense/maintenance.hpp"
#include "gateways/sense/model/limits.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/sense/fakes.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

extern "C" const sense::GatewayDescriptor* sense_gateway_descriptor();

namespace {

namespace asio = boost::asio;
using asio::ip::udp;

const SharedKey hp4{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
const SharedKey press{"press", "9123456789ABCDEFGHJKMNPQRSTVWXYZ"};

// A file of keys, replaced as docs/sense-protocol.md asks for: written beside it and renamed.
struct KeysFile {
  TemporaryFolder folder;
  std::string path = folder / "keys.yaml";

  void write(const std::vector<SharedKey>& keys) const {
    std::string text = "keys:";
    if (keys.empty()) text += " []";
    for (const auto& key : keys)
      text += "\n  - {name: \"" + key.name + "\", secret: \"" + key.secret + "\"}";
    write_text(text + "\n");
  }
  void write_text(const std::string& text) const {
    std::ofstream(path + ".new") << text;
    ::chmod((path + ".new").c_str(), 0600);
    std::filesystem::rename(path + ".new", path);
  }
};

// The real plugin with the key as its clients have it.
struct Running {
  asio::io_context reactor;
  Counters counters;
  EgressPolicy egress = *EgressPolicy::make({});
  FakeSubscriptions subscriptions{system_clock()};
  FakePublisher publisher;
  sense::testing::FakeClients clients{publisher, subscriptions};
  GatewayContext context{
      "sense",  system_clock(),
      counters, reactor,
      clients,  subscriptions,
      egress,   [] { return std::vector<std::pair<std::string, std::string>>{}; }};
  std::unique_ptr<Gateway> gateway;

  Status start(const std::string& listen, const std::string& keys) {
    auto settings = Settings::defaults(sense_gateway_descriptor()->options);
    BOOST_REQUIRE(settings.set_list("listen", {listen}).has_value());
    BOOST_REQUIRE(settings.set("keys", keys).has_value());
    auto made = sense_gateway_descriptor()->create(settings, context);
    if (!made) return tl::unexpected(made.error());
    gateway = std::move(*made);
    return gateway->start();
  }
  ~Running() {
    if (gateway) gateway->stop();
  }
  template <class Condition>
  void until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition() && std::chrono::steady_clock::now() < end) {
      reactor.restart();
      reactor.run_for(std::chrono::milliseconds{1});
      subscriptions.run();
      publisher.run();
    }
    BOOST_REQUIRE(condition());
  }
};

// The client's core over a real socket.
struct Talker {
  Running& running;
  Client client;
  udp::socket socket{running.reactor, udp::endpoint(udp::v4(), 0)};
  std::vector<Notice> notices;

  Talker(Running& host, std::optional<SharedKey> key) : running(host), client(options(key)) {
    const auto uri = host.gateway->listening().at(0);
    const auto port = static_cast<std::uint16_t>(std::stoul(uri.substr(uri.rfind(':') + 1)));
    socket.connect(udp::endpoint(asio::ip::address_v4::loopback(), port));
    socket.non_blocking(true);
  }
  static ClientOptions options(std::optional<SharedKey> key) {
    ClientOptions wanted;
    wanted.key = std::move(key);
    wanted.retry_interval = std::chrono::milliseconds{100};
    return wanted;
  }
  void handle(const Output& out) {
    notices.insert(notices.end(), out.notices.begin(), out.notices.end());
    for (const auto& octets : out.send) socket.send(asio::buffer(octets));
  }
  void step() {
    std::string octets(70'000, '\0');
    boost::system::error_code nothing;
    const auto size = socket.receive(asio::buffer(octets), 0, nothing);
    const auto now = system_clock().now();
    if (!nothing) handle(client.on_datagram({octets.data(), size}, now));
    if (const auto due = client.next_timer(); due && *due <= now.mono) handle(client.on_timer(now));
  }
  template <class T>
  T wait_for() {
    const T* found = nullptr;
    running.until([&] {
      step();
      for (const auto& one : notices)
        if (found == nullptr) found = std::get_if<T>(&one);
      return found != nullptr;
    });
    const T copy = *found;
    notices.clear();
    return copy;
  }
};

std::shared_ptr<Delivery> delivery_for(SubscriptionRef subscription, std::uint64_t number) {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{a}b");
  event.source = "//x";
  event.data = "hello";
  auto delivery = std::make_shared<Delivery>();
  delivery->subscription = std::move(subscription);
  delivery->number = number;
  delivery->event = std::make_shared<const Event>(event);
  return delivery;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_keyed_plugin_tests)

BOOST_AUTO_TEST_CASE(client_and_gateway_that_share_a_key_understand_each_other) {
  KeysFile file;
  file.write({hp4, press});
  Running running;
  BOOST_REQUIRE(running.start("127.0.0.1:0 key=required", file.path).has_value());
  Talker talker(running, hp4);
  talker.handle(talker.client.subscribe(system_clock().now()));
  const auto registered = talker.wait_for<Registered>();
  const auto subscription = running.subscriptions.served.at(registered.subscription);
  BOOST_CHECK_EQUAL(subscription->owner, "key:hp4");
  std::optional<Attempt> result;
  running.gateway->deliver(delivery_for(subscription, 1), [&](Attempt a) { result = a; });
  BOOST_CHECK_EQUAL(talker.wait_for<EventReceived>().event.data, "hello");
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::delivered);

  Talker without_key(running, std::nullopt);
  without_key.handle(without_key.client.sources("", 0, system_clock().now()));
  BOOST_CHECK(without_key.wait_for<Failed>().error.code == Code::noaccess);
  without_key.handle(without_key.client.parameters(system_clock().now()));
  const auto shown = without_key.wait_for<Replied>().reply.data;
  BOOST_CHECK_NE(shown.find("key-window: 60\n"), std::string::npos);
  BOOST_CHECK_EQUAL(shown.find(file.path), std::string::npos);
  Talker forger(running, SharedKey{"hp4", press.secret});
  forger.handle(forger.client.sources("", 0, system_clock().now()));
  BOOST_CHECK(forger.wait_for<Failed>().error.message.starts_with("not authenticated: "));
}

BOOST_AUTO_TEST_CASE(other_keys_hold_without_a_restart) {
  KeysFile file;
  file.write({hp4});
  Running running;
  BOOST_REQUIRE(running.start("127.0.0.1:0 key=required", file.path).has_value());
  Talker first(running, hp4);
  first.handle(first.client.sources("", 0, system_clock().now()));
  (void)first.wait_for<Replied>();
  file.write({press});
  Talker second(running, press);
  running.until([&] {
    second.handle(second.client.sources("", 0, system_clock().now()));
    for (int i = 0; i < 20; ++i) second.step();
    for (const auto& notice : second.notices)
      if (std::holds_alternative<Replied>(notice)) return true;
    return false;
  });
  first.handle(first.client.sources("", 0, system_clock().now()));
  BOOST_CHECK(first.wait_for<Failed>().error.code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(file_that_cannot_be_used_leaves_the_keys_of_before) {
  KeysFile file;
  file.write({hp4});
  asio::io_context reactor;
  Counters counters;
  std::vector<std::vector<SharedKey>> told;
  Maintenance maintenance(reactor, system_clock(), counters, file.path, {hp4},
                          [&](std::vector<SharedKey> keys) { told.push_back(std::move(keys)); });
  maintenance.start();
  const auto until = [&](auto condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition() && std::chrono::steady_clock::now() < end) {
      reactor.restart();
      reactor.run_for(std::chrono::milliseconds{10});
    }
    BOOST_REQUIRE(condition());
  };
  const auto refused = [&] { return counters["sense.keys-file.refused"].load(); };
  file.write_text("keys: nonsense\n");
  until([&] { return refused() > 0; });
  BOOST_CHECK(told.empty());
  file.write({hp4, press});
  until([&] { return !told.empty(); });
  BOOST_CHECK_EQUAL(told.size(), 1U);
  BOOST_CHECK((told.at(0) == std::vector<SharedKey>{hp4, press}));
  const auto before = refused();
  std::filesystem::remove(file.path);
  until([&] { return refused() > before; });
  BOOST_CHECK_EQUAL(told.size(), 1U);
  file.write({});
  until([&] { return told.size() == 2; });
  BOOST_CHECK(told.at(1).empty());
}

BOOST_AUTO_TEST_CASE(gateway_with_bad_keys_does_not_start) {
  KeysFile file;
  for (const auto& [listen, keys, said] : std::vector<std::array<std::string, 3>>{
           {"127.0.0.1:0 key=required", "", "`keys` names no file"},
           {"127.0.0.1:0", file.folder / "none", "sense keys shared"},
           {"127.0.0.1:0 kez=required", "", "did you mean 'key='?"},
           {"nonsense key=required", "", "'nonsense' is not an address"}}) {
    Running running;
    const auto status = running.start(listen, keys);
    BOOST_REQUIRE(!status.has_value());
    BOOST_CHECK_MESSAGE(status.error().message.find(said) != std::string::npos,
                        status.error().message);
  }
  file.write({hp4});
  ::chmod(file.path.c_str(), 0644);
  Running running;
  const auto status = running.start("127.0.0.1:0", file.path);
  BOOST_REQUIRE(!status.has_value());
  BOOST_CHECK_NE(status.error().message.find("chmod 600"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
