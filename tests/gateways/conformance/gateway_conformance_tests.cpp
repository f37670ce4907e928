// SPDX-License-Identifier: Apache-2.0
// What every gateway plugin must do, run over all that the build makes.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <fstream>

#include "core/registry/subscription_client.hpp"
#include "gateways/host/host.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/gateways/api/fake_clients.hpp"
#include "tests/gateways/conformance/plugins.hpp"
#include "tests/gateways/engine_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Outcome = Attempt::Outcome;

namespace {

constexpr auto patience = 30s;

// One plugin in a host that is made of fakes.
struct Stage {
  GatewayPlugin plugin;  // unloaded last: handlers that still wait are its code
  asio::io_context reactor;
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_gateway_conformance_tests_" + std::to_string(::getpid()));
  Counters counters;
  EgressPolicy egress;
  testing::FakeBus bus;
  Engine engine{{{1s}, 2}, 1};
  SubscriptionClient subscriptions{
      bus, system_clock(), bus.executor(), {[](const std::string&) { return true; }, 1h}};
  testing::FakeClients clients{bus, subscriptions};
  GatewayContext context{
      "test",   system_clock(),
      counters, reactor,
      clients,  engine,
      egress,   [] {
        return std::vector<std::pair<std::string, std::string>>{}; }};
  conformance::Example example =
      conformance::example_of("gateways", plugin.descriptor().name, place.string());
  std::unique_ptr<Gateway> gateway;
  std::vector<Attempt> attempts;
  std::vector<Verification> verifications;

  explicit Stage(GatewayPlugin loaded, const std::vector<std::string>& allowed = {})
      : plugin(std::move(loaded)), egress(*EgressPolicy::make(allowed)) {
    std::filesystem::remove_all(place);
    std::filesystem::create_directories(place / "folder");
    make();
  }
  ~Stage() {
    gateway.reset();
    std::filesystem::remove_all(place);
  }

  void make() {
    const auto settings = conformance::settings_for_test(plugin.descriptor().options, example);
    auto made = plugin.descriptor().create(settings, context);
    BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
    BOOST_REQUIRE(*made != nullptr);
    gateway = std::move(*made);
  }
  void start() {
    const auto status = gateway->start();
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
  }
  // Nothing can be delivered into a folder of the example any more.
  void break_folders() const {
    for (const auto& [key, value] : example.options) {
      std::filesystem::remove_all(value);
      std::ofstream(value) << "no folder";
    }
  }
  [[nodiscard]] std::string callback_of(std::string_view scheme, unsigned port) const {
    if (!example.callback.empty()) return example.callback;
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + "/";
  }
  // A next hop that works takes what it gets; only a receiver that is asked itself can be silent.
  [[nodiscard]] bool is_end_to_end() const {
    return plugin.descriptor().schemes.front().capabilities.acknowledgement ==
           Acknowledgement::subscriber;
  }
  [[nodiscard]] static Subscription subscription(const std::string& callback) {
    auto made = testing::subscription_of("s-" + std::string(26, 'A'), {"{urn:a}x"}, callback);
    made.via = "cli";
    return made;
  }
  void deliver(const std::string& callback, Delivery::Kind kind) {
    auto delivery = std::make_shared<Delivery>();
    delivery->kind = kind;
    delivery->subscription = testing::ref(subscription(callback));
    engine.put(delivery->subscription, system_clock().now());  // it is one that is served
    delivery->number = delivery->number_last = 1;
    delivery->reason = "expired";
    delivery->event = testing::event_ref("{urn:a}x", 1);
    gateway->deliver(std::move(delivery),
                     [this](Attempt attempt) { attempts.push_back(std::move(attempt)); });
  }
  void verify(const std::string& callback) {
    auto pending = subscription(callback);
    pending.state = SubscriptionState::pending;
    gateway->verify(testing::ref(std::move(pending)), "token",
                    [this](Verification outcome) { verifications.push_back(std::move(outcome)); });
  }
  void run_until(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition() && std::chrono::steady_clock::now() < until) {
      reactor.restart();
      reactor.run_for(10ms);
    }
  }
  // All that is ready now.
  void drain() {
    reactor.restart();
    while (reactor.poll() != 0) reactor.restart();
  }
};

