// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/c_client_pair.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;
using namespace std::chrono_literals;

// Requests of the library in C to the real server core, with and without answers.

BOOST_AUTO_TEST_SUITE(sense_c_client_requests_tests)

BOOST_AUTO_TEST_CASE(publish_whose_answer_was_lost_is_repeated_and_stored_once) {
  Pair pair;
  pair.registered();
  BOOST_REQUIRE(
      pair.device.ask("PUBLISH", "Type: {a}b\nSource: //x\nId: 7\n", "hello", pair.now()));
  BOOST_CHECK(!pair.device.ask("PUBLISH", "Type: {a}b\nSource: //x\n", "", pair.now()));  // busy
  const auto first = pair.device.sent.at(0);
  pair.lose();
  pair.pass(1001ms);
  BOOST_REQUIRE_EQUAL(pair.device.sent.size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.sent[0], first);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.fixture.publisher.calls, 1U);
  BOOST_CHECK_EQUAL(pair.fixture.publisher.events.at(0).data, "hello");
  BOOST_CHECK_EQUAL(pair.fixture.publisher.events.at(0).id, "7");
  const auto answer = pair.device.all(sense_answered).at(0);
  BOOST_CHECK_EQUAL(answer.code, 0U);
  BOOST_CHECK_EQUAL(answer.text("Sequence"), "1");
  BOOST_CHECK(pair.device.ask("PUBLISH", "Type: {a}b\nSource: //x\nId: 8\n", "", pair.now()));
}

BOOST_AUTO_TEST_CASE(publish_over_a_restart_of_the_server_is_stored_once) {
  Pair pair;
  pair.registered();
  BOOST_REQUIRE(
      pair.device.ask("PUBLISH", "Type: {a}b\nSource: //x\nId: 7\n", "hello", pair.now()));
  pair.lose();  // stored, and not answered
  pair.fixture.restart();
  pair.pass(1001ms);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.fixture.publisher.calls, 2U);
  BOOST_CHECK_EQUAL(pair.fixture.publisher.events.size(), 1U);
  const auto answer = pair.device.all(sense_answered).at(0);
  BOOST_CHECK_EQUAL(answer.code, 0U);
  BOOST_CHECK_EQUAL(answer.text("Duplicate"), "yes");
}

BOOST_AUTO_TEST_CASE(refused_publish_says_why) {
  Pair pair;
  BOOST_REQUIRE(pair.device.ask("PUBLISH", "Type: {a}b\nSource: not a uri\n", "", pair.now()));
  pair.exchange();
  const auto answer = pair.device.all(sense_answered).at(0);
  BOOST_CHECK_NE(answer.code, 0U);
  BOOST_CHECK(!answer.reason.empty());
}

BOOST_AUTO_TEST_CASE(ping_needs_no_subscription_and_brings_the_parameters) {
  DeviceOptions options;
  options.registration = std::nullopt;
  Pair pair(options);
  pair.device.tick(pair.now());
  BOOST_CHECK(pair.device.sent.empty());
  BOOST_CHECK(!pair.device.due.has_value());
  BOOST_REQUIRE(pair.device.ask("PARAMETERS", "", "", pair.now()));
  pair.exchange();
  const auto answer = pair.device.all(sense_answered).at(0);
  BOOST_CHECK_EQUAL(answer.code, 0U);
  BOOST_CHECK_NE(answer.data.find("max-period: 86400\n"), std::string::npos);
  pair.fixture.subscriptions.known_sources = {"//a", "//b"};
  BOOST_REQUIRE(pair.device.ask("SOURCES", "After: //a\n", "", pair.now()));
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.device.all(sense_answered).at(1).data, "//b\n");
}

BOOST_AUTO_TEST_CASE(request_is_sent_eight_times_at_doubling_pauses_and_given_up) {
  Device device;
  auto now = VirtualClock().now().mono;
  const auto start = now;
  device.tick(now);
  std::vector<std::int64_t> seconds;
  std::string first;
  while (device.told.empty()) {
    for (const auto& octets : std::exchange(device.sent, {})) {
      if (first.empty()) first = octets;
      BOOST_CHECK_EQUAL(octets, first);
      seconds.push_back(std::chrono::round<std::chrono::seconds>(now - start).count());
    }
    BOOST_REQUIRE(device.due.has_value());
    now = std::max(now + 1ms, *device.due);
    device.tick(now);
  }
  BOOST_TEST(seconds == (std::vector<std::int64_t>{0, 1, 3, 7, 15, 31, 63, 95}),
             boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(std::chrono::round<std::chrono::seconds>(now - start).count(), 127);
  BOOST_CHECK_EQUAL(device.told[0].code, 17U);
  BOOST_CHECK(device.told[0].kind == sense_registered);
  // Another try later: the first may have been received, and must not be executed twice.
  BOOST_REQUIRE(device.due.has_value());
  BOOST_CHECK(*device.due - now <= 33s);
  device.tick(*device.due);
  BOOST_REQUIRE_EQUAL(device.sent.size(), 1U);
  BOOST_CHECK_EQUAL(device.sent[0], first);
}

BOOST_AUTO_TEST_CASE(registration_is_executed_once_when_all_its_answers_were_lost) {
  Pair pair;
  pair.device.tick(pair.now());
  for (const auto& reply : pair.fixture.tell(pair.endpoint, std::exchange(pair.device.sent, {})[0]))
    pair.device.receive(reply, pair.now());  // with a cookie
  while (pair.device.told.empty()) {
    pair.lose();
    pair.pass(std::max<Duration>(*pair.device.due - pair.now(), 1ms));
  }
  BOOST_CHECK_EQUAL(pair.device.told[0].code, 17U);
  pair.pass(33s);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.fixture.subscriptions.served.size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.id(), pair.fixture.subscriptions.served.begin()->first);
  // An unanswered renewal gets a new tag later; otherwise its old answer would count as new.
  pair.device.told.clear();
  pair.pass(period / 2);
  const auto before = message_of(pair.device.sent.at(0)).tag;
  while (pair.device.told.empty()) {
    pair.device.sent.clear();
    pair.pass(std::max<Duration>(*pair.device.due - pair.now(), 1ms));
  }
  pair.device.sent.clear();
  pair.pass(33s);
  BOOST_CHECK_NE(only(pair.device).tag, before);
}

