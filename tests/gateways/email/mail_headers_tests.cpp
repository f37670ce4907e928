// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/headers.hpp"

#include "core/registry/leave_token.hpp"
#include "gateways/email/message.hpp"
#include "tests/gateways/api/fakes.hpp"
#include "tests/gateways/email/mail_text.hpp"

using namespace sense;
using namespace sense::email;
using namespace sense::test;

namespace {

const Contact both{"https://hq.example", "sense-in@hq.example"};

Subscription confirmed() {
  auto subscription = *sample_delivery("mailto:user@example.org")->subscription;
  subscription.secrets.edit().current = make_webhook_secret();
  return subscription;
}

std::string value_in(const Headers& headers, const std::string& name) {
  std::string found;
  for (const auto& [key, value] : headers)
    if (key == name) found += value;
  return found;
}

std::string message_of(const Contact& contact, const Subscription& subscription,
                       const Event& event = sample_event()) {
  auto delivery = sample_delivery("mailto:user@example.org", event);
  delivery->subscription = std::make_shared<const Subscription>(subscription);
  return delivery_message({"sense@hq.example", "user@example.org", WallTime{}, contact}, *delivery);
}

Event of_source(const std::string& source, const std::string& correlation = {}) {
  auto event = sample_event();
  event.source = source;
  event.correlationid = correlation;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mail_headers_tests)

BOOST_AUTO_TEST_CASE(a_mail_says_how_it_is_left) {
  const auto subscription = confirmed();
  const auto page = "https://hq.example/v1/subscriptions/" + subscription.id +
                    "/unsubscribe?token=" + leave_token(subscription);
  const auto headers = list_headers(both, subscription, "hq.example");
  BOOST_CHECK_EQUAL(value_in(headers, "List-Unsubscribe"),
                    "<" + page + ">, <mailto:sense-in@hq.example?subject=unsubscribe%20" +
                        subscription.id + "%20" + leave_token(subscription) + ">");
  BOOST_CHECK_EQUAL(value_in(headers, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
  BOOST_CHECK_EQUAL(value_in(headers, "List-Help"), "<mailto:sense-in@hq.example?subject=help>");
  const auto message = message_of(both, subscription);
  check_lines(message);
  BOOST_CHECK_EQUAL(value_of(message, "List-Unsubscribe"), value_in(headers, "List-Unsubscribe"));
  BOOST_CHECK_NE(part_of(message, "text/html").find("<a href=\"" + page + "\">"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_named) {
  const auto subscription = confirmed();
  const auto plain = list_headers({"http://hq.example:8080", ""}, subscription, "hq.example");
  BOOST_CHECK(value_in(plain, "List-Unsubscribe").starts_with("<http://hq.example:8080/v1/"));
  BOOST_CHECK_EQUAL(value_in(plain, "List-Help"), value_in(plain, "List-Unsubscribe"));
  // RFC 8058 section 3.1: by https alone.
  BOOST_CHECK_EQUAL(value_in(plain, "List-Unsubscribe-Post"), "");
  BOOST_CHECK_EQUAL(list_headers({}, subscription, "hq.example").size(), 1U);
  // One of the configuration file cannot be left.
  auto configured = subscription;
  configured.secrets.edit().current.clear();
  configured.id = "a/b c";
  const auto fixed = list_headers(both, configured, "hq.example");
  BOOST_CHECK_EQUAL(value_in(fixed, "List-Id"), "<a-b-c.sense.hq.example>");
  BOOST_CHECK_EQUAL(value_in(fixed, "List-Unsubscribe"), "");
  BOOST_CHECK_EQUAL(value_in(fixed, "List-Unsubscribe-Post"), "");
  BOOST_CHECK_NE(value_in(fixed, "List-Help"), "");
  BOOST_CHECK_EQUAL(part_of(message_of(both, configured), "text/html").find("<a "),
                    std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_id_with_signs_stays_one_segment_of_the_url) {
  BOOST_CHECK_EQUAL(page_url({"http://a", ""}, "x/../y?z", "confirm", "a b&c>"),
                    "http://a/v1/subscriptions/x%2F..%2Fy%3Fz/confirm?token=a%20b%26c%3E");
}

BOOST_AUTO_TEST_CASE(events_of_a_source_thread_and_a_clear_lies_under_its_raise) {
  const auto subscription = confirmed();
  const auto of = [&](const Event& event) {
    return thread_headers(event, subscription, "hq.example");
  };
  const auto source = value_in(of(of_source("/a")), "References");
  BOOST_CHECK_EQUAL(value_in(of(of_source("/a")), "In-Reply-To"), source);
  BOOST_CHECK_NE(value_in(of(of_source("/b")), "References"), source);
  const auto raise = of(of_source("/a", "alarm-7"));
  auto cleared = of_source("/a", "alarm-7");
  cleared.id = "another";
  cleared.type = *QName::parse("{urn:x}clear");
  BOOST_CHECK(of(cleared) == raise);
  BOOST_CHECK(value_in(raise, "References").starts_with(source + " <"));
  BOOST_CHECK(value_in(raise, "References").ends_with(" " + value_in(raise, "In-Reply-To")));
  BOOST_CHECK_NE(value_in(of(of_source("/b", "alarm-7")), "In-Reply-To"),
                 value_in(raise, "In-Reply-To"));
  auto other = subscription;
  other.id = "s-2";
  BOOST_CHECK_NE(value_in(thread_headers(of_source("/a"), other, "hq.example"), "References"),
                 source);
  // The id of no mail: repeats of a mail would have it, too.
  const auto message = message_of(both, subscription, of_source("/a", "alarm-7"));
  BOOST_CHECK_EQUAL(value_of(message, "References"), value_in(raise, "References"));
  BOOST_CHECK_EQUAL(value_in(raise, "References").find(value_of(message, "Message-ID")),
                    std::string::npos);
}

BOOST_AUTO_TEST_CASE(severity_is_the_priority) {
  const auto shown = [](std::optional<unsigned> severity) {
    Event event;
    if (severity) event.severity = *severity;
    const auto headers = priority_headers(event);
    return value_in(headers, "X-Priority") + value_in(headers, "Importance");
  };
  BOOST_CHECK_EQUAL(shown({}), "");
  for (const unsigned severity : {0U, 1U, 2U}) BOOST_CHECK_EQUAL(shown(severity), "1high");
  BOOST_CHECK_EQUAL(shown(3), "2high");
  for (const unsigned severity : {4U, 5U}) BOOST_CHECK_EQUAL(shown(severity), "3normal");
  for (const unsigned severity : {6U, 7U}) BOOST_CHECK_EQUAL(shown(severity), "5low");
}

BOOST_AUTO_TEST_CASE(language_tags_have_the_form_of_rfc_5646) {
  for (const char* good :
       {"de", "de-DE", "zh-Hant-TW", "zh-cmn-Hans-CN", "sl-rozaj-biske", "de-CH-1901",
        "sl-IT-nedis", "es-419", "en-US-u-islamcal", "zh-CN-a-myext-x-private", "x-whatever",
        "en-a-bbb-x-a-ccc", "qaa-Qaaa-QM-x-southern", "tlh", "abcdefgh"})
    BOOST_CHECK_MESSAGE(is_language_tag(good), good);
  for (const char* bad :
       {"",
        "-",
        "d",
        "de-",
        "-de",
        "de--DE",
        "de_DE",
        "abcdefghi",
        "419",
        "de-419-DE",
        "a-DE",
        "x",
        "de-x",
        "de-a",
        "de-a-x-b",
        "ar-a-",
        "en-abcd-efghi-abcd",
        "de\r\nBcc: x",
        "de DE",
        "d\xc3\xa9",
        "de-x-123456789",
        "german1-",
        "zh-cmn-yue-gan-hak",
        "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee-ffffffff-gggggggg-hhhhhhhh"})
    BOOST_CHECK_MESSAGE(!is_language_tag(bad), bad);
}

BOOST_AUTO_TEST_CASE(the_language_of_an_event_is_that_of_its_mail) {
  auto event = sample_event();
  event.language = "de-CH";
  const auto message = message_of({}, confirmed(), event);
  BOOST_CHECK_EQUAL(value_of(message, "Content-Language"), "de-CH");
  BOOST_CHECK_NE(part_of(message, "text/html").find("<html lang=\"de-CH\">"), std::string::npos);
  event.language = "deutsch!";
  const auto other = message_of({}, confirmed(), event);
  BOOST_CHECK_EQUAL(value_of(other, "Content-Language"), "");
  BOOST_CHECK_NE(part_of(other, "text/html").find("<html><head>"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