template <class Test>
void for_each_gateway(Test test) {
  const auto names = conformance::plugins("gateway");
  BOOST_REQUIRE_MESSAGE(!names.empty(), "no gateway in " << conformance::folder);
  for (const auto& name : names) BOOST_TEST_CONTEXT("gateway " << name) {
      auto plugin = GatewayPlugin::load(conformance::folder, name);
      BOOST_REQUIRE_MESSAGE(plugin.has_value(), plugin.error().message);
      test(std::move(*plugin));
    }
}

// Takes connections and datagrams, and never answers.
struct Silence {
  asio::io_context reactor;
  asio::ip::tcp::acceptor tcp{reactor, {asio::ip::address_v4::loopback(), 0}};
  asio::ip::udp::socket udp{reactor, {asio::ip::address_v4::loopback(), 0}};
  [[nodiscard]] unsigned port_for(std::string_view scheme) const {
    return scheme.starts_with("http") ? tcp.local_endpoint().port() : udp.local_endpoint().port();
  }
};

constexpr auto kinds = {Delivery::Kind::event, Delivery::Kind::gap, Delivery::Kind::ended,
                        Delivery::Kind::digest};

void check_bounds(const Bounds& bounds) {
  BOOST_CHECK_GT(bounds.highest.count(), 0);
  BOOST_CHECK_LE(bounds.lowest.count(), bounds.highest.count());
}

void check_capabilities(const Capabilities& capabilities) {
  check_bounds(capabilities.latency);
  if (capabilities.digest_latency) check_bounds(*capabilities.digest_latency);
  BOOST_CHECK_GT(capabilities.payload_max, 0U);
  // Who polls begins the exchange, and decides how late an event comes.
  BOOST_CHECK_EQUAL(capabilities.poll.has_value(), capabilities.initiator != Initiator::gateway);
  if (!capabilities.poll) return;
  check_bounds(*capabilities.poll);
  BOOST_CHECK(capabilities.poll->highest <= capabilities.latency.highest);
}

std::string span_of(const std::optional<Bounds>& bounds) {
  if (!bounds) return "|";
  return "| " + to_text(bounds->lowest) + " to " + to_text(bounds->highest) + " ";
}

// A row of the table in docs/writing-a-gateway.md.
std::string row_of(const Scheme& scheme, const char* gateway) {
  const auto& can = scheme.capabilities;
  std::string row = "| `" + std::string(scheme.name) + "` | `" + gateway + "` ";
  row += span_of(can.latency) + span_of(can.digest_latency) + (can.digest_latency ? "" : " ");
  for (const auto word : {to_text(can.initiator), to_text(can.intermediation),
                          to_text(can.acknowledgement), to_text(can.privacy), to_text(can.consent)})
    row.append("| `").append(word).append("` ");
  row += "| " + std::to_string(can.payload_max) + " " + span_of(can.poll);
  return row + (can.poll ? "|" : " |");
}

// The rows between the marks of that table, without its head.
std::set<std::string> documented_rows() {
  std::ifstream in(testing::in_source("docs/writing-a-gateway.md"));
  std::set<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "<!-- capabilities -->") inside = true;
    if (line == "<!-- end of capabilities -->") inside = false;
    if (inside && line.starts_with("| `")) rows.insert(line);
  }
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_conformance_tests)

BOOST_AUTO_TEST_CASE(the_document_says_what_each_scheme_can_do) {
  std::set<std::string> rows;
  for_each_gateway([&](const GatewayPlugin& plugin) {
    for (const auto& scheme : plugin.descriptor().schemes)
      rows.insert(row_of(scheme, plugin.descriptor().name));
  });
  const auto documented = documented_rows();
  BOOST_CHECK_EQUAL_COLLECTIONS(documented.begin(), documented.end(), rows.begin(), rows.end());
}

