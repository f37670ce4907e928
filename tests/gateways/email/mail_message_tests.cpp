// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/message.hpp"

#include <boost/test/unit_test.hpp>

#include "core/base/encoding.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/email/mime.hpp"
#include "tests/gateways/api/fakes.hpp"
#include "tests/gateways/email/mail_text.hpp"

using namespace sense;
using namespace sense::email;
using namespace sense::test;

namespace {

const Envelope envelope{"sense@hq.example", "user@example.org",
                        *parse_rfc3339("2026-11-21T09:15:00Z")};

std::string message_of(Event event) {
  return delivery_message(envelope,
                          *test::sample_delivery("mailto:user@example.org", std::move(event)));
}

const std::vector<std::string> expected_names = {
    "From",           "To",          "Date",       "Message-ID",         "Subject",
    "Auto-Submitted", "Precedence",  "List-Id",    "Sense-Subscription", "Sense-Number",
    "Sense-Event-Id", "In-Reply-To", "References", "X-Priority",         "Importance",
    "MIME-Version",   "Content-Type"};

}  // namespace

BOOST_AUTO_TEST_SUITE(mail_message_tests)

BOOST_AUTO_TEST_CASE(an_event_is_a_plain_readable_mail) {
  const auto message = message_of(test::sample_event());
  check_lines(message);
  BOOST_TEST(names_of(message) == expected_names, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(value_of(message, "From"), "sense@hq.example");
  BOOST_CHECK_EQUAL(value_of(message, "To"), "user@example.org");
  BOOST_CHECK_EQUAL(value_of(message, "Subject"), "[error] jam: //hq.example/printer/floor2/hp4");
  BOOST_CHECK_EQUAL(value_of(message, "Date"), "Sat, 21 Nov 2026 09:15:00 +0000");
  BOOST_CHECK_EQUAL(value_of(message, "Auto-Submitted"), "auto-generated");
  BOOST_CHECK_EQUAL(value_of(message, "Sense-Number"), "42");
  BOOST_CHECK_EQUAL(value_of(message, "List-Id"),
                    "<s-0123456789abcdefghjkmnpqrs.sense.hq.example>");
  const auto text = part_of(message, "text/plain");
  for (const char* line : {"id: e-1\r\n", "type: {urn:example:printer}jam\r\n", "number: 42\r\n",
                           "time: 2026-11-21T09:15:00.250Z\r\n", "\r\n\r\n342 Printer jam"})
    BOOST_CHECK_MESSAGE(text.find(line) != std::string::npos, line);
}

BOOST_AUTO_TEST_CASE(repeats_have_the_same_message_id_and_others_another) {
  auto first = test::sample_delivery("mailto:a@b");
  auto again = std::make_shared<Delivery>(*first);
  again->attempt = 9;
  const auto id = [](const Delivery& d) {
    return value_of(delivery_message(envelope, d), "Message-ID");
  };
  BOOST_CHECK_EQUAL(id(*first), id(*again));
  auto next = std::make_shared<Delivery>(*first);
  next->number = 43;
  BOOST_CHECK_NE(id(*first), id(*next));
  auto other = std::make_shared<Delivery>(*first);
  auto event = *first->event;
  event.source = "/other";
  other->event = std::make_shared<const Event>(event);
  BOOST_CHECK_NE(id(*first), id(*other));
  auto theirs = std::make_shared<Delivery>(*first);
  auto subscription = *first->subscription;
  subscription.id = "s-2";
  theirs->subscription = std::make_shared<const Subscription>(subscription);
  BOOST_CHECK_NE(id(*first), id(*theirs));
}

BOOST_AUTO_TEST_CASE(no_attribute_can_add_a_header_or_end_the_headers) {
  const std::vector<std::string> evil = {"x\r\nBcc: victim@example.org",
                                         "x\nBcc: v@example.org",
                                         "x\r\n\r\nbody",
                                         "x\rBcc: y",
                                         "\r\n.\r\n",
                                         "=?UTF-8?Q?=0ABcc?=",
                                         "\xe2\x80\xae"
                                         "evil",
                                         "\xc2\x85 next",
                                         "\x1b[2J",
                                         std::string(2000, 'x'),
                                         std::string(2000, ' ') + "\r\nB: c"};
  for (const auto& text : evil) {
    auto event = test::sample_event();
    event.id = text.substr(0, 256);
    event.subject = text;
    event.language = text;
    event.extensions["note"] = text;
    const auto message = message_of(event);
    check_lines(message);
    BOOST_TEST(names_of(message) == expected_names, boost::test_tools::per_element());
    BOOST_CHECK_EQUAL(message.find("\r\nBcc"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(answers_go_where_the_event_says_if_that_is_one_plain_address) {
  auto event = test::sample_event();
  event.replyto = "mailto:desk%40x@Shop.example";
  BOOST_CHECK_EQUAL(value_of(message_of(event), "Reply-To"), "");
  event.replyto = "mailto:desk@Shop.example";
  BOOST_CHECK_EQUAL(value_of(message_of(event), "Reply-To"), "desk@shop.example");
  for (const auto* none :
       {"", "desk@shop.example", "https://shop.example/desk", "mailto:a@b.example?bcc=c@d.example",
        "mailto:a@b.example,c@d.example", "mailto:a@b.example%0D%0ABcc:%20c@d.example"}) {
    event.replyto = none;
    const auto message = message_of(event);
    BOOST_CHECK_EQUAL(value_of(message, "Reply-To"), "");
    BOOST_CHECK_EQUAL(value_of(message, "Bcc"), "");
  }
}

BOOST_AUTO_TEST_CASE(a_subject_that_is_not_ascii_is_in_encoded_words) {
  auto event = test::sample_event();
  event.subject = "";
  for (int i = 0; i < 40; ++i) event.subject += "\xe2\x82\xac";
  const auto message = message_of(event);
  check_lines(message);
  const auto subject = value_of(message, "Subject");
  std::string decoded;
  for (std::size_t at = 0; (at = subject.find("=?UTF-8?B?", at)) != std::string::npos;) {
    const auto end = subject.find("?=", at);
    BOOST_CHECK_LE(end + 2 - at, 75U);
    const auto piece = from_base64(subject.substr(at + 10, end - at - 10));
    BOOST_REQUIRE(piece);
    decoded += *piece;
    at = end;
  }
  BOOST_CHECK(decoded.starts_with("[error] jam: " + event.subject + " at //hq"));
}

BOOST_AUTO_TEST_CASE(every_line_end_becomes_crlf) {
  auto event = test::sample_event();
  event.data = "one\ntwo\r\nthree\rfour\n\n.\n.\r\nFrom here\n..\n";
  const auto message = message_of(event);
  check_lines(message);
  BOOST_CHECK_NE(message.find("\r\n=46rom here"), std::string::npos);
  BOOST_CHECK(
      part_of(message, "text/plain")
          .ends_with("\r\n\r\none\r\ntwo\r\nthree\r\nfour\r\n\r\n.\r\n.\r\nFrom here\r\n..\r\n"));
}

BOOST_AUTO_TEST_CASE(any_text_comes_back_from_lines_of_76_columns) {
  for (const auto& text : std::vector<std::string>{
           std::string("a=b"), std::string("trailing \ntab\t\n"), std::string(1000, '.'),
           std::string(77, 'x'), std::string(500, '='), std::string("\xc3\xa9\xe2\x82\xac"),
           std::string(600, '\t') + "x", "x" + std::string(72, 'y') + "From z",
           std::string(72, 'y') + ".", "From a\nFrom b\n.\n..\n", "one\rtwo\r\rthree\r\n\r"}) {
    Mail mail{"a@b", "c@d", "1@b", {}, {}, text};
    const auto message = to_octets(mail);
    check_lines(message);
    for (std::size_t start = 0; start < message.size();) {
      const auto end = message.find("\r\n", start);
      BOOST_CHECK_LE(end - start, 76U);
      BOOST_CHECK_NE(message.compare(start, 5, "From "), 0);
      start = end + 2;
    }
    std::string expected;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool pair = text.compare(i, 2, "\r\n") == 0;
      expected += text[i] == '\r' || text[i] == '\n' ? "\r\n" : std::string(1, text[i]);
      if (pair) ++i;
    }
    if (!expected.ends_with("\r\n")) expected += "\r\n";
    BOOST_CHECK_EQUAL(unquoted(body_of(message)), expected);
  }
}

BOOST_AUTO_TEST_CASE(header_fields_are_folded_where_they_have_spaces) {
  const std::string words = "first second third fourth fifth sixth seventh eighth ninth tenth";
  const auto message =
      to_octets({"a@b", "c@d", "1@b", {}, {{"Subject", words + "  " + words}}, ""});
  check_lines(message);
  BOOST_CHECK_EQUAL(value_of(message, "Subject"), words + "  " + words);
  BOOST_CHECK_LE(message.find("\r\n", message.find("Subject")) - message.find("Subject"), 76U);
  // What has none stays whole: it is one line, far below the 998 octets that RFC 5322 allows.
  const std::string id(200, 'i');
  const auto whole = to_octets({"a@b", "c@d", "1@b", {}, {{"Sense-Event-Id", id}}, ""});
  BOOST_CHECK_NE(whole.find("\r\nSense-Event-Id: " + id + "\r\n"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(addresses_stay_as_they_are) {
  const std::string odd = "!#$%&'*+-/=?^_`{|}~@x.example";
  const auto message = to_octets({odd, "=?UTF-8?Q?=2Cx?=@y.example", "1@b", {}, {}, ""});
  BOOST_CHECK_EQUAL(value_of(message, "From"), odd);
  BOOST_CHECK_EQUAL(value_of(message, "To"), "=?UTF-8?Q?=2Cx?=@y.example");
}

BOOST_AUTO_TEST_CASE(dates_are_in_english_and_in_utc) {
  const auto date_of = [](const char* time) {
    return value_of(to_octets({"a@b", "c@d", "1@b", *parse_rfc3339(time), {}, ""}), "Date");
  };
  BOOST_CHECK_EQUAL(date_of("2026-11-21T09:15:00Z"), "Sat, 21 Nov 2026 09:15:00 +0000");
  BOOST_CHECK_EQUAL(date_of("2024-02-29T23:59:59.999Z"), "Thu, 29 Feb 2024 23:59:59 +0000");
}

BOOST_AUTO_TEST_CASE(what_is_not_readable_text_is_attached) {
  for (const auto& [type, data] : std::vector<std::pair<std::string, std::string>>{
           {"image/png", std::string("\x89PNG\0\r\n", 7)},
           {"text/plain", "\xff\xfe"},
           {"text/plain", "\x1b[31mred"},
           {"text/plain",
            "\xe2\x80\xae"
            "evil"},
           {"application/octet-stream", "abc"},
           {"x/y\r\nBcc: a", std::string(3000, '\n')},
           {"multipart/mixed; boundary=x", "--x--"},
           {"message/rfc822", "From: x"}}) {
    auto event = test::sample_event();
    event.datacontenttype = type;
    event.data = data;
    const auto message = message_of(event);
    check_lines(message);
    BOOST_CHECK(value_of(message, "Content-Type").starts_with("multipart/mixed;"));
    const auto body = body_of(message);
    BOOST_CHECK_EQUAL(attachment_of(message, "data"), data);
    BOOST_CHECK_EQUAL(body.find("\r\nContent-Type: message/"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(json_and_xml_are_readable) {
  for (const char* type : {"application/json", "application/xml", "application/vnd.x+json", ""}) {
    auto event = test::sample_event();
    event.datacontenttype = type;
    event.data = "{\"a\": 1}";
    BOOST_CHECK_NE(part_of(message_of(event), "text/plain").find("{\"a\": 1}"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_digest_is_readable_and_has_its_events_for_programs_attached) {
  const auto delivery = test::sample_delivery("mailto:a@b", test::sample_event());
  delivery->kind = Delivery::Kind::digest;
  delivery->window = 4;
  auto jam = test::sample_event();
  jam.id = "first";
  jam.datacontenttype = "text/plain";
  jam.data = "Paper\r9. forged: //evil\n9. forged: //evil\r\n9. forged: //evil";
  auto picture = test::sample_event();
  picture.id = "second";
  picture.datacontenttype = "image/png";
  picture.data = "\x89PNG";
  for (const auto& [number, event] : {std::pair{17U, jam}, std::pair{19U, picture}})
    delivery->contents.push_back({number, number, std::make_shared<const Event>(event)});
  auto notice = *delivery->event;
  notice.datacontenttype = "application/json";
  notice.data = R"({"window":4})";
  delivery->event = std::make_shared<const Event>(notice);

  const auto message = delivery_message(envelope, *delivery);
  check_lines(message);
  BOOST_CHECK_EQUAL(value_of(message, "Subject"), "2 events");
  const auto text = part_of(message, "text/plain");
  for (const auto* part : {"\r\nnumber: 42\r\nwindow: 4\r\n", "\r\n17. ", "\r\nid: first\r\n",
                           "\r\n  Paper\r\n  9. forged: //evil\r\n  9. forged", "\r\n19. ",
                           "\r\nid: second\r\n", "\r\n  (4 octets, in the attachment)"})
    BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, part << " is not in:\n" << text);
  BOOST_CHECK_EQUAL(text.find("\r\n9. forged"), std::string::npos);
  BOOST_CHECK_NE(message.find("Content-Type: application/json\r\n"), std::string::npos);
  BOOST_CHECK_NE(message.find("\r\n" + to_base64(notice.data) + "\r\n"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_question_says_how_to_confirm_by_post) {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.types = {*TypePattern::parse("{urn:x}*")};
  const auto ask = [&](const std::string& pages) {
    auto between = envelope;
    between.contact.pages = pages;
    return verification_message(between, subscription, "T0KEN");
  };
  const auto message = ask("http://hq.example:8080");
  check_lines(message);
  const auto text = part_of(message, "text/plain");
  const std::string page = "http://hq.example:8080/v1/subscriptions/s-1/confirm";
  BOOST_CHECK_NE(text.find("curl -X POST " + page), std::string::npos);
  BOOST_CHECK_NE(text.find(R"(-d '{"token": "T0KEN"}')"), std::string::npos);
  BOOST_CHECK_NE(text.find("{urn:x}*"), std::string::npos);
  BOOST_CHECK_NE(text.find("\r\n  " + page + "?token=T0KEN\r\n"), std::string::npos);
  const auto html = part_of(message, "text/html");
  BOOST_CHECK_NE(html.find("<a href=\"" + page + "?token=T0KEN\">"), std::string::npos);
  // It has not subscribed yet.
  BOOST_CHECK_EQUAL(value_of(message, "List-Unsubscribe"), "");
  const auto bare = unquoted(body_of(ask("")));
  BOOST_CHECK_NE(bare.find("token: T0KEN"), std::string::npos);
  BOOST_CHECK_EQUAL(bare.find("curl"), std::string::npos);
  BOOST_CHECK_EQUAL(bare.find("<a "), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
