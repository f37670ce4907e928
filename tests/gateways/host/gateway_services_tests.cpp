// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/gateway_services.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include "core/registry/management_change.hpp"
#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

namespace {

// Answers a fetch as the broker does: with the first event from there on, if there is one.
struct JournalBus : testing::FakeBus {
  std::vector<std::uint64_t> held;
  std::optional<Error> broken;
  std::vector<std::string> asked_prefixes;
  std::size_t asked_octets = 0;
  ServedClient asked_client;

  void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t octets,
             Answer<FetchReply> done, const ServedClient& client) override {
    asked_client = client;
    asked_prefixes = std::move(prefixes);
    asked_octets = octets;
    if (broken) return done(tl::unexpected(*broken));
    FetchReply reply;
    for (const auto one : held) {
      if (one < from) continue;
      Event event;
      event.sequence = one;
      reply.events.push_back(std::make_shared<const Event>(event));
      break;
    }
    done(std::move(reply));
  }
};

constexpr Capabilities quick = {.latency = {std::chrono::milliseconds{1}, std::chrono::seconds{1}},
                                .payload_max = 1};
constexpr std::array<Scheme, 2> web_schemes = {{{"http", quick}, {"test", {}}}};
const GatewayDescriptor web_descriptor = {
    gateway_abi, "web", "Serves what looks like the web.", web_schemes, {}, {{}, 1}, nullptr};

GatewayConfig default_config() {
  GatewayConfig config;
  config.host = Settings::defaults(gateway_host_options());
  return config;
}

// A client that subscribes at that gateway, on a registry in memory.
struct Subscribing {
  explicit Subscribing(GatewayConfig config = default_config())
      : services(std::move(config), web_descriptor, bus, clock, reactor, bus.executor(), 1) {}

  Result<SubscriptionRef> create(const std::string& owner, const std::string& callback,
                                 bool proved = false, std::optional<Duration> max_latency = {}) {
    Subscriptions::Request request;
    if (max_latency) request.delivery.sparse.edit().max_latency = max_latency;
    request.owner = owner;
    request.callback = callback;
    request.types = {*TypePattern::parse("{urn:a}x")};
    request.period = std::chrono::minutes{10};
    request.callback_proved = proved;
    std::optional<Result<SubscriptionRef>> answer;
    services.subscriptions.create(request, [&](auto got) { answer = std::move(got); });
    bus.run();
    BOOST_REQUIRE(answer.has_value());
    return *answer;
  }

  testing::FakeBus bus;
  VirtualClock clock;
  boost::asio::io_context reactor;
  GatewayServices services;
};

Code code_of(const Result<SubscriptionRef>& answer) {
  return answer ? Code::noerror : answer.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_services_tests)

BOOST_AUTO_TEST_CASE(event_is_found_by_its_sequence_and_no_other_is_given_for_it) {
  JournalBus bus;
  bus.held = {3, 5, 6};
  const auto event_at = events_by_sequence(bus);
  const ServedClient client{"shop", "http", "192.0.2.7"};
  const auto answer = [&](std::uint64_t sequence) {
    std::optional<Result<EventRef>> found;
    event_at(sequence, client, [&](Result<EventRef> result) {
      BOOST_CHECK(!found.has_value());
      found = std::move(result);
    });
    BOOST_REQUIRE(found.has_value());
    return *found;
  };
  BOOST_CHECK_EQUAL((*answer(5))->sequence, 5U);
  BOOST_CHECK_EQUAL(bus.asked_octets, 1U);
  BOOST_CHECK(bus.asked_client == client);
  BOOST_REQUIRE_EQUAL(bus.asked_prefixes.size(), 1U);
  BOOST_CHECK_EQUAL(bus.asked_prefixes[0], "{");
  for (const std::uint64_t sequence : {0U, 1U, 4U, 7U})
    BOOST_CHECK_MESSAGE((answer(sequence).error().code == Code::notfound), sequence);
  bus.broken = Error{Code::timeout, "no answer"};
  BOOST_CHECK(answer(5).error().code == Code::timeout);
}

