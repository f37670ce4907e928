// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/html.hpp"

#include <set>

#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/email/message.hpp"
#include "tests/gateways/api/fakes.hpp"
#include "tests/gateways/email/mail_text.hpp"

using namespace sense;
using namespace sense::email;
using namespace sense::test;

namespace {

std::string message_of(const Event& event) {
  return delivery_message({"sense@hq.example", "user@example.org", WallTime{}, {}},
                          *sample_delivery("mailto:user@example.org", event));
}

std::string html_of(const Event& event) { return part_of(message_of(event), "text/html"); }

// The tags of a document, each once.
std::set<std::string> tags_of(const std::string& html) {
  std::set<std::string> tags;
  for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1))
    tags.insert(html.substr(at + 1, html.find_first_of(" >", at) - at - 1));
  return tags;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mail_html_tests)

BOOST_AUTO_TEST_CASE(an_event_is_a_table_and_its_data_a_text) {
  const auto message = message_of(sample_event());
  BOOST_CHECK(value_of(message, "Content-Type").starts_with("multipart/mixed;"));
  BOOST_CHECK_NE(message.find("Content-Type: multipart/alternative;"), std::string::npos);
  BOOST_CHECK_LT(message.find("Content-Type: text/plain"), message.find("Content-Type: text/html"));
  const auto html = part_of(message, "text/html");
  BOOST_CHECK_NE(html.find(">severity</th><td>3</td>"), std::string::npos);
  BOOST_CHECK_NE(html.find("\r\n342 Printer jam</pre>"), std::string::npos);
  BOOST_CHECK_NE(html.find("<title>[error] jam: //hq.example/printer/floor2/hp4</title>"),
                 std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_in_an_event_becomes_markup) {
  const auto tags = tags_of(html_of(sample_event()));
  for (const std::string evil :
       {"<script>alert(1)</script>", "</pre><img src=//evil.example/x>", "\"><a href='x'>",
        "&lt;b&gt;", "<!--", "]]><b>", "</title><style>@import '//x'</style>"}) {
    auto event = sample_event();
    event.subject = event.language = event.data = evil;
    event.extensions["note"] = evil;
    event.id = event.source = evil;
    const auto html = html_of(event);
    BOOST_CHECK(tags_of(html) == tags);
    for (const auto* part : {"src=", "href=", "url(", "http-equiv", "<script"})
      BOOST_CHECK_MESSAGE(
          evil.find(part) != std::string::npos || html.find(part) == std::string::npos,
          part << " is in " << html);
  }
}

BOOST_AUTO_TEST_CASE(what_a_reader_could_not_see_is_not_shown) {
  auto event = sample_event();
  for (const std::string data : {"\xe2\x80\xae"
                                 "evil",
                                 "\x1b[2J", "\xff"}) {
    event.data = event.subject = data;
    const auto html = html_of(event);
    BOOST_CHECK_EQUAL(html.find(data), std::string::npos);
    BOOST_CHECK_NE(html.find(" octets, in the attachment)"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(long_data_is_shown_in_part_at_the_end_of_a_character) {
  auto event = sample_event();
  event.data = "x";
  while (event.data.size() < Html::text_length_max + 10) event.data += "\xe2\x82\xac";
  const auto html = html_of(event);
  BOOST_CHECK_LT(html.size(), Html::text_length_max + 4096);
  BOOST_CHECK(valid_utf8(html));
  BOOST_CHECK_NE(html.find(" further octets are in the other parts"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_event_for_programs_is_attached) {
  for (const auto& [type, data] :
       std::vector<std::pair<std::string, std::string>>{{"text/plain", "plain"},
                                                        {"application/json", R"({"a": 1})"},
                                                        {"image/png", "\x89PNG"},
                                                        {"", ""}}) {
    auto event = sample_event();
    event.datacontenttype = type;
    event.data = data;
    const auto message = message_of(event);
    check_lines(message);
    BOOST_CHECK_NE(message.find("Content-Type: application/cloudevents+json"), std::string::npos);
    BOOST_CHECK_EQUAL(attachment_of(message, "event.json"), to_cloudevents_json(event));
  }
}

BOOST_AUTO_TEST_CASE(data_that_is_long_is_in_a_mail_once) {
  auto event = sample_event();
  event.data = std::string(256 * 1024, 'x');
  BOOST_CHECK_NE(attachment_of(message_of(event), "event.json"), "");
  event.data += "x";
  BOOST_CHECK_EQUAL(attachment_of(message_of(event), "event.json"), "");
}

BOOST_AUTO_TEST_CASE(a_digest_shows_events_until_it_is_long) {
  const auto delivery = sample_delivery("mailto:a@b");
  delivery->kind = Delivery::Kind::digest;
  auto event = sample_event();
  event.data = std::string(Html::text_length_max, '<');
  for (std::uint64_t number = 1; number <= 40; ++number)
    delivery->contents.push_back({number, number, std::make_shared<const Event>(event)});
  const auto html = part_of(
      delivery_message({"sense@hq.example", "a@b", WallTime{}, {}}, *delivery), "text/html");
  BOOST_CHECK_LT(html.size(), 1024U * 1024U);
  BOOST_CHECK_NE(html.find("(38 further events are in the other parts"), std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
