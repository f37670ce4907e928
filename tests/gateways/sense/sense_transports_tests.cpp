// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <set>
#include <tuple>

#include "tests/core/sense/two_ends.hpp"
#include "tests/gateways/sense/program.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// Whole sessions between the plugin and a client, over each kind of transport.

BOOST_AUTO_TEST_SUITE(sense_transports_tests)

BOOST_AUTO_TEST_CASE(whole_session_over_udp) {
  Running running;
  Program program(running, any_v4, {});
  whole_session(running, program);
}

BOOST_AUTO_TEST_CASE(whole_session_over_a_unix_socket) {
  const Folder folder;
  const auto path = folder / "sense.sock";
  {
    Running running({path});
    BOOST_CHECK_EQUAL(running.gateway->listening().at(0), "sense://" + path);
    Program program(running, Endpoint::at_path(folder / "client.sock"), {});
    whole_session(running, program);
    running.gateway->stop();
    BOOST_CHECK(!std::filesystem::exists(path));
  }
  BOOST_CHECK(std::filesystem::is_empty(folder.path));
}

BOOST_AUTO_TEST_CASE(whole_session_over_ipx) {
  TransportOptions options;
  options.ipx_port = free_udp_port();
  Running running({"2a.7f000001.ipx:16385"}, {{"ipx-port", std::to_string(options.ipx_port)}});
  BOOST_CHECK_EQUAL(running.gateway->listening().at(0), "sense://0000002a.00007f000001.ipx:16385");
  Program program(running, Endpoint::at_ipx(42, 0x7f000002, 0), options);
  whole_session(running, program);
}

BOOST_AUTO_TEST_CASE(whole_session_over_appletalk) {
  boost::asio::io_context io;
  const Cable cable(io);
  const auto group = cable.group.group.to_string() + ":" + std::to_string(cable.group.port) + "@" +
                     cable.group.interface.to_string();
  Running running({"12.34.ddp:129"}, {{"ddp-group", group}});
  BOOST_CHECK_EQUAL(running.gateway->listening().at(0), "sense://12.34.ddp:129");
  Program program(running, Endpoint::at_ddp(12, 35, 0), cable.options());
  whole_session(running, program);
}

BOOST_AUTO_TEST_CASE(event_too_big_for_appletalk_travels_truncated) {
  boost::asio::io_context io;
  const Cable cable(io);
  const auto group = cable.group.group.to_string() + ":" + std::to_string(cable.group.port) + "@" +
                     cable.group.interface.to_string();
  Running running({"12.34.ddp:129"}, {{"ddp-group", group}});
  Program program(running, Endpoint::at_ddp(12, 35, 0), cable.options());
  program.take(program.client().subscribe(system_clock().now()));
  const auto id = program.next<Registered>().subscription;
  auto delivery = delivery_for(running.subscriptions.served.at(id));
  auto event = *delivery->event;
  event.data = std::string(700, 'x');
  delivery->event = std::make_shared<const Event>(event);
  std::optional<Attempt> result;
  deliver(running, delivery, result);
  const auto arrived = program.next<EventReceived>();
  BOOST_CHECK(arrived.truncated);
  BOOST_CHECK_EQUAL(arrived.length, 700U);
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(one_gateway_serves_several_kinds_at_once) {
  const Folder folder;
  Running running({"127.0.0.1:0", folder / "sense.sock"});
  Program over_udp(running, any_v4, {}, 0);
  Program over_unix(running, Endpoint::at_path(folder / "client.sock"), {}, 1);
  std::vector<SubscriptionRef> served;
  for (auto* program : {&over_udp, &over_unix}) {
    program->take(program->client().subscribe(system_clock().now()));
    const auto id = program->next<Registered>().subscription;
    served.push_back(running.subscriptions.served.at(id));
  }
  // Many at once: what is sent leaves in batches, and each from the socket of its kind.
  unsigned delivered = 0;
  for (std::uint64_t number = 1; number <= 8; ++number)
    for (const auto& subscription : served) {
      auto delivery = delivery_for(subscription);
      delivery->number = number;
      running.gateway->deliver(delivery, [&](const Attempt& attempt) {
        delivered += attempt.outcome == Attempt::Outcome::delivered ? 1 : 0;
      });
    }
  running.until([&] { return delivered == 16; });
  for (auto* program : {&over_udp, &over_unix}) {
    std::set<std::uint64_t> numbers;
    for (unsigned i = 0; i < 8; ++i) numbers.insert(program->next<EventReceived>().number);
    BOOST_CHECK_EQUAL(numbers.size(), 8U);
  }
}

BOOST_AUTO_TEST_CASE(gateway_that_was_killed_leaves_a_path_that_the_next_one_takes) {
  const Folder folder;
  const auto path = folder / "sense.sock";
  {
    boost::asio::io_context io;
    Counters counters;
    auto killed = open_transport(io, Endpoint::at_path(path), {}, counters);
    BOOST_REQUIRE(killed.has_value());
    std::filesystem::rename(path, path + "-kept");
  }
  std::filesystem::rename(path + "-kept", path);
  Running running({path});
  Program program(running, Endpoint::at_path(folder / "client.sock"), {});
  whole_session(running, program);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_used_are_refused_with_their_name) {
  for (const auto& [listen, group, words] :
       {std::tuple{"127.0.0.1:0", "192.0.2.1:1954", "ddp-group"},
        std::tuple{"host.example:7367", "239.192.76.84:1954", "listen"},
        std::tuple{"2a.0000000000.ipx:1", "239.192.76.84:1954", "listen"},
        std::tuple{"/nowhere/at/all/sense.sock", "239.192.76.84:1954", "listen"}}) {
    Running running;
    auto settings = Settings::defaults(sense_gateway_descriptor()->options);
    BOOST_REQUIRE(settings.set_list("listen", {listen}).has_value());
    BOOST_REQUIRE(settings.set("ddp-group", group).has_value());
    auto made = sense_gateway_descriptor()->create(settings, running.context);
    const auto status = made ? (*made)->start() : Status(tl::unexpected(made.error()));
    BOOST_REQUIRE(!status.has_value());
    BOOST_CHECK_MESSAGE(status.error().message.find(words) != std::string::npos,
                        status.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
