// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "broker/broker.hpp"
#include "gateways/host/host.hpp"
#include "tests/gateways/engine_fixture.hpp"
#include "tests/paths.hpp"

// The whole host with a real broker, on Unix sockets in a folder of its own.
namespace sense::testing {

inline constexpr auto patience = 30s;

// A daemon and the thread that it runs on.
template <class Daemon>
struct Running {
  std::unique_ptr<Daemon> daemon;
  std::future<Status> ended;

  explicit Running(std::unique_ptr<Daemon> started) : daemon(std::move(started)) {
    ended = std::async(std::launch::async, [this] { return daemon->run(); });
  }
  Status stop() {
    daemon->stop();
    return ended.get();
  }
  ~Running() {
    if (ended.valid()) (void)stop();
  }
};

struct HostFixture {
  std::filesystem::path place =
      std::filesystem::temp_directory_path() / ("sense_host_bench_" + std::to_string(::getpid()));
  boost::asio::io_context reactor;
  std::optional<Running<sense::Broker>> broker;
  std::optional<Running<GatewayHost>> host;
  std::unique_ptr<sense::Bus> bus;
  std::string interval = "5s";
  int bigs = 0;

  HostFixture() : HostFixture(nullptr, "") {}
  // `rights`: what the access file grants `local`; null: no such file. `name` keeps the folders of
  // two fixtures apart.
  HostFixture(const char* rights, const std::string& name) {
    place += name;
    std::filesystem::remove_all(place);
    std::filesystem::create_directories(place);
    sense::BrokerConfig config;
    config.endpoints = endpoints();
    config.data = (place / "broker").string();
    config.settings = Settings::defaults(sense::broker_options());
    BOOST_REQUIRE(config.settings.set("retention-size", "1MiB").has_value());
    if (rights != nullptr) {
      allow(rights);
      BOOST_REQUIRE(
          config.settings.set("access-file", (place / "allow.yaml").string()).has_value());
    }
    auto started = sense::Broker::start(std::move(config));
    BOOST_REQUIRE_MESSAGE(started.has_value(), started.error().message);
    broker.emplace(std::move(*started));
    sense::BusOptions options;
    options.service = endpoints().service;
    options.events = endpoints().events;
    options.executor = [this](std::function<void()> task) {
      boost::asio::post(reactor, std::move(task));
    };
    auto connected = sense::connect_zmq_bus(std::move(options));
    BOOST_REQUIRE(connected.has_value());
    bus = std::move(*connected);
  }
  ~HostFixture() {
    host.reset();
    bus->close();
    broker.reset();
    std::filesystem::remove_all(place);
  }

  [[nodiscard]] sense::BusEndpoints endpoints() const {
    const auto at = [this](const char* name) { return "ipc://" + (place / name).string(); };
    return {at("s"), at("e"), at("p")};
  }
  void allow(const std::string& rights) {
    std::ofstream(place / "allow.new") << "principals:\n  - {name: local, " << rights << "}\n";
    std::filesystem::permissions(place / "allow.new", std::filesystem::perms(0600));
    std::filesystem::rename(place / "allow.new", place / "allow.yaml");
  }
  Result<std::unique_ptr<GatewayHost>> make_host(const char* fail = "nowhere") {
    auto plugin =
        sense::GatewayPlugin::load(testing::in_build("tests/gateways/host/modules"), "recorder");
    BOOST_REQUIRE_MESSAGE(plugin.has_value(), plugin.error().message);
    sense::GatewayConfig config;
    config.name = "recorder";
    config.endpoints = endpoints();
    config.data = (place / "gateway").string();
    config.host = Settings::defaults(sense::gateway_host_options());
    BOOST_REQUIRE(config.host.set("checkpoint-interval", interval).has_value());
    config.plugin = Settings::defaults(plugin->descriptor().options);
    BOOST_REQUIRE(config.plugin.set("record", (place / "record").string()).has_value());
    BOOST_REQUIRE(config.plugin.set("fail", fail).has_value());
    return GatewayHost::start(std::move(config), std::move(*plugin));
  }
  void start_host(const char* fail = "nowhere") {
    auto made = make_host(fail);
    BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
    host.emplace(std::move(*made));
    // It is following once it has announced itself: what is subscribed now is new to it.
    wait([this] { return ask_entry("gateway", "recorder").has_value(); }, "the announcement");
  }
  void stop_host() {
    const auto status = host->stop();
    BOOST_CHECK_MESSAGE(status.has_value(), status.error().message);
    host.reset();
  }

  void wait(const std::function<bool()>& condition, const char* what) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < until,
                            "waited in vain for " << what);
      reactor.restart();
      reactor.run_for(2ms);
    }
  }
  template <class T>
  Result<T> await(const std::function<void(std::function<void(Result<T>)>)>& call) {
    std::optional<Result<T>> answer;
    call([&](Result<T> got) { answer = std::move(got); });
    wait([&] { return answer.has_value(); }, "an answer of the broker");
    return *answer;
  }
  Result<sense::RegistryEntry> ask_entry(const std::string& kind, const std::string& key) {
    return await<sense::RegistryEntry>(
        [&](auto done) { bus->registry_get(kind, key, std::move(done)); });
  }
  std::uint64_t put(const Subscription& subscription, std::uint64_t revision = 0) {
    const auto answer = await<std::uint64_t>([&](auto done) {
      bus->registry_put(
          {"subscription", subscription.id, revision, sense::to_json(subscription, true)}, "made",
          std::move(done));
    });
    BOOST_REQUIRE_MESSAGE(answer.has_value(), answer.error().message);
    return *answer;
  }
  void remove(const std::string& id, const char* reason) {
    BOOST_REQUIRE(await<std::uint64_t>([&](auto done) {
                    bus->registry_remove("subscription", id, 0, reason, std::move(done));
                  }).has_value());
  }
  SubscriptionState state_of(const std::string& id) {
    const auto entry = ask_entry("subscription", id);
    if (!entry) return SubscriptionState::ended;
    return sense::subscription_from_json(entry->value)->state;
  }
  std::uint64_t publish(const std::string& id, const char* type = "{urn:a}x") {
    auto event = event_of(type);
    event.id = id;
    return publish(std::move(event));
  }
  std::uint64_t publish(Event event) {
    const auto receipt =
        await<sense::Receipt>([&](auto done) { bus->publish(std::move(event), std::move(done)); });
    BOOST_REQUIRE_MESSAGE(receipt.has_value(), receipt.error().message);
    return receipt->sequence;
  }
  std::vector<std::string> lines(std::string_view start = {}) const {
    std::vector<std::string> found;
    std::ifstream file(place / "record");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(start)) found.push_back(line);
    return found;
  }
  bool has_line(const std::string& line) const {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  }
  void wait_line(const std::string& line) {
    wait([&] { return has_line(line); }, line.c_str());
  }
};

inline Subscription wanted(const char* id, const char* host, const char* type = "{urn:a}x") {
  return subscription_of(id, {type}, std::string("recorder://") + host + "/");
}

}  // namespace sense::testing
