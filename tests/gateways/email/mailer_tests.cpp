// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/mailer.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/gateways/email/relay.hpp"

using namespace sense;
using namespace sense::test;

namespace {

Attempt deliver_by(Relay& relay, const std::string& timeout = "20s") {
  PluginHarness harness(std::vector<std::string>{});  // the relay needs no egress: allow:
  auto settings = mail_options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("timeout", timeout));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  return harness.deliver(sample_delivery("mailto:user@example.org"));
}

Attempt::Outcome outcome_with(Script script) {
  Relay relay(std::move(script));
  return deliver_by(relay).outcome;
}

using Outcome = Attempt::Outcome;

}  // namespace

BOOST_AUTO_TEST_SUITE(mailer_tests)

BOOST_AUTO_TEST_CASE(a_relay_gets_the_message_for_one_recipient) {
  Relay relay;
  const auto attempt = deliver_by(relay);
  BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::delivered), attempt.answer);
  BOOST_REQUIRE(relay.messages().size() == 1U);
  const auto message = relay.messages()[0];
  BOOST_CHECK(message.starts_with("From: sense@hq.example\r\nTo: user@example.org\r\n"));
  BOOST_CHECK_NE(message.find("342 Printer jam"), std::string::npos);
  std::size_t recipients = 0;
  for (const auto& command : relay.commands()) {
    if (command.starts_with("RCPT")) {
      ++recipients;
      BOOST_CHECK_EQUAL(command, "RCPT TO:<user@example.org>");
    }
    if (command.starts_with("MAIL"))
      BOOST_CHECK(command.starts_with("MAIL FROM:<sense@hq.example>"));
    if (command.starts_with("EHLO")) BOOST_CHECK_EQUAL(command, "EHLO hq.example");
  }
  BOOST_CHECK_EQUAL(recipients, 1U);
}

BOOST_AUTO_TEST_CASE(one_connection_carries_many_messages) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  for (int i = 0; i < 5; ++i)
    BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
                Outcome::delivered);
  BOOST_CHECK_EQUAL(relay.messages().size(), 5U);
  BOOST_CHECK_EQUAL(relay.connections(), 1U);
}

BOOST_AUTO_TEST_CASE(data_cannot_end_the_message_or_start_a_command) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  auto event = sample_event();
  event.data = "a\n.\nMAIL FROM:<x@y>\r\n.\r\nRCPT TO:<v@w>\n\n.\r.\r\n";
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org", event)).outcome ==
              Outcome::delivered);
  BOOST_REQUIRE(relay.messages().size() == 1U);
  BOOST_CHECK_NE(relay.messages()[0].find("RCPT TO:<v@w>"), std::string::npos);
  for (const auto& command : relay.commands()) BOOST_CHECK_NE(command, "RCPT TO:<v@w>");
}

BOOST_AUTO_TEST_CASE(passing_refusals_are_tried_again) {
  BOOST_CHECK(outcome_with({.banner = "421 busy"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.mail = "451 later"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.rcpt = "450 greylisted"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.data = "452 full"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.final = "451 later"}) == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(a_refused_message_is_rejected) {
  BOOST_CHECK(outcome_with({.final = "550 looks like spam"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.final = "554 5.6.0 no"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.mail = "552 5.3.4 too big"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.rcpt = "552 5.2.3 too big"}) == Outcome::rejected);
}

// From the field: each of these made a dead letter of every event, or ended the subscription.
BOOST_AUTO_TEST_CASE(what_is_about_the_relay_is_tried_again) {
  for (auto script :
       {Script{.banner = "554 no service for you"},
        Script{.hello = "550 5.7.1 go away", .helo = "550 5.7.1 go away"},
        Script{.mail = "550 not you"}, Script{.mail = "530 5.7.0 authenticate first"},
        Script{.rcpt = "550 5.7.1 Policy reason"}, Script{.rcpt = "550 relay not permitted"},
        Script{.rcpt = "554 no"}, Script{.rcpt = "552 quota"}, Script{.rcpt = "551 moved"},
        Script{.rcpt = "553 bad name"}, Script{.rcpt = "550-no\r\n550 such user"},
        Script{.data = "554 no valid recipients"}, Script{.final = "554 5.3.0 system is down"},
        Script{.final = "550 5.7.26 unauthenticated sender"}}) {
    Relay relay(script);
    const auto attempt = deliver_by(relay);
    BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::retry), attempt.answer);
    BOOST_CHECK(attempt.answer.starts_with("SMTP 5"));
  }
}

BOOST_AUTO_TEST_CASE(a_missing_mailbox_ends_the_subscription_after_half_an_hour_and_not_before) {
  Relay relay({.rcpt = "550-5.1.1 there is no such\r\n550 5.1.1 user"});
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  const auto outcome = [&] {
    return harness.deliver(sample_delivery("mailto:user@example.org")).outcome;
  };
  BOOST_CHECK(outcome() == Outcome::retry);
  harness.clock.advance(std::chrono::minutes{29});
  BOOST_CHECK(outcome() == Outcome::retry);
  harness.clock.advance(std::chrono::minutes{1});
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:other@example.org")).outcome ==
              Outcome::retry);
  BOOST_CHECK(outcome() == Outcome::gone);
}

