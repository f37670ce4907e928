// SPDX-License-Identifier: Apache-2.0
// The state machine of a gateway in virtual time: a broker in memory, a plugin in this file.
#include "gateways/host/lifecycle.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <stdexcept>

#include "core/registry/management_change.hpp"
#include "tests/gateways/host/hub.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;
using State = Lifecycle::State;

namespace {

// What the plugin's objects do and have done; they throw in the function named.
struct Script {
  std::string throws_in;
  bool port_is_taken = false;
  bool holds_answers = false;
  int started = 0;
  int stopped = 0;
  std::vector<std::string> delivered;  // ids
  std::uint64_t number = 0;            // of the last one
  std::vector<AttemptDone> held;
  GatewayContext* context = nullptr;
};
Script* script = nullptr;

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
    done(Attempt::delivered());
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

constexpr std::array<std::string_view, 1> schemes = {"test"};
constexpr std::array<std::uint32_t, 2> retry_seconds = {1, 60};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "scripted",
    "Does as it is told.",
    schemes,
    {},
    {"milliseconds", "source", "none", 1'000'000},
    {retry_seconds, 4},
    [](const Settings&, GatewayContext& context) -> Result<std::unique_ptr<Gateway>> {
      script->context = &context;
      return std::make_unique<Scripted>();
    }};

// One process: its connection, its plugin and its life.
struct Process {
  Hub& hub;
  boost::asio::io_context reactor;
  HubBus bus{hub};
  std::unique_ptr<Lifecycle> life;
  int ended = 0;

  Process(Hub& around, const std::string& name, const std::filesystem::path& place,
          std::vector<std::string> others)
      : hub(around) {
    GatewayConfig config;
    config.name = name;
    config.others = std::move(others);
    config.data = (place / name).string();
    config.host = Settings::defaults(gateway_host_options());
    config.plugin = Settings::defaults({});
    const auto after = [this](Duration pause, std::function<void()> task) {
      hub.later(pause, [alive = bus.alive(), task = std::move(task)] {
        if (!alive.expired()) task();
      });
    };
    auto made = Lifecycle::make(
        std::move(config), descriptor,
        {bus, hub.clock, reactor, [after](auto task) { after(Duration{0}, std::move(task)); },
         after, [this] { ++ended; }});
    BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
    life = std::move(*made);
  }
};

struct LifecycleFixture {
  Hub hub;
  Script plugin;
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_lifecycle_tests_" + std::to_string(::getpid()));
  std::map<std::string, std::unique_ptr<Process>> processes;