BOOST_AUTO_TEST_CASE(refused_registration_is_told_and_tried_again) {
  DeviceOptions options;
  options.registration = "Period: 600\nType: com.example.*\n";
  Pair pair(options);
  pair.device.tick(pair.now());
  pair.exchange();
  BOOST_REQUIRE_EQUAL(pair.device.all(sense_registered).size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.told[0].code, 3U);
  BOOST_CHECK(!pair.device.told[0].reason.empty());
  pair.pass(31s);
  BOOST_CHECK(pair.device.sent.empty());
  pair.pass(2s);
  BOOST_CHECK_EQUAL(pair.device.sent.size(), 1U);
  pair.device.cancel(pair.now());
  pair.exchange();
  pair.pass(100s);
  BOOST_CHECK(pair.device.sent.empty());
  BOOST_CHECK(!pair.device.due.has_value());
}

BOOST_AUTO_TEST_CASE(reply_without_what_it_must_have_is_no_registration) {
  for (const auto* rest :
       {"Subscription: s-1\n", "Subscription: s-1\nPeriod: 0\n",
        "Subscription: s-1\nPeriod: soon\n", "Period: 600\n", "Subscription: \nPeriod: 600\n"}) {
    BOOST_TEST_CONTEXT(rest) {
      Device device;
      const auto now = VirtualClock().now().mono;
      device.tick(now);
      device.receive("SENSE/1 REPLY " + only(device).tag + " 0 NOERROR\n" + rest + "\n", now);
      BOOST_REQUIRE_EQUAL(device.told.size(), 1U);
      BOOST_CHECK_EQUAL(device.told[0].code, 21U);
      BOOST_CHECK(device.id().empty());
      BOOST_REQUIRE(device.due.has_value());
      BOOST_CHECK(*device.due - now > 31s);
    }
  }
}

BOOST_AUTO_TEST_CASE(cookies_without_end_are_not_followed_without_end) {
  Device device;
  const auto now = VirtualClock().now().mono;
  device.tick(now);
  unsigned cookies = 0;
  while (!device.sent.empty() && cookies < 100) {
    const auto tag = only(device).tag;
    device.receive(
        "SENSE/1 REPLY " + tag + " 9 NOACCESS\nCookie: c" + std::to_string(++cookies) + "\n\n",
        now);
  }
  BOOST_CHECK_EQUAL(cookies, 8U);
  BOOST_CHECK_EQUAL(device.told.at(0).code, 9U);
}

BOOST_AUTO_TEST_CASE(cancelled_subscription_ends_and_stays_away) {
  Pair pair;
  pair.registered();
  pair.device.cancel(pair.now());
  pair.exchange();
  BOOST_CHECK(pair.fixture.subscriptions.served.empty());
  BOOST_REQUIRE_EQUAL(pair.device.all(sense_ended).size(), 1U);
  BOOST_CHECK_EQUAL(pair.device.told.back().reason, "cancelled");
  BOOST_CHECK(!pair.device.due.has_value());
}

BOOST_AUTO_TEST_CASE(registration_that_was_cancelled_before_its_answer_is_cancelled_after_it) {
  Pair pair;
  pair.device.tick(pair.now());
  pair.lose();  // without a cookie: nothing has happened
  pair.pass(1001ms);
  for (const auto& reply : pair.fixture.tell(pair.endpoint, std::exchange(pair.device.sent, {})[0]))
    pair.device.receive(reply, pair.now());
  pair.lose();  // this one was carried out
  BOOST_REQUIRE_EQUAL(pair.fixture.subscriptions.served.size(), 1U);
  pair.device.cancel(pair.now());
  BOOST_CHECK(pair.device.sent.empty());
  pair.pass(5s);
  pair.exchange();
  BOOST_CHECK(pair.fixture.subscriptions.served.empty());
  BOOST_CHECK(pair.device.id().empty());
  BOOST_CHECK(!pair.device.due.has_value());
}