// Nothing of an earlier refusal is taken for the answer to the message.
BOOST_AUTO_TEST_CASE(a_relay_without_ehlo_that_is_cut_at_the_end_has_refused_nothing) {
  Relay relay({.hello = "502 what?", .final = "cut"});
  const auto attempt = deliver_by(relay);
  BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::retry), attempt.answer);
  BOOST_CHECK_EQUAL(attempt.answer.find("502"), std::string::npos);
  BOOST_CHECK_EQUAL(relay.messages().size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_relay_that_closes_at_once_is_tried_again_and_takes_the_next_mail) {
  Relay relay({.first = "421 4.3.2 shutting down"});
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  const auto first = harness.deliver(sample_delivery("mailto:user@example.org"));
  BOOST_CHECK(first.outcome == Outcome::retry);
  BOOST_CHECK_EQUAL(first.answer, "SMTP 421 4.3.2 shutting down");
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(the_refusal_is_shown_to_the_operator) {
  Relay relay({.rcpt = "550 5.1.1 no such user"});
  BOOST_CHECK_EQUAL(deliver_by(relay).answer, "SMTP 550 5.1.1 no such user");
  Relay wordy({.rcpt = "550-5.7.1 see\r\n550 5.7.1 http://relay.example/why"});
  BOOST_CHECK_EQUAL(deliver_by(wordy).answer,
                    "SMTP 550-5.7.1 see 550 5.7.1 http://relay.example/why");
  Relay endless({.rcpt = [] {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "550-5.7.1 " + std::string(80, 'x') + "\r\n";
    return text + "550 5.7.1 end";
  }()});
  BOOST_CHECK_LT(deliver_by(endless).answer.size(), 1100U);
}

BOOST_AUTO_TEST_CASE(a_lost_connection_is_unknown_and_tried_again) {
  BOOST_CHECK(outcome_with({.banner = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.hello = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.mail = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.rcpt = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.data = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.final = "cut"}) == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(a_silent_relay_is_given_up_and_tried_again) {
  for (auto script : {Script{.banner = "hang"}, Script{.rcpt = "hang"}, Script{.final = "hang"}}) {
    Relay relay(script);
    BOOST_CHECK(deliver_by(relay, "1s").outcome == Outcome::retry);
  }
}

BOOST_AUTO_TEST_CASE(required_tls_is_not_done_without) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  auto settings = mail_options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("starttls", "required"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::retry);
  BOOST_CHECK(relay.messages().empty());
}

// A man in the middle lets the offer pass and answers STARTTLS instead of the relay.
BOOST_AUTO_TEST_CASE(a_relay_that_offers_tls_and_refuses_it_gets_no_mail) {
  for (const char* answer : {"454 not now", "502 what?", "250 ok", "554 no"}) {
    for (const char* offer : {"250-relay\r\n250-STARTTLS\r\n250 SIZE 1000000",
                              "250-relay\r\n250 starttls", "250-SIZE 1\r\n250 STARTTLS"}) {
      Relay relay({.hello = offer, .starttls = answer});
      PluginHarness harness(std::vector<std::string>{});
      BOOST_REQUIRE(harness.start(
          email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
      const auto attempt = harness.deliver(sample_delivery("mailto:user@example.org"));
      BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::retry), attempt.answer);
      BOOST_CHECK_MESSAGE(attempt.answer.find("TLS") != std::string::npos, attempt.answer);
      BOOST_CHECK(relay.messages().empty());
      for (const auto& command : relay.commands())
        BOOST_CHECK_MESSAGE(!command.starts_with("RCPT"), answer << " " << offer);
      BOOST_CHECK_EQUAL(harness.counters["email.relay.no-tls"], 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_relay_that_has_offered_tls_once_gets_no_mail_without) {
  Relay relay({.hello = "250-relay\r\n250 STARTTLS", .hello_later = "250 relay"});
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  for (unsigned i = 1; i < 4; ++i) {
    const auto attempt = harness.deliver(sample_delivery("mailto:user@example.org"));
    BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::retry), attempt.answer);
    BOOST_CHECK_MESSAGE(attempt.answer.find("has offered TLS") != std::string::npos,
                        attempt.answer);
    BOOST_CHECK_EQUAL(harness.counters["email.relay.no-tls"], i);
  }
  BOOST_CHECK(relay.messages().empty());
  BOOST_CHECK_EQUAL(relay.connections(), 4U - 1U);
}

BOOST_AUTO_TEST_CASE(a_connection_from_before_the_offer_carries_no_mail_after_it) {
  Relay relay({.hello = "250 relay", .hello_later = "250-relay\r\n250 STARTTLS"});
  PluginHarness harness(std::vector<std::string>{});
  auto settings = mail_options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("connections", "2"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  const auto mail = sample_delivery("mailto:user@example.org");
  BOOST_CHECK(harness.deliver(mail).outcome == Outcome::delivered);
  // Of two at once one goes by the open connection, and the other opens one, and sees the offer:
  // unless the first is done before the second is begun.
  std::size_t delivered = 1;
  bool offered = false;
  for (int i = 0; i < 1'000 && !offered; ++i) {
    auto first = harness.deliver_later(mail);
    auto second = harness.deliver_later(mail);
    for (auto* each : {&first, &second})
      if (each->get().outcome == Outcome::delivered)
        ++delivered;
      else
        offered = true;
  }
  BOOST_REQUIRE(offered);
  BOOST_CHECK(harness.deliver(mail).outcome == Outcome::retry);
  BOOST_CHECK_EQUAL(relay.messages().size(), delivered);
}

BOOST_AUTO_TEST_CASE(what_the_operator_wants_without_tls_is_done_without) {
  Relay relay({.hello = "250-relay\r\n250 STARTTLS"});
  PluginHarness harness(std::vector<std::string>{});
  auto settings = mail_options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("starttls", "never"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::delivered);
}

BOOST_AUTO_TEST_CASE(tls_is_required_of_a_relay_elsewhere_unless_the_option_says_otherwise) {
  using Tls = MailRequest::Tls;
  for (const char* host : {"localhost", "mail.localhost", "127.0.0.1", "127.0.0.53", "::1"})
    BOOST_CHECK_MESSAGE((*email::relay_tls("", host) == Tls::when_offered), host);
  for (const char* host : {"relay.example", "10.0.0.1", "localhost.example", "fd00::1", ""})
    BOOST_CHECK_MESSAGE((*email::relay_tls("", host) == Tls::required), host);
  BOOST_CHECK(*email::relay_tls("when-offered", "relay.example") == Tls::when_offered);
  BOOST_CHECK(*email::relay_tls("never", "relay.example") == Tls::never);
  BOOST_CHECK(*email::relay_tls("required", "localhost") == Tls::required);
  BOOST_CHECK(!email::relay_tls("maybe", "localhost"));
}

BOOST_AUTO_TEST_CASE(stop_answers_what_is_under_way_once_and_does_not_wait_for_the_relay) {
  for (auto script : {Script{.banner = "hang"}, Script{.rcpt = "hang"}, Script{.data = "hang"},
                      Script{.final = "hang"}}) {
    Relay relay(script);
    std::vector<std::future<Attempt>> attempts;
    const auto begin = std::chrono::steady_clock::now();
    {
      PluginHarness harness(std::vector<std::string>{});
      BOOST_REQUIRE(harness.start(
          email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
      for (int i = 0; i < 8; ++i)
        attempts.push_back(harness.deliver_later(sample_delivery("mailto:user@example.org")));
      while (relay.connections() == 0) std::this_thread::yield();
      if (script.final == "hang")
        while (relay.messages().empty()) std::this_thread::yield();
    }
    BOOST_CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
    for (auto& attempt : attempts) BOOST_CHECK(attempt.get().outcome == Outcome::retry);
  }
}

BOOST_AUTO_TEST_CASE(stop_does_not_complete_a_message_that_is_half_sent) {
  std::promise<void> begun;
  std::promise<void> stopped;
  std::promise<std::string> taken;
  LoopbackServer relay([&, first = true](LoopbackServer::Peer& peer) mutable {
    peer.write("220 ready\r\n");
    while (const auto line = peer.read_until("\r\n")) {
      if (!line->starts_with("DATA")) {
        peer.write("250 ok\r\n");
        continue;
      }
      peer.write("354 go on\r\n");
      if (std::exchange(first, false)) begun.set_value();
      stopped.get_future().wait();  // the sender's and our buffers fill up
      std::string text;
      while (const auto octet = peer.read(1)) text += *octet;
      return taken.set_value(text);
    }
  });
  {
    PluginHarness harness(std::vector<std::string>{});
    auto settings = mail_options("smtp", "smtp://127.0.0.1:" + std::to_string(relay.port()));
    BOOST_REQUIRE(settings.set("connections", "1"));
    BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
    auto event = sample_event();
    event.data.assign(Event::data_length_max, '=');  // three octets each
    (void)harness.deliver_later(sample_delivery("mailto:user@example.org", event));
    begun.get_future().wait();
  }
  stopped.set_value();
  const auto text = taken.get_future().get();
  BOOST_TEST_MESSAGE("octets that the relay got: " << text.size());
  if (text.find("number: 42") == std::string::npos || text.size() < 3U * Event::data_length_max)
    BOOST_CHECK(!text.ends_with("\r\n.\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()