BOOST_AUTO_TEST_CASE(descriptors_are_complete) {
  std::set<std::string_view> all_schemes;
  for_each_gateway([&](const GatewayPlugin& plugin) {
    const auto& descriptor = plugin.descriptor();
    BOOST_CHECK_EQUAL(descriptor.abi, gateway_abi);
    BOOST_REQUIRE(descriptor.summary != nullptr);
    BOOST_CHECK_MESSAGE(std::string_view(descriptor.summary).ends_with('.'), descriptor.summary);
    BOOST_CHECK(!descriptor.schemes.empty());
    for (const auto& [scheme, capabilities] : descriptor.schemes) {
      constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
      BOOST_CHECK_MESSAGE(!scheme.empty() && scheme.find_first_not_of(allowed) == scheme.npos,
                          scheme);
      check_capabilities(capabilities);
    }
    BOOST_CHECK_GT(descriptor.delivery.window, 0U);
    BOOST_CHECK(!descriptor.delivery.retry_seconds.empty());
  });
}

BOOST_AUTO_TEST_CASE(no_two_gateways_serve_one_scheme) {
  std::map<std::string, std::string> served;
  for_each_gateway([&](const GatewayPlugin& plugin) {
    for (const auto& [scheme, capabilities] : plugin.descriptor().schemes) {
      const auto [other, fresh] = served.emplace(scheme, plugin.descriptor().name);
      BOOST_CHECK_MESSAGE(fresh, scheme << " is served by " << other->second << ", too");
    }
  });
}

BOOST_AUTO_TEST_CASE(options_are_sane) {
  for_each_gateway([](const GatewayPlugin& plugin) {
    conformance::check_options(plugin.descriptor().options, gateway_host_options());
  });
}

BOOST_AUTO_TEST_CASE(a_gateway_starts_stops_and_does_so_again) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin));
    bool has_listener = false;
    for (const auto& option : stage.plugin.descriptor().options)
      has_listener = has_listener || std::string_view(option.key) == "listen";
    for (int i = 0; i < 2; ++i) {
      stage.make();
      stage.start();
      BOOST_CHECK_EQUAL(stage.gateway->listening().empty(), !has_listener);
      for (const auto& uri : stage.gateway->listening())
        BOOST_CHECK_MESSAGE(uri.find("://127.0.0.1:") != std::string::npos, uri);
      stage.gateway->stop();
      stage.gateway->stop();
      stage.drain();
    }
  });
}

BOOST_AUTO_TEST_CASE(a_gateway_that_never_started_can_be_stopped_and_destroyed) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin));
    stage.make();
    stage.gateway->stop();
    stage.drain();
  });
}