BOOST_AUTO_TEST_CASE(unanswered_cancel_ends_all_the_same) {
  Pair pair;
  pair.registered();
  pair.device.cancel(pair.now());
  for (int i = 0; i < 10 && pair.device.due; ++i)
    pair.pass(std::max<Duration>(*pair.device.due - pair.now(), 1ms));
  BOOST_CHECK_EQUAL(pair.device.all(sense_ended).at(0).code, 17U);
  BOOST_CHECK(pair.device.id().empty());
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work_are_refused) {
  const auto usable = [](auto change) {
    DeviceOptions options;
    change(options);
    return Device(options).usable;
  };
  BOOST_CHECK(usable([](auto&) {}));
  BOOST_CHECK(!usable([](auto& o) { o.prefix = ""; }));
  BOOST_CHECK(!usable([](auto& o) { o.prefix = std::string(41, 'a'); }));
  BOOST_CHECK(usable([](auto& o) { o.prefix = std::string(40, 'a'); }));
  BOOST_CHECK(!usable([](auto& o) { o.out_size = 240 + o.registration->size() - 1; }));
  BOOST_CHECK(usable([](auto& o) { o.out_size = 240 + o.registration->size(); }));
}

BOOST_AUTO_TEST_CASE(smallest_buffer_is_enough_for_the_longest_id_cookie_and_number) {
  DeviceOptions options;
  options.prefix = std::string(40, 'p');
  options.out_size = 240 + options.registration->size();
  options.ack_delay = 50;
  Device device(options);
  auto now = VirtualClock().now().mono;
  const auto reply = [&](const std::string& rest) {
    device.receive("SENSE/1 REPLY " + only(device).tag + " " + rest, now);
  };
  device.tick(now);
  reply("9 NOACCESS\nCookie: " + std::string(64, 'c') + "\n\n");
  reply("0 NOERROR\nPeriod: 600\nSubscription: " + std::string(64, 's') + "\n\n");
  device.client().tags = 4'294'967'000U;
  const auto event = [&](const std::string& number) {
    auto octets = event_octets(number);
    octets.replace(octets.find("s-1"), 3, std::string(64, 's'));
    device.receive(octets, now);
  };
  event("18446744073709551613");
  event("18446744073709551615");
  device.tick(now += 51ms);
  BOOST_CHECK(only(device).text("Number").starts_with("18446744073709551615"));
  device.tick(now += 300s);
  BOOST_CHECK_EQUAL(only(device).text("Subscription"), std::string(64, 's'));
  BOOST_CHECK(!device.ask("PUBLISH", "Type: {a}b\nSource: //x\n",
                          std::string(options.registration->size(), 'x'), now));
  BOOST_CHECK(device.ask("PUBLISH", "", std::string(options.registration->size(), 'x'), now));
  BOOST_CHECK_EQUAL(only(device).data.size(), options.registration->size());
  BOOST_CHECK(device.intact());
}

BOOST_AUTO_TEST_CASE(sealed_message_has_its_lines_last_and_its_data_behind_them) {
  const auto now = VirtualClock().now().mono;
  Device device;
  device.seal_with(
      [](void*, char* head, std::size_t used, sense_text data) -> std::size_t {
        const auto lines = "Time: 2026-11-21T09:15:00Z\nKey: k\nMac: " +
                           sha256_hex(std::string(head, used) + string_of(data)) + "\n";
        std::memcpy(head + used, lines.data(), lines.size());
        return lines.size();
      },
      now);
  BOOST_REQUIRE(device.usable);
  BOOST_REQUIRE(device.ask("PUBLISH", "Type: {a}b\nSource: //x\n", "hello", now));
  for (const auto& octets : device.sent) {
    const auto message = message_of(octets);
    BOOST_CHECK_EQUAL(message.properties.back().name, "Mac");
    const auto line = octets.find("Time: ");
    BOOST_CHECK_EQUAL(message.text("Mac"), sha256_hex(octets.substr(0, line) + message.data));
  }
  BOOST_CHECK_EQUAL(message_of(device.sent.front()).data, "hello");
}

// Another network, or a router that chose another port for it.
BOOST_AUTO_TEST_CASE(
    subscription_follows_a_device_to_another_port_and_not_to_another_host) {
  Pair pair;
  const auto id = pair.registered()->id;
  pair.endpoint = pair.endpoint.with_port(9001);
  pair.pass(period / 2 + 1s);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.device.id(), id);
  BOOST_CHECK_EQUAL(pair.device.all(sense_registered).back().text("Deliver-To"),
                    "sense://192.0.2.7:9001");
  BOOST_CHECK(pair.delivered(pair.event(1)));
  pair.endpoint = endpoint("sense://192.0.2.8:9001");
  pair.pass(period / 2 + 1s);
  pair.exchange();
  BOOST_CHECK_EQUAL(pair.device.all(sense_ended).back().reason, "lost");
  BOOST_CHECK_NE(pair.device.id(), id);
  BOOST_CHECK(pair.delivered(pair.event(1)));
}

BOOST_AUTO_TEST_SUITE_END()
