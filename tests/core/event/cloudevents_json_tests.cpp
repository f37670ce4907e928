// SPDX-License-Identifier: Apache-2.0
#include "core/event/cloudevents_json.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace sense;

namespace {

Event sample() {
  Event event;
  event.id = "e-1";
  event.type = *QName::parse("{urn:example:printer}jam");
  event.source = "//hq.example/printer/floor2/hp4";
  event.subject = "tray \"2\" \xc3\xa9";
  event.time = *parse_rfc3339("2026-11-21T09:15:00.250Z");
  event.datacontenttype = "text/plain; charset=utf-8";
  event.data = "342 Printer jam\n";
  event.severity = 3;
  event.language = "en";
  event.notbefore = *parse_rfc3339("2026-11-21T09:15:00Z");
  event.expirytime = *parse_rfc3339("2026-11-22T09:15:00Z");
  event.correlationid = "c";
  event.replyto = "mailto:a@b.example";
  event.traceparent = "00-1-2-01";
  event.edition = "STEP.SingleLine.CC";
  event.audience = {"group:a", "b,c", "100%"};
  event.except = {"user:d"};
  event.extensions = {{"flag", true}, {"count", -7}, {"note", std::string("x\ty")}};
  event.dataschema = "urn:schema";
  return event;
}

std::string with(const std::string& members) {
  return R"({"specversion":"1.0","id":"1","type":"com.example.made","source":"/a")" +
         (members.empty() ? "" : "," + members) + "}";
}

Result<Event> parse(const std::string& json, EventOrigin origin = EventOrigin::producer) {
  return event_from_cloudevents_json(json, origin);
}

void check_refused(const std::string& json, Code code, const std::string& name) {
  const auto event = parse(json);
  BOOST_REQUIRE_MESSAGE(!event, json);
  BOOST_CHECK_MESSAGE(symbol(event.error().code) == symbol(code),
                      json << " " << event.error().message);
  BOOST_CHECK_MESSAGE(event.error().message.find(name) != std::string::npos,
                      event.error().message << " does not say " << name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cloudevents_json_tests)

BOOST_AUTO_TEST_CASE(every_attribute_comes_back_as_it_was) {
  auto event = sample();
  event.sequence = 18'446'744'073'709'551'615U;
  event.observedtime = *parse_rfc3339("2026-11-21T09:15:01Z");
  event.principal = "gateway:http";
  const auto json = to_cloudevents_json(event);
  BOOST_CHECK(nlohmann::json::accept(json));
  const auto back = parse(json, EventOrigin::service);
  BOOST_REQUIRE_MESSAGE(back, back.error().message);
  BOOST_CHECK(*back == event);
}

BOOST_AUTO_TEST_CASE(what_only_the_broker_gives_is_ignored_from_a_producer) {
  auto event = sample();
  event.sequence = 5;
  event.principal = "admin";
  event.observedtime = WallTime{};
  const auto back = parse(to_cloudevents_json(event));
  BOOST_REQUIRE(back);
  BOOST_CHECK(*back == sample());
}

BOOST_AUTO_TEST_CASE(attributes_have_their_cloudevents_names_and_types) {
  const auto json = nlohmann::json::parse(to_cloudevents_json(sample()));
  BOOST_CHECK_EQUAL(json["specversion"], "1.0");
  BOOST_CHECK_EQUAL(json["type"], "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(json["time"], "2026-11-21T09:15:00.250Z");
  BOOST_CHECK_EQUAL(json["severity"], 3);
  BOOST_CHECK_EQUAL(json["flag"], true);
  BOOST_CHECK_EQUAL(json["count"], -7);
  BOOST_CHECK_EQUAL(json["audience"], "group:a,b%2Cc,100%25");
  BOOST_CHECK_EQUAL(json["data"], "342 Printer jam\n");
  BOOST_CHECK(!json.contains("sequence"));
}

BOOST_AUTO_TEST_CASE(json_data_is_carried_octet_by_octet) {
  const std::string data =
      "{ \"b\" : 1.10, \"a\":123456789012345678901234567890,\n\"a\": [\"}\\\"\"] }";
  const auto event = parse(with("\"data\" : " + data + " , \"x\":\"y\""));
  BOOST_REQUIRE_MESSAGE(event, event.error().message);
  BOOST_CHECK_EQUAL(event->data, data);
  BOOST_CHECK_EQUAL(event->datacontenttype, "application/json");
  const auto back = parse(to_cloudevents_json(*event));
  BOOST_REQUIRE(back);
  BOOST_CHECK(*back == *event);
}

BOOST_AUTO_TEST_CASE(json_data_of_every_kind_is_found) {
  for (const std::string data :
       {"1", "-0.5e3", "true", "\"text\"", "\"\\\\\"", "[]", "{}", "[[1],{}]"}) {
    for (const std::string format :
         {"\"data\":@", "\"d\\u0061ta\": @ ", "\"x\":\"data\",\"data\":@"}) {
      auto members = format;
      members.replace(members.find('@'), 1, data);
      const auto event = parse(with(members));
      BOOST_REQUIRE_MESSAGE(event, members);
      BOOST_CHECK_MESSAGE(event->data == data, members);
    }
  }
}

BOOST_AUTO_TEST_CASE(data_of_other_types_is_a_string_or_base64) {
  const auto text = parse(with(R"("datacontenttype":"text/plain","data":"h\u00e9")"));
  BOOST_REQUIRE(text);
  BOOST_CHECK_EQUAL(text->data, "h\xc3\xa9");
  const auto binary = parse(with(R"("datacontenttype":"image/png","data_base64":"AP8Q")"));
  BOOST_REQUIRE(binary);
  BOOST_CHECK_EQUAL(binary->data, std::string("\0\xff\x10", 3));
  BOOST_CHECK_NE(to_cloudevents_json(*binary).find(R"("data_base64":"AP8Q")"), std::string::npos);
  const auto untyped = parse(with(R"("data_base64":"AP8Q")"));
  BOOST_REQUIRE(untyped);
  BOOST_CHECK(untyped->datacontenttype.empty());
}

BOOST_AUTO_TEST_CASE(data_that_is_not_what_its_type_says_still_comes_back) {
  for (const auto& [type, data] : std::vector<std::pair<std::string, std::string>>{
           {"application/json", "{broken"},
           {"application/json", "\xef\xbb\xbf{}"},
           {"application/json", std::string(1000, '[') + std::string(1000, ']')},
           {"application/json", ""},
           {"text/plain", "\xff\xfe"},
           {"text/plain", std::string(1000, '\x01')},
           {"", "anything"},
           {"application/octet-stream", "abc"}}) {
    auto event = sample();
    event.datacontenttype = type;
    event.data = data;
    const auto json = to_cloudevents_json(event);
    BOOST_CHECK(nlohmann::json::accept(json));
    const auto back = parse(json);
    BOOST_REQUIRE_MESSAGE(back, back.error().message);
    BOOST_CHECK(*back == event);
  }
}

BOOST_AUTO_TEST_CASE(the_biggest_event_comes_back) {
  auto event = sample();
  for (const char* type : {"text/plain", "application/octet-stream"}) {
    event.datacontenttype = type;
    event.data.assign(Event::data_length_max, '\x7f');
    event.subject.assign(Event::text_length_max, '\x01');
    const auto json = to_cloudevents_json(event);
    BOOST_CHECK_LE(json.size(), cloudevents_json_length_max);
    const auto back = parse(json);
    BOOST_REQUIRE_MESSAGE(back, back.error().message);
    BOOST_CHECK(*back == event);
  }
}

BOOST_AUTO_TEST_CASE(a_producer_may_leave_the_id_to_us_and_the_service_may_not) {
  const std::string json = R"({"specversion":"1.0","type":"a","source":"/a"})";
  const auto event = parse(json);
  BOOST_REQUIRE(event);
  BOOST_CHECK(event->id.empty());
  BOOST_CHECK(!parse(json, EventOrigin::service));
}

BOOST_AUTO_TEST_CASE(a_type_is_any_text_and_comes_back_octet_by_octet) {
  for (const std::string type : {"oss:ObjectCreated:PutObject", "https://example.com/made?a=b#c",
                                 "a b", "9", "a@b+c/d", "{a", "{urn:a}b c", "*", "com.example.*",
                                 "100%", "a%20b", "#", "\u3042 \u3044", "<&\"\\>"}) {
    auto event = sample();
    event.type = *QName::parse(type);
    const auto back = parse(to_cloudevents_json(event), EventOrigin::service);
    BOOST_REQUIRE_MESSAGE(back, back.error().message);
    BOOST_CHECK(*back == event);
    BOOST_CHECK_EQUAL(nlohmann::json::parse(to_cloudevents_json(event))["type"], type);
  }
  const std::string head = R"({"specversion":"1.0","source":"/a","type":")";
  for (const char* type : {"", "a\\u0000b", "a\\n", "\\u0085"})
    check_refused(head + type + "\"}", Code::badparam, "type");
}

BOOST_AUTO_TEST_CASE(what_only_the_broker_gives_may_have_any_json_value) {
  for (const char* name : {"sequence", "observedtime", "principal"})
    for (const char* value : {"null", "37824", "1.5", "-1", "true", "{}", "[1,{\"a\":[]}]", "\"x\"",
                              "\"\"", "1e400", "123456789012345678901234567890"}) {
      const auto event = parse(with("\"" + std::string(name) + "\":" + value));
      BOOST_REQUIRE_MESSAGE(event, name << " " << value << ": " << event.error().message);
      BOOST_CHECK_EQUAL(event->sequence, 0U);
      BOOST_CHECK(!event->observedtime);
      BOOST_CHECK(event->principal.empty());
      BOOST_CHECK(event->extensions.empty());
    }
  BOOST_CHECK(!parse(with(R"("sequence":5)"), EventOrigin::service));
  BOOST_CHECK(!parse(with(R"("sequence":nul)")));
}

BOOST_AUTO_TEST_CASE(times_come_back_to_the_nanosecond_also_before_1970) {
  for (const std::string time :
       {"0001-01-01T00:00:00.000Z", "1969-07-20T20:17:40.123456789Z",
        "2026-11-21T09:15:00.000000001Z", "9999-12-31T23:59:59.999999999Z"})
    for (const std::string name : {"time", "notbefore", "expirytime"}) {
      const auto event = parse(with("\"" + name + "\":\"" + time + "\""));
      BOOST_REQUIRE_MESSAGE(event, event.error().message);
      BOOST_CHECK_EQUAL(nlohmann::json::parse(to_cloudevents_json(*event))[name], time);
    }
}

// A number is data, not ours to judge: no double holds the first two.
BOOST_AUTO_TEST_CASE(numbers_in_data_are_not_read) {
  for (const std::string data : {"1e400", "-1E+999999999999", "123456789012345678901234567890",
                                 "-0", "0.1e-7", "[1e400 , 0]"}) {
    const auto event = parse(with("\"data\":" + data));
    BOOST_REQUIRE_MESSAGE(event, data << ": " << event.error().message);
    BOOST_CHECK_EQUAL(event->data, data);
    BOOST_CHECK_NE(to_cloudevents_json(*event).find("\"data\":" + data), std::string::npos);
  }
  check_refused(with(R"("x":1e400)"), Code::badparam, "x is neither");
  check_refused(with(R"("x":123456789012345678901234567890)"), Code::badparam, "32 bits");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_refused_at_any_depth) {
  for (const char* value :
       {"01",     "1.",      ".5",       "1e",        "+1",          "- 1",
        "1 2",    "0x1",     "NaN",      "tru",       "truex",       "nul",
        "nullx",  "True",    "'a'",      "\"a",       "\"\\x\"",     "\"\\ud800\"",
        "\"\n\"", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1,}",  "{a:1}",
        "[1,]",   "[,1]",    "[1 2]",    "[",         "]",           "[}",
        "{]",     "",        ",",        ":",         "\"a\" \"b\"", "1,,"})
    for (const std::string frame : {"@", "[@]", "{\"a\":@}", "[[{\"b\":[@]}]]"}) {
      auto data = frame;
      data.replace(data.find('@'), 1, value);
      if (nlohmann::json::accept(data)) continue;  // [] of no value
      check_refused(with("\"data\":" + data), Code::protoerror, "JSON");
      check_refused(with("\"data\":" + data + ",\"z\":1"), Code::protoerror, "JSON");
      if (data.empty()) continue;
      auto event = sample();
      event.datacontenttype = "application/json";
      event.data = data;
      const auto json = to_cloudevents_json(event);
      BOOST_CHECK_MESSAGE(json.find("data_base64") != std::string::npos, data);
    }
}

BOOST_AUTO_TEST_CASE(null_members_are_absent) {
  const auto event = parse(with(R"("subject":null,"data":null,"x":null,"time":null)"));
  BOOST_REQUIRE(event);
  BOOST_CHECK(event->extensions.empty());
  BOOST_CHECK(event->data.empty());
  BOOST_CHECK(event->datacontenttype.empty());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_by_name) {
  check_refused("", Code::protoerror, "JSON");
  check_refused("{", Code::protoerror, "JSON");
  check_refused(with("") + "x", Code::protoerror, "JSON");
  check_refused("[]", Code::protoerror, "array");
  check_refused("7", Code::protoerror, "object");
  check_refused(R"({"id":"1","type":"a","source":"/a"})", Code::varnotfound, "specversion");
  check_refused(R"({"specversion":"0.3","id":"1","type":"a","source":"/a"})", Code::badparam,
                "specversion");
  check_refused(R"({"specversion":1.0,"id":"1","type":"a","source":"/a"})", Code::badparam,
                "specversion");
  check_refused(R"({"specversion":"1.0","id":"1","source":"/a"})", Code::varnotfound, "type");
  check_refused(R"({"specversion":"1.0","id":"1","type":"a"})", Code::varnotfound, "source");
  check_refused(with(R"("id":"2")"), Code::protoerror, "'id' appears twice");
  check_refused(with(R"("subject":7)"), Code::badparam, "subject");
  check_refused(with(R"("Upper":"x")"), Code::badparam, "Upper");
  check_refused(with(R"("under_score":"x")"), Code::badparam, "under_score");
  check_refused(with(R"("x":1.5)"), Code::badparam, "x");
  check_refused(with(R"("x":2147483648)"), Code::badparam, "x");
  check_refused(with(R"("x":18446744073709551615)"), Code::badparam, "x");
  check_refused(with(R"("x":{})"), Code::badparam, "x");
  check_refused(with(R"("x":["y"])"), Code::badparam, "x");
  check_refused(with(R"("time":"yesterday")"), Code::badparam, "time");
  check_refused(with(R"("time":"0001-01-01T00:00:00+01:00")"), Code::badparam, "0001 to 9999");
  check_refused(with(R"("severity":8)"), Code::badparam, "severity");
  check_refused(with(R"("severity":-1)"), Code::badparam, "severity");
  check_refused(with(R"("severity":true)"), Code::badparam, "severity");
  check_refused(with(R"("audience":"a,,b")"), Code::badparam, "audience");
  check_refused(with(R"("audience":"a%2")"), Code::badparam, "audience");
  check_refused(with(R"("data":1,"data_base64":"AA==")"), Code::badparam, "data_base64");
  check_refused(with(R"("data_base64":"AA=")"), Code::badparam, "data_base64");
  check_refused(with(R"("data_base64":"A A=")"), Code::badparam, "data_base64");
  check_refused(with(R"("data_base64":7)"), Code::badparam, "data_base64");
  check_refused(with(R"("datacontenttype":"text/plain","data":{})"), Code::badparam, "data");
  check_refused(with("\"data\":" + std::string(65, '[') + std::string(65, ']')), Code::protoerror,
                "deep");
  check_refused(with("\"subject\":\"" + std::string(2049, 'x') + "\""), Code::varvaltoobig,
                "subject");
  check_refused(std::string(cloudevents_json_length_max + 1, ' '), Code::datatoobig, "octets");
  check_refused("{\"specversion\":\"1.0\",\"\xff\":1}", Code::protoerror, "JSON");
}

BOOST_AUTO_TEST_CASE(too_many_members_are_refused_before_they_take_memory) {
  std::string members = "\"x0\":1";
  for (int i = 1; i < 5000; ++i) members += ",\"x" + std::to_string(i) + "\":1";
  check_refused(with(members), Code::protoerror, "too many");
}

BOOST_AUTO_TEST_SUITE_END()
