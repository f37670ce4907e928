// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateways/sense/model/limits.hpp"
#include "tests/gateways/sense/running.hpp"
#include "tests/paths.hpp"
#include "tests/skip.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

namespace asio = boost::asio;

struct Socket {
  explicit Socket(Running& host, std::size_t server = 0)
      : running(host),
        to(host.servers.at(server).address(), host.servers.at(server).port()),
        socket(host.reactor, asio::ip::udp::endpoint(to.protocol(), 0)) {
    const auto loopback = to.address().is_v4()
                              ? asio::ip::address(asio::ip::address_v4::loopback())
                              : asio::ip::address(asio::ip::address_v6::loopback());
    local = Endpoint(loopback, socket.local_endpoint().port());
  }
  void send(const std::string& octets) { socket.send_to(asio::buffer(octets), to); }
  Message receive() {
    running.until([&] { return socket.available() > 0; });
    std::string octets(70'000, '\0');
    asio::ip::udp::endpoint from;
    octets.resize(socket.receive_from(asio::buffer(octets), from));
    BOOST_CHECK_EQUAL(from, to);
    const auto message = parse(octets);
    BOOST_REQUIRE_MESSAGE(message.has_value(), octets);
    return *message;
  }
  Message ask(const std::string& octets) {
    send(octets);
    return receive();
  }
  std::string subscribe() {
    const std::string request = "SENSE/1 REGISTER r1\nPeriod: 600\n";
    const auto cookie = std::string(ask(request + "\n").text("Cookie"));
    const auto reply = ask("SENSE/1 REGISTER r2\nPeriod: 600\nCookie: " + cookie + "\n\n");
    BOOST_REQUIRE((reply.code == Code::noerror));
    return std::string(reply.text("Subscription"));
  }

  Running& running;
  asio::ip::udp::endpoint to;
  asio::ip::udp::socket socket;
  Endpoint local;
};

// A program of ours, killed at the end; its standard output goes to a file.
struct Process {
  Process(std::vector<std::string> words, const std::string& output) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    started = posix_spawnp(&id, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Process() {
    if (!started) return;
    ::kill(id, SIGKILL);
    (void)wait();
  }
  int wait() {
    int status = -1;
    ::waitpid(id, &status, 0);
    started = false;
    return status;
  }
  pid_t id = 0;
  bool started = false;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_plugin_tests)

BOOST_AUTO_TEST_CASE(descriptor_is_complete_and_its_defaults_are_valid) {
  const auto* descriptor = sense_gateway_descriptor();
  BOOST_CHECK_EQUAL(std::string(descriptor->abi), gateway_abi);
  BOOST_CHECK_EQUAL(descriptor->schemes[0].name, "sense");
  const auto settings = Settings::defaults(descriptor->options);
  const auto limits = limits_of(settings);
  BOOST_CHECK(limits.shown() == Limits{}.shown());
  BOOST_CHECK_EQUAL(settings.list("listen").at(0), "127.0.0.1:7367");
  // What concerns secrets or other listeners is for this process alone.
  for (const auto& [name, value] : settings.shown())
    BOOST_CHECK_MESSAGE(name != "listen" && name != "keys" && name != "fetch-key", name);
  BOOST_CHECK_EQUAL(descriptor->delivery.retry_seconds.size(), Limits().max_retries - 1);
  BOOST_CHECK_EQUAL(descriptor->delivery.window, 32U);
}

BOOST_AUTO_TEST_CASE(event_goes_out_over_a_real_socket_and_its_acknowledgement_comes_back) {
  Running running;
  Socket socket(running);
  const auto id = socket.subscribe();
  std::optional<Attempt> result;
  running.gateway->deliver(delivery_for(running.subscriptions.served.at(id)),
                           [&](Attempt attempt) { result = std::move(attempt); });
  const auto event = socket.receive();
  BOOST_CHECK(event.kind == Kind::event);
  BOOST_CHECK_EQUAL(event.data, "hello");
  BOOST_CHECK(!result.has_value());
  socket.send("SENSE/1 ACK a\nSubscription: " + id + "\nNumber: 1\n\n");
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(unacknowledged_attempt_ends_with_retry_and_stop_ends_all) {
  Running running;
  Socket socket(running);
  const auto subscription = running.subscriptions.served.at(socket.subscribe());
  std::optional<Attempt> first;
  running.gateway->deliver(delivery_for(subscription), [&](Attempt a) { first = std::move(a); });
  running.until([&] { return first.has_value(); });
  BOOST_CHECK(first->outcome == Attempt::Outcome::retry);
  BOOST_CHECK(first->after == Duration{0});
  std::optional<Attempt> second;
  running.gateway->deliver(delivery_for(subscription), [&](Attempt a) { second = std::move(a); });
  running.gateway->stop();
  BOOST_REQUIRE(second.has_value());
  BOOST_CHECK(second->outcome == Attempt::Outcome::retry);
  std::optional<Attempt> third;
  running.gateway->deliver(delivery_for(subscription), [&](Attempt a) { third = std::move(a); });
  BOOST_CHECK(third.has_value());
}

BOOST_AUTO_TEST_CASE(subscription_survives_a_restart_of_the_gateway) {
  Running running;
  Socket socket(running);
  const auto subscription = running.subscriptions.served.at(socket.subscribe());
  const auto port = running.servers[0].port();
  running.gateway->stop();
  running.gateway.reset();
  auto settings = Settings::defaults(sense_gateway_descriptor()->options);
  BOOST_REQUIRE(settings.set_list("listen", {"127.0.0.1:" + std::to_string(port)}).has_value());
  running.gateway = std::move(*sense_gateway_descriptor()->create(settings, running.context));
  BOOST_REQUIRE(running.gateway->start().has_value());
  std::optional<Attempt> result;
  running.gateway->deliver(delivery_for(subscription), [&](Attempt a) { result = std::move(a); });
  BOOST_CHECK(socket.receive().kind == Kind::event);
  socket.send("SENSE/1 ACK a\nSubscription: " + subscription->id + "\nNumber: 1\n\n");
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(example_client_of_the_page_registers_prints_and_acknowledges) {
  std::string folder = std::filesystem::temp_directory_path().string() + "/sense-client-XXXXXX";
  BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const auto program = folder + "/client";
  Process compiler({"cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program,
                    testing::in_source("docs/examples/sense_client.c")},
                   folder + "/cc");
  BOOST_REQUIRE(compiler.started);
  BOOST_REQUIRE_EQUAL(compiler.wait(), 0);
  Running running;
  const auto port = std::to_string(running.servers[0].port());
  Process client({program, "127.0.0.1", port, "{a}*", "//x/**"}, folder + "/out");
  running.until([&] { return !running.subscriptions.served.empty(); });
  const auto subscription = running.subscriptions.served.begin()->second;
  BOOST_CHECK_EQUAL(subscription->types.at(0).text(), "{a}*");
  BOOST_CHECK_EQUAL(subscription->sources.at(0).text(), "//x/**");
  unsigned delivered = 0;
  for (const auto number : {2U, 1U, 2U, 3U}) {  // out of order, and one twice
    auto delivery = delivery_for(subscription);
    delivery->number = number;
    const auto done = [&](const Attempt& attempt) {
      BOOST_CHECK(attempt.outcome == Attempt::Outcome::delivered);
      ++delivered;
    };
    const auto before = delivered;
    running.gateway->deliver(delivery, done);
    running.until([&] { return delivered == before + 1; });
  }
  BOOST_CHECK_EQUAL(contents(folder + "/out"), "# subscription " + subscription->id +
                                                   " for 600 s\n2: hello\n1: hello\n3: hello\n");
  auto gap = delivery_for(subscription);
  gap->kind = Delivery::Kind::gap;
  gap->number = 4;
  gap->number_last = 6;
  auto ended = delivery_for(subscription);
  ended->kind = Delivery::Kind::ended;
  ended->reason = "shutdown";
  for (const auto& delivery : {gap, ended}) {
    const auto before = delivered;
    running.gateway->deliver(delivery, [&](const Attempt& attempt) {
      BOOST_CHECK(attempt.outcome == Attempt::Outcome::delivered);
      ++delivered;
    });
    running.until([&] { return delivered == before + 1; });
  }
  running.until([&] { return running.subscriptions.served.size() == 2; });  // it registers anew
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(publish_is_answered_over_the_socket) {
  Running running;
  Socket socket(running);
  const auto cookie = std::string(socket.ask("SENSE/1 PARAMETERS q\n\n").text("Cookie"));
  const auto reply = socket.ask("SENSE/1 PUBLISH p\nType: {a}b\nSource: //x\nCookie: " + cookie +
                                "\nLength: 3\n\nabc");
  BOOST_CHECK_EQUAL(reply.text("Sequence"), "1");
  BOOST_CHECK_EQUAL(running.publisher.events.at(0).data, "abc");
}

BOOST_AUTO_TEST_CASE(verify_goes_to_the_callback_only_when_the_policy_allows_it) {
  Running running;
  Socket socket(running);
  Subscription subscription;
  subscription.id = "s-1";
  subscription.callback = callback_of(socket.local);
  const auto ref = running.subscriptions.put(subscription);
  std::optional<Verification> result;
  running.gateway->verify(ref, "t", [&](Verification v) { result = std::move(v); });
  BOOST_CHECK(result->outcome == Verification::Outcome::refused);
  running.egress = *EgressPolicy::make({"127.0.0.0/8"});
  running.gateway->verify(ref, "t", [&](Verification v) { result = std::move(v); });
  BOOST_CHECK(result->outcome == Verification::Outcome::asked);
  BOOST_CHECK_EQUAL(socket.receive().text("Challenge"), "t");
}

BOOST_AUTO_TEST_CASE(both_kinds_of_address_are_served_by_their_own_listener) {
  boost::system::error_code problem;
  asio::io_context probe;
  asio::ip::udp::socket six(probe, asio::ip::udp::v6());
  six.bind({asio::ip::address_v6::loopback(), 0}, problem);
  if (problem) return sense::testing::skip("this machine has no IPv6 loopback");
  Running running({"127.0.0.1:0", "[::1]:0"});
  Socket v4(running, 0);
  Socket v6(running, 1);
  for (auto* socket : {&v4, &v6}) {
    const auto id = socket->subscribe();
    BOOST_CHECK_EQUAL(running.subscriptions.served.at(id)->callback, callback_of(socket->local));
    running.gateway->deliver(delivery_for(running.subscriptions.served.at(id)), [](Attempt) {});
    BOOST_CHECK(socket->receive().kind == Kind::event);
  }
}

BOOST_AUTO_TEST_CASE(too_long_a_datagram_and_garbage_leave_the_gateway_at_work) {
  Running running;
  Socket socket(running);
  std::string octets = "SENSE/1 PUBLISH p1\nType: {a}b\nSource: //x\nLength: 9000\n\n";
  BOOST_CHECK(socket.ask(octets + std::string(9000, 'x')).code == Code::datatoobig);
  for (int i = 0; i < 300; ++i) socket.send(std::string(static_cast<std::size_t>(i), 'x'));
  BOOST_CHECK_EQUAL(socket.ask("SENSE/1 PARAMETERS q\n\n").tag, "q");
}

BOOST_AUTO_TEST_CASE(burst_of_five_thousand_datagrams_is_taken_in_or_counted) {
  Running running;
  Socket socket(running);
  const std::string ack = "SENSE/1 ACK a\nSubscription: s-none\nNumber: 1\n\n";
  for (int i = 0; i < 5'000; ++i) socket.send(ack);
  auto& received = running.counters["sense.datagrams.received"];
  auto& dropped = running.counters["sense.datagrams.kernel-drops"];
  // The kernel tells of a drop with the next datagram that it does take.
  running.until([&] {
    if (received.load() + dropped.load() < 5'000U) socket.send(ack);
    return received.load() + dropped.load() >= 5'000U;
  });
  BOOST_TEST_MESSAGE("received " << received.load() << ", dropped " << dropped.load());
}

BOOST_AUTO_TEST_CASE(listen_addresses_are_checked_with_a_sentence) {
  for (const auto* text :
       {"", "7367", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "host:7367", "::1:7367",
        "[127.0.0.1]:1", "127.0.0.1:1x", "[::1]", "[::1]:", "run/sense.sock", "/", "2a.1.ipx",
        "12.34.ddp", "12.34.ddp:255", "unix:/run/sense.sock"}) {
    const auto refused = parse_listen(text);
    BOOST_CHECK_MESSAGE(!refused.has_value(), text);
    if (!refused) BOOST_CHECK(refused.error().message.starts_with("listen: '"));
  }
  for (const auto* text : {"[::]:0", "0.0.0.0:7367", "/run/sense.sock", "sense:///run/sense.sock",
                           "2a.7f000001.ipx:0", "12.0.ddp:0", "sense://127.0.0.1:7367"})
    BOOST_CHECK_MESSAGE(parse_listen(text).has_value(), text);
  BOOST_CHECK_EQUAL(to_uri(*parse_listen(" 127.0.0.1:9  key=required ")), "sense://127.0.0.1:9");
  Running running;
  auto settings = Settings::defaults(sense_gateway_descriptor()->options);
  const auto taken = "127.0.0.1:" + std::to_string(running.servers[0].port());
  BOOST_REQUIRE(settings.set_list("listen", {taken}).has_value());
  auto second = sense_gateway_descriptor()->create(settings, running.context);
  const auto status = (*second)->start();
  BOOST_REQUIRE(!status.has_value());
  BOOST_CHECK_NE(status.error().message.find(taken), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