BOOST_AUTO_TEST_CASE(callback_with_a_port_that_is_never_called_is_refused_at_once) {
  auto config = default_config();
  config.egress = *EgressPolicy::make({"10.0.0.0/8", "10.0.0.7:25"});
  Subscribing client(std::move(config));
  const auto code = [&](const std::string& callback) {
    const auto answer = client.create("tester", callback);
    if (!answer) BOOST_CHECK_EQUAL(answer.error().field, "callback");
    return code_of(answer);
  };
  BOOST_CHECK(code("http://10.0.0.1:22/") == Code::noaccess);
  BOOST_CHECK(code("http://name.example:6379/") == Code::noaccess);
  BOOST_CHECK(code("http://10.0.0.1:8080/") == Code::noerror);
  BOOST_CHECK(code("http://10.0.0.1/") == Code::noerror);
  BOOST_CHECK(code("http://10.0.0.7:25/") == Code::noerror);
  BOOST_CHECK(code("test://10.0.0.1:22/") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(callback_that_cannot_be_asked_is_refused_where_that_is_known) {
  Subscribing client;
  std::vector<std::string> asked;
  client.services.room_to_verify = [&](const std::string& owner,
                                       const std::string& callback) -> Status {
    asked.push_back(owner + " " + callback);
    return fail(Code::nomoreroom, "no room");
  };
  client.services.directory.add({"gateway", "mail", 1, gateway_entry({{"mailto"}}, {})});
  BOOST_CHECK(code_of(client.create("tester", "test://one/", false)) == Code::nomoreroom);
  BOOST_CHECK(code_of(client.create("tester", "test://one/", true)) == Code::noerror);
  // Of another process.
  BOOST_CHECK(code_of(client.create("tester", "mailto:a@example.org", false)) == Code::noerror);
  BOOST_REQUIRE_EQUAL(asked.size(), 1U);
  BOOST_CHECK_EQUAL(asked[0], "tester test://one/");
}

BOOST_AUTO_TEST_CASE(what_the_gateway_refuses_a_client_is_reported_as_that_clients) {
  Subscribing at;
  const auto create = [&](const ServedClient& client, const std::string& callback) {
    Subscriptions::Request request;
    request.owner = client.principal;
    request.callback = callback;
    request.types = {*TypePattern::parse("{urn:a}x")};
    request.period = std::chrono::minutes{10};
    at.services.clients.subscriptions(client)->create(request, [](const auto&) {});
    at.bus.run();
  };
  const auto client = at.services.clients.unproved("192.0.2.1:5");
  create(client, "http://10.0.0.1:22/");
  create(client, "nowhere://10.0.0.1/");  // its mistake
  create(client, "http://10.0.0.1/");
  at.services.clients.refused(client, "CONNECT", {Code::nomoreroom, "full"});
  at.bus.run();
  BOOST_REQUIRE_EQUAL(at.bus.refusals.size(), 2U);
  BOOST_CHECK(at.bus.refusals[0].client == client);
  BOOST_CHECK_EQUAL(at.bus.refusals[0].request, "SUBSCRIPTION");
  BOOST_CHECK(at.bus.refusals[0].error.code == Code::noaccess);
  BOOST_CHECK_EQUAL(at.bus.refusals[1].request, "CONNECT");
  // The host's own requests are no client's.
  BOOST_CHECK(code_of(at.create("tester", "http://10.0.0.1:22/")) == Code::noaccess);
  BOOST_CHECK_EQUAL(at.bus.refusals.size(), 2U);
}

BOOST_AUTO_TEST_CASE(reports_of_refusals_are_bounded_and_those_left_out_are_told) {
  Subscribing at;
  const auto client = at.services.clients.unproved("192.0.2.1:5");
  const auto refuse = [&] {
    at.services.clients.refused(client, std::string(1'000, 'x'), {Code::noaccess, "no"});
  };
  for (std::size_t i = 0; i < RefusalReports::under_way_max + 5; ++i) refuse();
  at.bus.run();
  BOOST_CHECK_EQUAL(at.bus.refusals.size(), RefusalReports::under_way_max);
  BOOST_CHECK_EQUAL(at.bus.refusals[0].request.size(), RefusalReports::request_length_max);
  BOOST_CHECK_EQUAL(at.services.counters["gateway.refusals.left-out"], 5U);
  // The broker takes none: it is told so with the next that it takes.
  at.bus.failure = Error{Code::timeout, "no answer"};
  refuse();
  at.bus.run();
  at.bus.failure.reset();
  refuse();
  at.bus.run();
  BOOST_REQUIRE_EQUAL(at.bus.refusals.size(), RefusalReports::under_way_max + 1);
  BOOST_CHECK_EQUAL(at.bus.refusals.back().left_out, 6U);
  BOOST_CHECK_EQUAL(at.services.counters["gateway.refusals.left-out"], 6U);
}

BOOST_AUTO_TEST_CASE(owner_with_too_many_callbacks_is_refused_a_new_one_and_others_are_not) {
  auto config = default_config();
  BOOST_REQUIRE(config.host.set("endpoints-per-owner-max", "2"));
  Subscribing client(std::move(config));
  const auto subscribe = [&](const std::string& owner, const std::string& callback) {
    const auto answer = client.create(owner, callback);
    if (answer) client.services.engine.put(*answer, client.clock.now());
    return code_of(answer);
  };
  BOOST_CHECK(subscribe("ada", "test://one/") == Code::noerror);
  BOOST_CHECK(subscribe("ada", "test://two/") == Code::noerror);
  BOOST_CHECK(subscribe("ada", "test://two/") == Code::noerror);
  BOOST_CHECK(subscribe("ada", "test://three/") == Code::nomoreroom);
  BOOST_CHECK_EQUAL(client.services.counters["gateway.endpoints.no-room"], 1U);
  BOOST_CHECK(subscribe("grace", "test://three/") == Code::noerror);
}

BOOST_AUTO_TEST_CASE(latency_that_the_callback_cannot_keep_is_refused_at_once) {
  Subscribing client;
  client.services.directory.add(
      {"gateway", "mail", 1,
       gateway_entry({{"mailto", {{.latency = {Duration{1}, std::chrono::hours{1}}}}}}, {})});
  const auto code = [&](const char* callback, Duration most) {
    return code_of(client.create("tester", callback, false, most));
  };
  BOOST_CHECK(code("http://name.example/", std::chrono::seconds{1}) == Code::noerror);
  BOOST_CHECK(code("http://name.example/", std::chrono::milliseconds{1}) == Code::badparam);
  BOOST_CHECK(code("mailto:a@name.example", std::chrono::seconds{1}) == Code::badparam);
  BOOST_CHECK(code("mailto:a@name.example", std::chrono::hours{1}) == Code::noerror);
  BOOST_CHECK_EQUAL(client.services.context.gateways().size(), 2U);
}

BOOST_AUTO_TEST_SUITE_END()