BOOST_AUTO_TEST_CASE(a_denied_address_is_answered_once_and_never_delivered) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin));
    stage.start();
    stage.break_folders();
    for (const auto& [scheme, capabilities] : stage.plugin.descriptor().schemes)
      for (const auto kind : kinds) BOOST_TEST_CONTEXT(scheme << " " << static_cast<int>(kind)) {
          stage.attempts.clear();
          stage.deliver(stage.callback_of(scheme, 9), kind);
          stage.run_until([&] { return !stage.attempts.empty(); });
          stage.drain();
          BOOST_REQUIRE_EQUAL(stage.attempts.size(), 1U);
          const auto& attempt = stage.attempts.front();
          BOOST_CHECK_MESSAGE(
              attempt.outcome == Outcome::retry || attempt.outcome == Outcome::rejected,
              attempt.answer);
          BOOST_CHECK(!attempt.answer.empty());
          BOOST_CHECK_MESSAGE(attempt.answer.find('\n') == std::string::npos, attempt.answer);
        }
    stage.gateway->stop();
    stage.drain();
    BOOST_CHECK_EQUAL(stage.attempts.size(), 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_denied_address_is_not_asked_either) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin));
    stage.start();
    stage.break_folders();
    for (const auto& [scheme, capabilities] : stage.plugin.descriptor().schemes)
      BOOST_TEST_CONTEXT(scheme) {
        stage.verifications.clear();
        stage.verify(stage.callback_of(scheme, 9));
        stage.run_until([&] { return !stage.verifications.empty(); });
        stage.gateway->forget(Stage::subscription("x").id);
        stage.drain();
        BOOST_REQUIRE_EQUAL(stage.verifications.size(), 1U);
        const auto& outcome = stage.verifications.front();
        // A folder that cannot be written now may be later; the policy is about addresses.
        BOOST_CHECK(outcome.outcome == Verification::Outcome::refused ||
                    (!stage.is_end_to_end() && outcome.outcome == Verification::Outcome::failed));
        BOOST_CHECK(!outcome.answer.empty());
      }
  });
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_no_address_of_the_gateway_does_no_harm) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin), {"127.0.0.0/8"});
    stage.start();
    for (const auto& [scheme, capabilities] : stage.plugin.descriptor().schemes)
      for (const std::string rest : {":", "://", "://127.0.0.1:99999/", ":\r\nx"}) {
        if (scheme == "pull" && rest == ":") continue;  // that one is right
        stage.attempts.clear();
        stage.verifications.clear();
        stage.deliver(std::string(scheme) + rest, Delivery::Kind::event);
        stage.verify(std::string(scheme) + rest);
        stage.run_until([&] { return !stage.attempts.empty() && !stage.verifications.empty(); });
        BOOST_REQUIRE_MESSAGE(stage.attempts.size() == 1, scheme << rest);
        BOOST_REQUIRE_MESSAGE(stage.verifications.size() == 1, scheme << rest);
        BOOST_CHECK(stage.attempts[0].outcome != Outcome::delivered);
        BOOST_CHECK(stage.verifications[0].outcome == Verification::Outcome::refused);
      }
  });
}

BOOST_AUTO_TEST_CASE(a_stop_completes_attempts_in_progress) {
  const Silence silence;
  for_each_gateway([&](GatewayPlugin plugin) {
    for (const auto& [scheme, capabilities] : plugin.descriptor().schemes)
      for (const auto kind : kinds) BOOST_TEST_CONTEXT(scheme << " " << static_cast<int>(kind)) {
          // Its listener needs a key: tests/gateways/sense/dtls stop that one.
          if (scheme == "sense+dtls") continue;
          if (scheme == "pull") continue;  // nothing is sent
          Stage stage(plugin, {"127.0.0.0/8"});
          stage.start();
          const auto callback = stage.callback_of(scheme, silence.port_for(scheme));
          for (int i = 0; i < 3; ++i) stage.deliver(callback, kind);
          stage.verify(callback);
          stage.drain();
          stage.gateway->stop();
          stage.drain();
          BOOST_CHECK_EQUAL(stage.attempts.size(), 3U);
          for (const auto& attempt : stage.attempts)
            BOOST_CHECK_MESSAGE(attempt.outcome == Outcome::retry || !stage.is_end_to_end(),
                                attempt.answer);
          BOOST_CHECK_EQUAL(stage.verifications.size(), 1U);
        }
  });
}

BOOST_AUTO_TEST_CASE(after_a_stop_an_attempt_completes_with_retry) {
  for_each_gateway([](GatewayPlugin plugin) {
    Stage stage(std::move(plugin), {"127.0.0.0/8"});
    stage.start();
    stage.gateway->stop();
    for (const auto& [scheme, capabilities] : stage.plugin.descriptor().schemes) {
      stage.attempts.clear();
      stage.deliver(stage.callback_of(scheme, 9), Delivery::Kind::event);
      stage.drain();
      BOOST_REQUIRE_EQUAL(stage.attempts.size(), 1U);
      BOOST_CHECK(stage.attempts[0].outcome == Outcome::retry);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