  LifecycleFixture() {
    script = &plugin;
    std::filesystem::remove_all(place);
  }
  ~LifecycleFixture() {
    processes.clear();
    std::filesystem::remove_all(place);
  }
  Process& make(const std::string& name = "one", std::vector<std::string> others = {}) {
    processes.erase(name);
    auto& process = processes[name];
    process = std::make_unique<Process>(hub, name, place, std::move(others));
    return *process;
  }
  Process& start(const std::string& name = "one") {
    auto& process = make(name);
    process.life->begin();
    hub.advance(100ms);
    return process;
  }
  void stop(Process& process) {
    process.life->stop({});
    hub.advance(1500ms);
    BOOST_CHECK(process.life->state() == State::stopped);
    BOOST_CHECK_EQUAL(process.ended, 1);
  }
  // Written by another process, to which the broker answers at once.
  void put(const RegistryEntry& entry) {
    auto written = entry;
    written.revision = hub.sequence + 1;
    hub.entries[{entry.kind, entry.key}] = written;
    hub.append(HubBus(hub).change_of(written));
  }
  void subscribe(const std::string& id) {
    auto subscription = subscription_of(id, {"{urn:a}x"});
    subscription.revision = hub.sequence + 1;
    put({"subscription", id, 0, to_json(subscription, true)});
  }
  void announce(const std::string& name, const std::string& scheme) {
    put({"gateway", name, 0, gateway_entry({scheme}, {})});
  }
  void publish(const std::string& id) {
    auto event = event_of("{urn:a}x");
    event.id = id;
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
    plugin.context->subscriptions.create(request, [&](auto got) { answer = std::move(got); });
    hub.advance(100ms);
    BOOST_REQUIRE(answer.has_value());
    if (!*answer) BOOST_CHECK(answer->error().code == Code::noserver);
    return answer->has_value();
  }
  static bool says(const Lifecycle& life, const std::string& part) {
    const auto text = life.result() ? "success" : life.result().error().message;
    BOOST_TEST_MESSAGE(text);
    return text.find(part) != std::string::npos;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lifecycle_tests, LifecycleFixture)

BOOST_AUTO_TEST_CASE(it_leads_serves_stops_and_goes_on_where_it_was) {
  auto& first = make();
  BOOST_CHECK(first.life->state() == State::starting);
  subscribe("s-1");
  first.life->begin();
  hub.advance(100ms);
  BOOST_CHECK(first.life->state() == State::leading);
  publish("e-1");
  hub.advance(100ms);
  stop(first);
  BOOST_CHECK(first.life->result().has_value());
  publish("e-2");
  start();
  hub.advance(100ms);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-2"}));
}

BOOST_AUTO_TEST_CASE(it_listens_once_the_other_gateways_of_the_configuration_are_known) {
  auto& process = make("one", {"mail", "news"});
  announce("news", "nntp");
  process.life->begin();
  hub.advance(1s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  const auto own = hub.entries.find({"gateway", "one"});
  BOOST_CHECK(own != hub.entries.end());  // so that two do not wait for each other
  announce("mail", "mailto");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  BOOST_CHECK(takes("mailto"));
  BOOST_CHECK(takes("nntp"));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_does_not_come_is_awaited_for_three_seconds) {
  auto& process = make("one", {"mail"});
  process.life->begin();
  hub.advance(2900ms);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  hub.advance(300ms);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  BOOST_CHECK(!takes("mailto"));
  announce("mail", "mailto");
  hub.advance(100ms);
  BOOST_CHECK(takes("mailto"));
}

BOOST_AUTO_TEST_CASE(it_can_be_stopped_while_it_waits_for_others) {
  auto& process = make("one", {"mail"});
  process.life->begin();
  hub.advance(1s);
  stop(process);
  hub.advance(5s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_cannot_start_ends_the_run_with_its_reason) {
  plugin.port_is_taken = true;
  auto& process = start();
  hub.advance(1500ms);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK(says(*process.life, "the port is taken"));
  processes.clear();
  BOOST_CHECK(!stored().has_value());
  plugin.port_is_taken = false;
  BOOST_CHECK(start().life->state() == State::leading);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_at_start_is_named_with_the_function) {
  plugin.throws_in = "start";
  auto& process = start();
  hub.advance(1500ms);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK_EQUAL(process.life->result().error().message,
                    "gateway one threw in start(): std::runtime_error: start went wrong; this is a "
                    "fault of the plugin");
  BOOST_CHECK_EQUAL(plugin.stopped, 1);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_while_it_serves_fails_its_attempt_only) {
  subscribe("s-1");
  auto& process = start();
  for (const auto* function : {"deliver", "deliver-behind-its-answer"}) {
    plugin.throws_in = function;
    publish(function);
    hub.advance(100ms);
    plugin.throws_in.clear();
    hub.advance(3s);
    BOOST_CHECK(process.life->state() == State::leading);
  }
  // Once each: behind its answer, what it throws changes nothing any more.
  BOOST_CHECK(
      (plugin.delivered == std::vector<std::string>{"deliver", "deliver-behind-its-answer"}));
  plugin.throws_in = "forget";
  auto ended = subscription_of("s-1", {"{urn:a}x"});
  ended.state = SubscriptionState::ended;
  put({"subscription", "s-1", 0, to_json(ended, true)});
  hub.advance(3s);
  BOOST_CHECK_EQUAL(process.life->engine().count(), 0U);
  BOOST_CHECK(process.life->state() == State::leading);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_where_it_listens_serves_all_the_same) {
  plugin.throws_in = "listening";
  BOOST_CHECK(start().life->state() == State::leading);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_at_stop_loses_nothing_of_what_was_done) {
  subscribe("s-1");
  auto& process = start();
  publish("e-1");
  const auto last = hub.sequence;
  hub.advance(100ms);
  plugin.throws_in = "stop";
  stop(process);
  BOOST_CHECK(process.life->result().has_value());
  processes.clear();
  BOOST_CHECK_GE(stored().value(), last);
}

BOOST_AUTO_TEST_CASE(attempts_that_the_stop_interrupts_are_made_again_and_use_up_nothing) {
  subscribe("s-1");
  plugin.holds_answers = true;
  auto& process = start();
  publish("e-1");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(plugin.held.size(), 1U);
  stop(process);
  plugin.holds_answers = false;
  start();
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-1"}));
  BOOST_CHECK_EQUAL(processes["one"]->life->engine().totals().retried, 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_behind_the_stop_is_void) {
  subscribe("s-1");
  plugin.holds_answers = true;
  auto& process = start();
  publish("e-1");
  hub.advance(100ms);
  auto late = std::move(plugin.held.at(0));
  plugin.held.clear();
  stop(process);
  late(Attempt::delivered());
  BOOST_CHECK_EQUAL(process.life->engine().totals().delivered, 0U);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_begin_and_while_the_broker_is_away_ends_in_time) {
  auto& never = make();
  never.life->stop({});
  BOOST_CHECK(never.life->state() == State::stopped);
  never.life->begin();
  hub.advance(2s);
  BOOST_CHECK(never.life->state() == State::stopped);
  auto& away = make("two");
  away.bus.away = true;
  away.life->begin();
  hub.advance(5s);
  BOOST_CHECK(away.life->state() == State::starting);
  stop(away);
  away.bus.away = false;
  hub.advance(10s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  BOOST_CHECK(
      (!hub.entries.contains({"gateway", "one"}) && !hub.entries.contains({"gateway", "two"})));
}

BOOST_AUTO_TEST_CASE(a_stop_while_the_lists_are_read_starts_nothing_and_stores_nothing) {
  auto& process = make();
  process.bus.on_list = [&](const std::string& kind) {
    if (kind == "subscription") process.life->stop({});
  };
  process.life->begin();
  hub.advance(3s);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  processes.clear();
  BOOST_CHECK(!stored().has_value());
}

BOOST_AUTO_TEST_CASE(the_second_of_a_kind_stands_by_and_can_be_stopped) {
  auto& one = start("one");
  auto& two = start("two");
  BOOST_CHECK(one.life->state() == State::leading);
  BOOST_CHECK(two.life->state() == State::standing_by);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  stop(two);
  BOOST_CHECK(two.life->result().has_value());
  BOOST_CHECK(one.life->state() == State::leading);
}

BOOST_AUTO_TEST_CASE(a_leader_that_stops_is_followed_at_once_by_its_standby) {
  subscribe("s-1");
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(2s);
  stop(one);
  hub.advance(3s);
  BOOST_CHECK(two.life->state() == State::leading);
  publish("e-1");
  hub.advance(1s);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1"}));
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_lost_while_a_checkpoint_is_on_its_way_ends_the_process) {
  subscribe("s-1");
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(2s);
  // The next checkpoint is stored, and waits in the connection for the standby.
  one.bus.away = true;
  publish("e-1");
  for (int i = 0; i < 100 && two.life->state() != State::leading; ++i) hub.advance(100ms);
  BOOST_CHECK(two.life->state() == State::leading);
  hub.advance(1s);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1"}));  // by the new leader
  one.bus.away = false;
  publish("e-2");
  hub.advance(5s);
  BOOST_CHECK(one.life->state() == State::stopped);
  BOOST_CHECK(says(*one.life, "two leads"));
  BOOST_CHECK(says(*one.life, "stands by when it is started again"));
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-2"}));
  BOOST_CHECK(two.life->state() == State::leading);
}

BOOST_AUTO_TEST_CASE(the_first_reason_of_a_stop_counts) {
  auto& process = start();
  process.life->stop(fail(Code::system, "first"));
  process.life->stop(fail(Code::system, "second"));
  hub.advance(2s);
  BOOST_CHECK(says(*process.life, "first"));
  BOOST_CHECK_EQUAL(plugin.stopped, 1);
  BOOST_CHECK_EQUAL(process.ended, 1);
}

// ---- lists that are read and then followed

BOOST_AUTO_TEST_CASE(a_first_start_misses_no_gateway_that_comes_while_it_reads_the_lists) {
  auto& process = make();
  process.bus.on_list = [this](const std::string& kind) { announce("at-" + kind, kind); };
  process.life->begin();
  hub.advance(100ms);
  process.bus.on_list = nullptr;
  BOOST_CHECK(takes("gateway"));
  BOOST_CHECK(takes("subscription"));
  BOOST_CHECK(!takes("elsewhere"));
}

BOOST_AUTO_TEST_CASE(a_later_start_misses_no_gateway_and_believes_no_older_entry) {
  announce("email", "mailto");
  stop(start());
  put({"gateway", "email", 0, gateway_entry({}, {})});  // an older entry, which the list has not
  announce("email", "mailto");
  announce("gone", "gone");
  auto& process = make();
  process.bus.on_list = [this](const std::string& kind) { announce("at-" + kind, kind); };
  process.life->begin();
  hub.advance(20ms);
  process.bus.on_list = nullptr;
  BOOST_CHECK(takes("mailto"));
  BOOST_CHECK(takes("gone"));
  BOOST_CHECK(takes("gateway"));
}

BOOST_AUTO_TEST_CASE(a_standby_that_takes_over_knows_the_gateways_of_the_meantime) {
  auto& one = start("one");
  start("two");
  hub.advance(2s);
  announce("email", "mailto");
  hub.advance(10s);
  stop(one);
  hub.advance(3s);
  BOOST_REQUIRE(processes["two"]->life->state() == State::leading);
  BOOST_CHECK(takes("mailto"));
}

// The list has the later of two changes already; the earlier one is read behind it.
BOOST_AUTO_TEST_CASE(a_list_that_is_read_again_is_not_undone_by_older_events) {
  subscribe("s-1");
  auto& process = start();
  publish("e-0");
  hub.advance(100ms);
  process.bus.away = true;
  publish("lost");
  process.bus.trimmed = hub.sequence;
  auto ended = subscription_of("s-1", {"{urn:a}x"});
  ended.state = SubscriptionState::ended;
  put({"subscription", "s-1", 0, to_json(ended, true)});
  subscribe("s-1");
  announce("email", "mailto");
  process.bus.away = false;
  hub.advance(1s);
  publish("e-1");
  hub.advance(1s);
  BOOST_CHECK_EQUAL(process.life->counters().snapshot().at("gateway.events.lost"), 1U);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-0", "e-1"}));
  BOOST_CHECK_EQUAL(plugin.number, 2U);  // it has not begun anew
  BOOST_CHECK(takes("mailto"));
}

// What the lost events said of gateways is read anew, too.
BOOST_AUTO_TEST_CASE(events_that_the_journal_lost_hide_no_gateway) {
  auto& process = start();
  process.bus.away = true;
  announce("email", "mailto");
  process.bus.trimmed = hub.sequence;
  process.bus.away = false;
  hub.advance(1s);
  BOOST_CHECK(takes("mailto"));
}

BOOST_AUTO_TEST_SUITE_END()
