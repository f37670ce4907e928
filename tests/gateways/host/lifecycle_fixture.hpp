// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/registry/management_change.hpp"
#include "gateways/host/lifecycle.hpp"
#include "tests/gateways/host/hub.hpp"

// Whole gateways in virtual time: a broker in memory, and a plugin that does as a test says.
namespace sense::testing {

using namespace std::chrono_literals;

// What the plugin's objects do and have done; they throw in the function named.
struct Script {
  std::string throws_in;
  bool port_is_taken = false;
  bool holds_answers = false;
  Attempt answer = Attempt::delivered();
  int started = 0;
  int stopped = 0;
  std::vector<std::string> delivered;  // ids
  std::uint64_t number = 0;            // of the last one
  std::vector<AttemptDone> held;
  GatewayContext* context = nullptr;
};
inline Script* script = nullptr;  // of the test that runs

// The plugin.
class Scripted final : public Gateway {
 public:
  Status start() override {
    ++script->started;
    check("start");
    return script->port_is_taken ? fail(Code::addrnotavail, "the port is taken") : Status();
  }
  void stop() override {
    ++script->stopped;
    for (auto& done : std::exchange(script->held, {})) done(Attempt::retry("stopping"));
    check("stop");
  }
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override {
    check("deliver");
    script->delivered.push_back(delivery->event->id);
    script->number = delivery->number;
    if (script->holds_answers) return script->held.push_back(std::move(done));
    done(script->answer);
    check("deliver-behind-its-answer");
  }
  void verify(SubscriptionRef, std::string, VerificationDone done) override {
    check("verify");
    done({Verification::Outcome::verified, "yes"});
  }
  void forget(const std::string&) override { check("forget"); }
  [[nodiscard]] std::vector<std::string> listening() const override {
    check("listening");
    return {"test://here"};
  }

 private:
  static void check(const std::string& function) {
    if (script->throws_in == function) throw std::runtime_error(function + " went wrong");
  }
};

inline constexpr std::array<Scheme, 1> scripted_schemes = {{{"test", {.latency = {1ms, 1s}}}}};
inline constexpr std::array<std::uint32_t, 2> scripted_retry_seconds = {1, 60};

inline const GatewayDescriptor scripted_descriptor = {
    gateway_abi,
    "scripted",
    "Does as it is told.",
    scripted_schemes,
    {},
    {scripted_retry_seconds, 4},
    [](const Settings&, GatewayContext& context) -> Result<std::unique_ptr<Gateway>> {
      script->context = &context;
      return std::make_unique<Scripted>();
    }};

// One gateway process: its connection, its plugin and its life.
struct GatewayProcess {
  Hub& hub;
  boost::asio::io_context reactor;
  HubBus bus{hub};
  std::unique_ptr<Lifecycle> life;
  int ended = 0;
  std::vector<MeasuredAttempt> measured;

  GatewayProcess(Hub& around, const std::string& name, const std::filesystem::path& place,
                 std::vector<std::string> others,
                 Settings settings = Settings::defaults(gateway_host_options()))
      : hub(around) {
    GatewayConfig config;
    config.name = name;
    config.others = std::move(others);
    config.data = (place / name).string();
    config.host = std::move(settings);
    config.plugin = Settings::defaults({});
    const auto after = [this](Duration pause, std::function<void()> task) {
      hub.later(pause, [alive = bus.alive(), task = std::move(task)] {
        if (!alive.expired()) task();
      });
    };
    auto made = Lifecycle::make(
        std::move(config), scripted_descriptor,
        {bus, hub.clock, reactor, [after](auto task) { after(Duration{0}, std::move(task)); },
         after, [this] { ++ended; }, 1,
         [this](const auto& attempt) { measured.push_back(attempt); }});
    BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
    life = std::move(*made);
  }
};

// The processes of one test, by name, around one broker.
struct LifecycleFixture {
  Hub hub;
  Script plugin;
  Settings settings = Settings::defaults(gateway_host_options());  // of the processes
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_lifecycle_tests_" + std::to_string(::getpid()));
  std::map<std::string, std::unique_ptr<GatewayProcess>> processes;

  LifecycleFixture() {
    script = &plugin;
    std::filesystem::remove_all(place);
  }
  ~LifecycleFixture() {
    processes.clear();
    std::filesystem::remove_all(place);
  }
  GatewayProcess& make(const std::string& name = "one", std::vector<std::string> others = {}) {
    processes.erase(name);
    auto& process = processes[name];
    process = std::make_unique<GatewayProcess>(hub, name, place, std::move(others), settings);
    return *process;
  }
  GatewayProcess& start(const std::string& name = "one") {
    auto& process = make(name);
    process.life->begin();
    hub.advance(100ms);
    return process;
  }
  void stop(GatewayProcess& process) {
    process.life->stop({});
    hub.advance(1500ms);
    BOOST_CHECK(process.life->state() == Lifecycle::State::stopped);
    BOOST_CHECK_EQUAL(process.ended, 1);
  }
  // Written by another process, to which the broker answers at once.
  void put(const RegistryEntry& entry) {
    auto written = entry;
    written.revision = hub.sequence + 1;
    hub.entries[{entry.kind, entry.key}] = written;
    hub.append(hub.change_of(written));
  }
  void subscribe(const std::string& id) {
    auto subscription = subscription_of(id, {"{urn:a}x"});
    subscription.revision = hub.sequence + 1;
    put({"subscription", id, 0, to_json(subscription, true)});
  }
  void announce(const std::string& name, const std::string& scheme) {
    put({"gateway", name, 0, gateway_entry({{scheme}}, {})});
  }
  void publish(const std::string& id) {
    auto event = event_of("{urn:a}x");
    event.id = id;
    event.observedtime = hub.clock.now().wall;
    hub.append(std::move(event));
  }
  [[nodiscard]] std::optional<std::uint64_t> stored(const std::string& name = "one") const {
    auto store = GatewayStore::open((place / name).string());
    BOOST_REQUIRE_MESSAGE(store.has_value(), store.error().message);
    return store->position().value();
  }
  // Whether the running gateway takes a subscription for callbacks of that scheme.
  bool takes(const std::string& scheme) {
    Subscriptions::Request request;
    request.owner = "tester";
    request.callback = scheme + "://one/";
    request.types = {*TypePattern::parse("{urn:a}x")};
    request.period = 10min;
    std::optional<Result<SubscriptionRef>> answer;
    plugin.context->clients.subscriptions({"anonymous", "test", "local"})
        ->create(request, [&](auto got) { answer = std::move(got); });
    hub.advance(100ms);
    BOOST_REQUIRE(answer.has_value());
    if (!*answer) BOOST_CHECK(answer->error().code == Code::noserver);
    return answer->has_value();
  }
  // Whether the reason of its end has that part.
  static bool says(const Lifecycle& life, const std::string& part) {
    const auto text = life.result() ? "success" : life.result().error().message;
    BOOST_TEST_MESSAGE(text);
    return text.find(part) != std::string::npos;
  }
};

}  // namespace sense::testing
