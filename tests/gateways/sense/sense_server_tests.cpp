// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {
const Endpoint client_a(boost::asio::ip::make_address("192.0.2.7"), 9000);
const Endpoint client_b(boost::asio::ip::make_address("192.0.2.8"), 9000);
}  // namespace

BOOST_AUTO_TEST_SUITE(sense_server_tests)

BOOST_AUTO_TEST_CASE(requests_without_a_cookie_create_nothing) {
  ServerFixture fixture;
  for (const auto* octets :
       {"SENSE/1 REGISTER r1\nPeriod: 600\n\n", "SENSE/1 CANCEL r1\nSubscription: s-1\n\n",
        "SENSE/1 PUBLISH r1\nType: {a}b\nSource: //x\n\n"}) {
    const auto replies = fixture.tell(client_a, octets);
    BOOST_REQUIRE_EQUAL(replies.size(), 1U);
    const auto reply = parse(replies[0]);
    BOOST_CHECK(reply->code == Code::noaccess);
    BOOST_CHECK(reply->has("Cookie"));
  }
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
}

BOOST_AUTO_TEST_CASE(registration_says_what_was_granted) {
  Limits limits;
  limits.max_period = std::chrono::seconds{300};
  ServerFixture fixture(limits);
  auto request = fixture.registration(client_a);
  request.add("Type", "{urn:example:printer}jam").add("Source", "//hq.example/printer/**");
  request.add("Edition", "STEP.SingleLine.CC").add("Language", "de");
  request.add("Filter", "severity < 4");
  const auto reply = fixture.ask(client_a, request);
  BOOST_CHECK(reply.code == Code::noerror);
  BOOST_CHECK_EQUAL(reply.text("Period"), "300");
  BOOST_CHECK_EQUAL(reply.text("Retries"), "14");
  BOOST_CHECK_EQUAL(reply.text("Interval"), "1");
  BOOST_CHECK_EQUAL(reply.text("Deliver-To"), "sense://192.0.2.7:9000");
  const auto& wanted = fixture.subscriptions.requests.at(0);
  BOOST_CHECK_EQUAL(wanted.callback, "sense://192.0.2.7:9000");
  BOOST_CHECK_EQUAL(wanted.owner, wanted.callback);
  BOOST_CHECK_EQUAL(wanted.via, "sense");
  BOOST_CHECK(wanted.callback_proved);
  BOOST_CHECK_EQUAL(wanted.types.at(0).text(), "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(wanted.filter.text(), "severity < 4");
  BOOST_CHECK_EQUAL(wanted.edition, "STEP.SingleLine.CC");
  BOOST_CHECK_EQUAL(wanted.language, "de");
  BOOST_CHECK_EQUAL(*wanted.delivery.retry_count, 14U);
}

BOOST_AUTO_TEST_CASE(cookie_of_another_address_or_port_or_an_old_one_is_worth_nothing) {
  ServerFixture fixture;
  auto request = fixture.registration(client_a);
  const Endpoint other_port(client_a.address(), 9001);
  for (const auto& from : {client_b, other_port})
    BOOST_CHECK(fixture.ask(from, request).code == Code::noaccess);
  fixture.pass(std::chrono::minutes{11});
  BOOST_CHECK(fixture.ask(client_a, request).code == Code::noaccess);
  fixture.restart();
  BOOST_CHECK(fixture.ask(client_a, request).code == Code::noaccess);
  BOOST_CHECK(fixture.ask(client_a, fixture.registration(client_a)).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(cookie_lives_for_at_least_five_minutes) {
  ServerFixture fixture;
  for (int offset = 0; offset < 10; ++offset) {
    fixture.pass(std::chrono::seconds{37});
    auto request = fixture.registration(client_a, "r" + std::to_string(offset));
    fixture.pass(std::chrono::seconds{299});
    BOOST_CHECK(fixture.ask(client_a, request).code == Code::noerror);
  }
}

BOOST_AUTO_TEST_CASE(wall_clock_jump_invalidates_no_cookie) {
  ServerFixture fixture;
  const auto request = fixture.registration(client_a);
  fixture.clock.jump_wall(std::chrono::hours{24 * 3650});
  BOOST_CHECK(fixture.ask(client_a, request).code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(repeated_request_gets_the_same_reply_and_is_done_once) {
  ServerFixture fixture;
  const auto octets = serialize(fixture.registration(client_a));
  const auto first = fixture.tell(client_a, octets);
  const auto second = fixture.tell(client_a, octets);
  BOOST_TEST(first == second, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.subscriptions.requests.size(), 1U);
  fixture.pass(std::chrono::minutes{4});
  BOOST_TEST(fixture.tell(client_a, octets) == first, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.subscriptions.requests.size(), 1U);
}

BOOST_AUTO_TEST_CASE(request_repeated_while_it_is_worked_on_is_not_done_twice) {
  ServerFixture fixture;
  auto request = make_message(Kind::publish, "p1");
  request.add("Type", "{a}b").add("Source", "//x").add("Cookie", fixture.cookie(client_a));
  BOOST_CHECK(fixture.tell(client_a, serialize(request), false).empty());
  BOOST_CHECK(fixture.tell(client_a, serialize(request), false).empty());
  fixture.settle();
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 1U);
  BOOST_CHECK_EQUAL(fixture.octets_to(client_a).size(), 1U);
}

BOOST_AUTO_TEST_CASE(repeat_with_a_cookie_that_expired_meanwhile_is_not_done_twice) {
  ServerFixture fixture;
  auto request = make_message(Kind::publish, "p1");
  request.add("Type", "{a}b").add("Source", "//x").add("Cookie", fixture.cookie(client_a));
  // Up to the last moment at which the cookie is still good.
  fixture.pass(std::chrono::minutes{5});
  while (fixture.ask(client_a, make_message(Kind::parameters, "x")).text("Cookie") ==
         request.text("Cookie"))
    fixture.pass(std::chrono::seconds{1});
  fixture.pass(std::chrono::seconds{299});
  const auto first = fixture.tell(client_a, serialize(request));
  BOOST_REQUIRE((parse(first.at(0))->code == Code::noerror));
  fixture.pass(std::chrono::seconds{30});
  BOOST_TEST(fixture.tell(client_a, serialize(request)) == first, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 1U);
}

BOOST_AUTO_TEST_CASE(reply_kept_for_one_address_is_not_given_to_another) {
  ServerFixture fixture;
  const auto first = fixture.ask(client_a, fixture.registration(client_a, "same"));
  const auto second = fixture.ask(client_b, fixture.registration(client_b, "same"));
  BOOST_CHECK_NE(first.text("Subscription"), second.text("Subscription"));
  auto forged = make_message(Kind::register_, "same");
  forged.add("Period", 600U);
  BOOST_CHECK(fixture.ask(client_a, forged).code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(renewal_and_cancellation_are_for_owner_and_callback_only) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  auto renewal = fixture.registration(client_b, "n1");
  renewal.add("Subscription", subscription->id);
  BOOST_CHECK(fixture.ask(client_b, renewal).code == Code::notfound);
  auto cancel = make_message(Kind::cancel, "c1");
  cancel.add("Subscription", subscription->id).add("Cookie", fixture.cookie(client_b));
  BOOST_CHECK(fixture.ask(client_b, cancel).code == Code::notfound);
  BOOST_CHECK_EQUAL(fixture.subscriptions.renewals, 0U);
  BOOST_CHECK_EQUAL(fixture.subscriptions.served.size(), 1U);

  const Endpoint came_back(client_a.address(), 9999);
  auto mine = fixture.registration(came_back, "n2");
  mine.add("Subscription", subscription->id);
  const auto renewed = fixture.ask(came_back, mine);
  BOOST_CHECK(renewed.code == Code::noerror);
  BOOST_CHECK_EQUAL(renewed.text("Subscription"), subscription->id);
  BOOST_CHECK_EQUAL(fixture.subscriptions.moves, 1U);
}

BOOST_AUTO_TEST_CASE(subscription_that_the_replica_does_not_know_yet_can_be_cancelled) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  fixture.subscriptions.lagging = true;
  for (const auto& from : {client_b, client_a}) {
    auto cancel = make_message(Kind::cancel, "c1");
    cancel.add("Subscription", subscription->id).add("Cookie", fixture.cookie(from));
    const auto code = fixture.ask(from, cancel).code;
    BOOST_CHECK(code == (from == client_a ? Code::noerror : Code::notfound));
  }
  BOOST_CHECK(fixture.subscriptions.served.empty());
}

BOOST_AUTO_TEST_CASE(nothing_follows_the_reply_to_cancel) {
  ServerFixture fixture;
  const auto subscription = fixture.subscribe(client_a);
  const auto attempt_id = fixture.deliver(fixture.event_delivery(subscription, 1));
  BOOST_CHECK_EQUAL(fixture.octets_to(client_a).size(), 1U);
  auto cancel = make_message(Kind::cancel, "c1");
  cancel.add("Subscription", subscription->id).add("Cookie", fixture.cookie(client_a));
  BOOST_CHECK(fixture.ask(client_a, cancel).code == Code::noerror);
  BOOST_REQUIRE(fixture.attempt(attempt_id).has_value());
  BOOST_CHECK(fixture.attempt(attempt_id)->outcome == Attempt::Outcome::gone);
  // Even if the host's replica is late.
  fixture.subscriptions.put(*subscription);
  const auto late = fixture.deliver(fixture.event_delivery(subscription, 2));
  BOOST_CHECK(fixture.sent.empty());
  BOOST_CHECK(fixture.attempt(late)->outcome == Attempt::Outcome::gone);
  fixture.pass(std::chrono::minutes{5});
  BOOST_CHECK(fixture.sent.empty());
}

BOOST_AUTO_TEST_CASE(parameters_show_every_limit_and_the_service) {
  ServerFixture fixture;
  auto request = make_message(Kind::parameters, "q");
  BOOST_CHECK_EQUAL(fixture.ask(client_a, request).data, "");
  request.add("Cookie", fixture.cookie(client_a));
  const auto data = fixture.ask(client_a, request).data;
  const auto lines = "\n" + data;
  for (const auto* line : {"max-subscriptions: 10000", "max-period: 86400", "max-retries: 14",
                           "retry-interval: 1", "retry-span: 300", "service: test"})
    BOOST_CHECK_MESSAGE(lines.find("\n" + std::string(line) + "\n") != std::string::npos, line);
  // Numbers, sizes and times of the configuration are limits, but for the port of a network.
  for (const auto& option : sense_options()) {
    const std::string key(option.key);
    const bool number = option.type == OptionType::integer || option.type == OptionType::size ||
                        option.type == OptionType::duration;
    if (number && key != "ipx-port")
      BOOST_CHECK_MESSAGE(lines.find("\n" + key + ": ") != std::string::npos, key);
  }
  BOOST_CHECK_EQUAL(data.find("max-period: 5\n"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(reason_says_its_language_to_those_that_proved_themselves) {
  ServerFixture fixture;
  auto request = make_message(Kind::register_, "r1");
  request.add("Period", 0U).add("Language", "de");
  const auto unproved = fixture.ask(client_a, request);
  BOOST_CHECK(unproved.has("Reason"));
  BOOST_CHECK(!unproved.has("Reason-Language"));
  request.tag = "r2";
  request.add("Cookie", fixture.cookie(client_a));
  const auto refusal = fixture.ask(client_a, request);
  BOOST_CHECK_EQUAL(refusal.text("Reason"), "Period is 0; CANCEL ends a subscription");
  BOOST_CHECK_EQUAL(refusal.text("Reason-Language"), "en");
  BOOST_CHECK(!fixture.ask(client_a, fixture.registration(client_a, "r3")).has("Reason-Language"));
}

BOOST_AUTO_TEST_CASE(publish_is_answered_only_when_the_event_is_durable) {
  ServerFixture fixture;
  auto request = make_message(Kind::publish, "p1");
  request.add("Type", "{urn:example:printer}jam").add("Source", "//x/a%20b").add("Severity", 3U);
  request.add("Subject", "tray").add("Time", "2026-11-21T10:15:00.250+01:00");
  request.add("Cookie", fixture.cookie(client_a));
  request.data = std::string("\0\n\nEND", 6);
  BOOST_CHECK(fixture.tell(client_a, serialize(request), false).empty());
  BOOST_CHECK_EQUAL(fixture.publisher.waiting(), 1U);
  fixture.settle();
  const auto replies = fixture.octets_to(client_a);
  BOOST_REQUIRE_EQUAL(replies.size(), 1U);
  const auto reply = parse(replies[0]);
  BOOST_CHECK_EQUAL(reply->text("Sequence"), "1");
  const auto& event = fixture.publisher.events.at(0);
  BOOST_CHECK_EQUAL(reply->text("Id"), event.id);
  BOOST_CHECK_EQUAL(event.id.size(), 26U);
  BOOST_CHECK_EQUAL(event.source, "//x/a%20b");
  BOOST_CHECK_EQUAL(event.subject, "tray");
  BOOST_CHECK_EQUAL(to_rfc3339(*event.time), "2026-11-21T09:15:00.250Z");
  BOOST_CHECK_EQUAL(event.data, request.data);
}

BOOST_AUTO_TEST_CASE(refused_publish_carries_the_brokers_reason) {
  ServerFixture fixture;
  fixture.publisher.refusal = Error{Code::nomoreroom, "the journal is full"};
  auto request = make_message(Kind::publish, "p1");
  request.add("Type", "{a}b").add("Source", "//x").add("Cookie", fixture.cookie(client_a));
  const auto reply = fixture.ask(client_a, request);
  BOOST_CHECK(reply.code == Code::nomoreroom);
  BOOST_CHECK_EQUAL(reply.text("Reason"), "the journal is full");
}

BOOST_AUTO_TEST_CASE(bad_values_are_refused_with_the_right_code) {
  ServerFixture fixture;
  const auto cookie = fixture.cookie(client_a);
  int tag = 0;
  const auto code = [&](const std::string& kind, const std::string& properties) {
    const auto reply =
        parse(fixture
                  .tell(client_a, "SENSE/1 " + kind + " t" + std::to_string(++tag) +
                                      "\nCookie: " + cookie + "\n" + properties + "\n")
                  .at(0));
    BOOST_CHECK_MESSAGE(reply->has("Reason"), properties);
    return reply->code;
  };
  BOOST_CHECK(code("REGISTER", "") == Code::protoerror);
  BOOST_CHECK(code("REGISTER", "Period: 0\n") == Code::badparam);
  BOOST_CHECK(code("REGISTER", "Period: soon\n") == Code::badparam);
  BOOST_CHECK((code("REGISTER", "Period: 9\nType: {a\n") == Code::badparam));
  BOOST_CHECK(code("REGISTER", "Period: 9\nSource: //a/x*y\n") == Code::badparam);
  BOOST_CHECK(code("REGISTER", "Period: 9\nFilter: a = \n") == Code::badparam);
  BOOST_CHECK(code("REGISTER", "Period: 9\nSubscription: s-none\n") == Code::notfound);
  BOOST_CHECK(code("REGISTER", "Period: 9\nDeliver-To: nonsense\n") == Code::badparam);
  BOOST_CHECK(code("REGISTER", "Period: 9\nDeliver-To: http://8.8.8.8:2000\n") == Code::badparam);
  BOOST_CHECK(code("REGISTER", "Period: 9\nDeliver-To: sense://host.example:2000\n") ==
              Code::badparam);
  BOOST_CHECK(code("CANCEL", "") == Code::protoerror);
  BOOST_CHECK(code("CANCEL", "Subscription: s-none\n") == Code::notfound);
  BOOST_CHECK(code("SOURCES", "Limit: 0\n") == Code::badparam);
  BOOST_CHECK(code("SOURCES", "Limit: many\n") == Code::badparam);
  BOOST_CHECK(code("PUBLISH", "Source: //x\n") == Code::protoerror);
  BOOST_CHECK((code("PUBLISH", "Type: {a}b\n") == Code::protoerror));
  BOOST_CHECK((code("PUBLISH", "Type: {a}b\nSource: a b\n") == Code::badparam));
  BOOST_CHECK((code("PUBLISH", "Type: {a}b\nSource: //x\nSeverity: 8\n") == Code::badparam));
  BOOST_CHECK((code("PUBLISH", "Type: {a}b\nSource: //x\nTime: noon\n") == Code::badparam));
  BOOST_CHECK(
      (code("PUBLISH", "Type: {a}b\nSource: //x\nTruncated: yes\nLength: 9\n") == Code::badparam));
  BOOST_CHECK(code("PARAMETERS", "Key: k\nMac: m\n") == Code::protoerror);
  BOOST_CHECK(code("EVENT", "") == Code::protoerror);
  BOOST_CHECK(fixture.subscriptions.requests.empty());
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 0U);
}

BOOST_AUTO_TEST_CASE(limits_refuse_the_next_one_and_leave_the_others_alone) {
  Limits limits;
  limits.max_subscriptions = 3;
  limits.max_subscriptions_per_client = 2;
  limits.max_sources_per_subscription = 2;
  limits.max_pending = 4;
  ServerFixture fixture(limits);
  const auto code = [&](const Endpoint& from, const char* tag) {
    return fixture.ask(from, fixture.registration(from, tag)).code;
  };
  const auto first = fixture.subscribe(client_a, "r1");
  fixture.subscriptions.lagging = true;  // what was just created counts all the same
  BOOST_CHECK(code(client_a, "r2") == Code::noerror);
  BOOST_CHECK(code(client_a, "r3") == Code::nomoreroom);
  fixture.subscriptions.lagging = false;
  BOOST_CHECK(code(client_a, "r4") == Code::nomoreroom);
  BOOST_CHECK(code(client_b, "r5") == Code::noerror);
  BOOST_CHECK(code(client_b, "r5b") == Code::nomoreroom);
  auto many = fixture.registration(client_b, "r6");
  many.add("Source", "//a").add("Source", "//b").add("Source", "//c");
  BOOST_CHECK(fixture.ask(client_b, many).code == Code::nomoreroom);
  (void)fixture.deliver(fixture.event_delivery(first, 1));
  BOOST_CHECK_EQUAL(fixture.octets_to(client_a).size(), 1U);
}

BOOST_AUTO_TEST_CASE(requests_over_max_pending_are_refused_at_once) {
  Limits limits;
  limits.max_pending = 2;
  ServerFixture fixture(limits);
  const auto cookie = fixture.cookie(client_a);
  std::vector<std::string> replies;
  for (int i = 0; i < 3; ++i) {
    auto request = make_message(Kind::publish, "p" + std::to_string(i));
    request.add("Type", "{a}b").add("Source", "//x").add("Cookie", cookie);
    replies = fixture.tell(client_a, serialize(request), false);
    BOOST_CHECK_EQUAL(replies.size(), (i < 2 ? 0U : 1U));
  }
  BOOST_CHECK(parse(replies.at(0))->code == Code::nomoreroom);
  fixture.settle();
  BOOST_CHECK_EQUAL(fixture.publisher.calls, 2U);
}

BOOST_AUTO_TEST_CASE(too_long_a_datagram_is_answered_with_datatoobig) {
  ServerFixture fixture;
  std::string octets = "SENSE/1 PUBLISH p1\nType: {a}b\nSource: //x\nLength: 2000\n\n";
  octets += std::string(2000, 'x');
  BOOST_CHECK(parse(fixture.tell(client_a, octets).at(0))->code == Code::datatoobig);
  fixture.sent.clear();
  const auto cut = octets.substr(0, 1201);
  fixture.perform(fixture.server->on_datagram(cut, {client_a, 0}, fixture.clock.now(), true));
  BOOST_CHECK(parse(fixture.octets_to(client_a).at(0))->code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(replies_are_never_answered) {
  ServerFixture fixture;
  for (const auto* octets : {"SENSE/1 REPLY r1 0 NOERROR\n\n", "SENSE/1 REPLY r1 99 WHAT\n\n",
                             "SENSE/1 REPLY r1\n\n", "SENSE/1 REPLY r1 0 NOERROR\nbroken\n\n"})
    BOOST_CHECK_MESSAGE(fixture.tell(client_a, octets).empty(), octets);
}

BOOST_AUTO_TEST_SUITE_END()
