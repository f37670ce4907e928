// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/cloudevents/binding.hpp"

#include <boost/test/unit_test.hpp>

#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::http;

namespace {

Request binary_request() {
  Request request;
  request.method = "POST";
  request.target = "/v1/events";
  request.headers = {{"host", "localhost"},
                     {"ce-specversion", "1.0"},
                     {"ce-id", "1"},
                     {"ce-type", "com.example.made"},
                     {"ce-source", "/a"}};
  request.body = "x";
  return request;
}

Result<Event> with(const std::string& name, const std::string& value) {
  auto request = binary_request();
  request.headers.emplace_back(name, value);
  return event_of(request);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(binding_tests)

BOOST_AUTO_TEST_CASE(header_values_are_encoded_as_the_binding_says) {
  BOOST_CHECK_EQUAL(encode_header("Euro \xe2\x82\xac \xf0\x9f\x98\x80"),
                    "Euro%20%E2%82%AC%20%F0%9F%98%80");
  BOOST_CHECK_EQUAL(encode_header("a\"b%c\r\nd"), "a%22b%25c%0D%0Ad");
  BOOST_CHECK_EQUAL(encode_header("{urn:x}y~!"), "{urn:x}y~!");
  BOOST_CHECK_EQUAL(encode_header("\x7f"), "%7F");
}

BOOST_AUTO_TEST_CASE(decoding_undoes_encoding_and_quotes) {
  for (const std::string text :
       {"", "plain", "Euro \xe2\x82\xac", "100%", "a\"b\\c", "\r\n", "%41"})
    BOOST_CHECK_EQUAL(decode_header(encode_header(text)), text);
  BOOST_CHECK_EQUAL(decode_header("\"a \\\"b\\\" %e2%82%ac\""), "a \"b\" \xe2\x82\xac");
  BOOST_CHECK_EQUAL(decode_header("50% of %zz and %4"), "50% of %zz and %4");
}

BOOST_AUTO_TEST_CASE(an_event_goes_out_and_comes_back) {
  auto event = test::sample_event();
  event.sequence = 0;
  event.subject = "tray \"2\" \xc3\xa9\r\nX-Evil: 1";
  event.language = "en";
  event.extensions = {{"note", std::string("a b")}};
  event.datacontenttype = "text/plain; charset=utf-8";
  Request request;
  for (const auto& [name, value] : binary_headers(event)) {
    BOOST_CHECK_EQUAL(value.find_first_of("\r\n"), std::string::npos);
    request.headers.emplace_back(name == "Content-Type" ? "content-type" : name, value);
  }
  request.body = event.data;
  const auto back = event_of(request);
  BOOST_REQUIRE_MESSAGE(back, back.error().message);
  BOOST_CHECK(*back == event);
}

BOOST_AUTO_TEST_CASE(a_type_with_a_namespace_is_in_clark_notation) {
  for (const auto& [name, value] : binary_headers(test::sample_event()))
    if (name == "ce-type") BOOST_CHECK_EQUAL(value, "{urn:example:printer}jam");
}

BOOST_AUTO_TEST_CASE(a_type_is_any_text_in_both_modes) {
  for (const std::string type :
       {"oss:ObjectCreated:PutObject", "https://a.example/b?c=d#e", "a b", " a ", "\"a\"", "9",
        "{a", "*", "100%", "a%20b", "\u3042 \u3044"}) {
    auto event = test::sample_event();
    event.type = *QName::parse(type);
    Request binary;
    for (const auto& [name, value] : binary_headers(event))
      binary.headers.emplace_back(lower(name), value);
    binary.body = event.data;
    Request structured;
    structured.headers.emplace_back("content-type", "application/cloudevents+json");
    structured.body = to_cloudevents_json(event);
    for (const auto& request : {binary, structured}) {
      const auto back = event_of(request);
      BOOST_REQUIRE_MESSAGE(back, type << ": " << back.error().message);
      BOOST_CHECK_EQUAL(back->type.display(), type);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_only_the_broker_gives_is_ignored_whatever_it_is) {
  auto request = binary_request();
  for (const char* name : {"ce-sequence", "ce-observedtime", "ce-principal", "ce-sequence"})
    request.headers.emplace_back(name, "%ff nothing");
  const auto event = event_of(request);
  BOOST_REQUIRE_MESSAGE(event, event.error().message);
  BOOST_CHECK_EQUAL(event->sequence, 0U);
  BOOST_CHECK(event->principal.empty());
}

BOOST_AUTO_TEST_CASE(a_missing_id_is_left_to_the_caller) {
  auto request = binary_request();
  std::erase_if(request.headers, [](const auto& header) { return header.first == "ce-id"; });
  const auto event = event_of(request);
  BOOST_REQUIRE(event);
  BOOST_CHECK(event->id.empty());
}

BOOST_AUTO_TEST_CASE(unknown_attributes_become_extensions) {
  const auto event = with("ce-comexampleextension", "v%20w");
  BOOST_REQUIRE(event);
  BOOST_CHECK(event->extensions.at("comexampleextension") == Value(std::string("v w")));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_by_name) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"ce-id", "2"},
                                                        {"ce-severity", "9"},
                                                        {"ce-time", "noon"},
                                                        {"ce-bad_name", "x"},
                                                        {"ce-", "x"},
                                                        {"ce-language", "%ff"},
                                                        {"ce-language", "a%00b"},
                                                        {"ce-subject", std::string(2049, 'x')}}) {
    const auto event = with(name, value);
    BOOST_CHECK_MESSAGE(!event, name);
    if (!event) BOOST_CHECK_NE(event.error().message.find(name.substr(3)), std::string::npos);
  }
  for (const char* missing : {"ce-specversion", "ce-type", "ce-source"}) {
    auto request = binary_request();
    std::erase_if(request.headers, [&](const auto& header) { return header.first == missing; });
    BOOST_CHECK_MESSAGE(!event_of(request), missing);
  }
}

BOOST_AUTO_TEST_CASE(the_mode_is_known_by_content_type_and_headers) {
  auto request = binary_request();
  BOOST_CHECK(!has_no_mode(request));
  request.headers.emplace_back("content-type", "application/cloudevents-batch+json");
  BOOST_CHECK(has_no_mode(request));
  request.headers = {{"content-type", "Application/CloudEvents+JSON; charset=utf-8"}};
  BOOST_CHECK(!has_no_mode(request));
  request.headers = {{"content-type", "application/json"}};
  BOOST_CHECK(has_no_mode(request));
  request.headers.clear();
  BOOST_CHECK(has_no_mode(request));
}

BOOST_AUTO_TEST_SUITE_END()
