// SPDX-License-Identifier: Apache-2.0
// What an answer means, and what is asked next.
#include <boost/test/unit_test.hpp>

#include "adapters/http_poll/answer.hpp"

using namespace sense;
using namespace sense::http_poll;
using namespace std::chrono_literals;
using Kind = Finding::Kind;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// One resource, asked again and again; each event is acknowledged unless a test says otherwise.
struct Fixture {
  Finding answer(unsigned status, const std::string& body = "", Headers headers = {},
                 bool ended = true) {
    return answer(TransferReply{status, std::move(headers), body, ended});
  }
  Finding answer(const Result<TransferReply>& reply) {
    now += 1min;
    auto finding = judge(resource, known, reply, limits, now);
    if (finding.kind == Kind::changed || finding.kind == Kind::unchanged) known = finding.known;
    if (finding.kind == Kind::changed) {
      event = event_of(resource, known, finding.content);
      BOOST_REQUIRE_MESSAGE(event, event.error().message);
      known.acknowledged = acknowledged;
    }
    return finding;
  }
  std::string asked() const {
    std::string text;
    for (const auto& [name, value] : request_headers(known)) text += name + "=" + value + ";";
    return text;
  }
  std::string change() const { return std::get<std::string>(event->extensions.at("change")); }
  Failure failure(unsigned status, const std::string& body = "", Headers headers = {},
                  bool ended = true) {
    const auto before = known;
    const auto finding = answer(status, body, std::move(headers), ended);
    BOOST_REQUIRE(finding.kind == Kind::failed);
    BOOST_CHECK(!finding.why.empty());
    BOOST_CHECK(known == before);
    return finding.failure;
  }
  Duration wanted(Headers headers) {
    return answer(200, "x", std::move(headers)).wanted.value_or(Duration{-1});
  }

  Resource resource = *parse_resource("http://h/a subject=s", {1min, *QName::parse("{urn:x}y")});
  ContentLimits limits{100, 50};
  Known known;
  bool acknowledged = true;
  WallTime now{1'700'000'000s};
  Result<Event> event;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(poll_answer_tests, Fixture)

BOOST_AUTO_TEST_CASE(the_first_content_and_each_other_one_is_an_event) {
  BOOST_CHECK(answer(200, "one", {{"content-type", "text/plain"}}).kind == Kind::changed);
  BOOST_CHECK_EQUAL(change(), "appeared");
  BOOST_CHECK_EQUAL(event->data, "one");
  BOOST_CHECK_EQUAL(event->datacontenttype, "text/plain");
  BOOST_CHECK_EQUAL(event->type.clark(), "{urn:x}y");
  BOOST_CHECK_EQUAL(event->source, "http://h/a");
  BOOST_CHECK_EQUAL(event->subject, "s");
  BOOST_CHECK(event->time->wall == now);
  const auto first = event->id;
  BOOST_CHECK(answer(200, "one").kind == Kind::unchanged);
  BOOST_CHECK(answer(200, "two").kind == Kind::changed);
  BOOST_CHECK_EQUAL(change(), "changed");
  BOOST_CHECK_EQUAL(event->datacontenttype, "application/octet-stream");
  BOOST_CHECK(answer(200, "one").kind == Kind::changed);
  BOOST_CHECK_NE(event->id, first);  // the same content, and another change
}

BOOST_AUTO_TEST_CASE(validators_are_sent_back_as_they_came) {
  BOOST_CHECK_EQUAL(asked(), "accept-encoding=identity;");
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  answer(200, "one", {{"etag", "W/\"1\""}, {"last-modified", date}});
  const auto conditional =
      "accept-encoding=identity;if-none-match=W/\"1\";if-modified-since=" + date + ";";
  BOOST_CHECK_EQUAL(asked(), conditional);
  BOOST_CHECK(answer(304).kind == Kind::unchanged);
  BOOST_CHECK_EQUAL(asked(), conditional);
  answer(200, "two");
  BOOST_CHECK_EQUAL(asked(), "accept-encoding=identity;");
}

BOOST_AUTO_TEST_CASE(what_is_no_validator_is_not_sent_back) {
  for (const std::string etag : {"1", "\"", "W/1", "\"a\x01\"", "\"a\r\nX: y\""}) {
    answer(200, etag, {{"etag", etag}});
    BOOST_CHECK_EQUAL(request_headers(known).size(), 1U);
  }
  answer(200, "long", {{"etag", '"' + std::string(1022, 'x') + '"'}});  // it may have been cut
  answer(200, "date", {{"last-modified", "yesterday"}});
  BOOST_CHECK_EQUAL(request_headers(known).size(), 1U);
}

BOOST_AUTO_TEST_CASE(the_content_decides_whatever_the_validators_do) {
  answer(200, "one", {{"etag", "\"1\""}});
  BOOST_CHECK(answer(200, "one", {{"etag", "\"2\""}}).kind == Kind::unchanged);
  BOOST_CHECK_EQUAL(known.etag, "\"2\"");
  BOOST_CHECK(answer(200, "two", {{"etag", "\"2\""}}).kind == Kind::changed);
}

BOOST_AUTO_TEST_CASE(not_modified_without_a_condition_is_an_error) {
  BOOST_CHECK(failure(304) == Failure::status);
  answer(200, "one");
  BOOST_CHECK(failure(304) == Failure::status);
}

BOOST_AUTO_TEST_CASE(what_was_there_vanishes_once_and_appears_again) {
  BOOST_CHECK(failure(404) == Failure::status);
  answer(200, "one", {{"etag", "\"1\""}});
  for (const unsigned status : {404U, 410U}) {
    BOOST_CHECK(answer(status, "not here").kind == Kind::changed);
    BOOST_CHECK_EQUAL(change(), "vanished");
    BOOST_CHECK_EQUAL(event->data, "");
    BOOST_CHECK_EQUAL(request_headers(known).size(), 1U);
    BOOST_CHECK(answer(404).kind == Kind::absent);
    BOOST_CHECK(answer(410).kind == Kind::absent);
    BOOST_CHECK(answer(200, "one").kind == Kind::changed);
    BOOST_CHECK_EQUAL(change(), "appeared");
  }
}

BOOST_AUTO_TEST_CASE(an_event_that_is_not_acknowledged_comes_again_with_its_id) {
  answer(200, "one", {{"etag", "\"1\""}});
  acknowledged = false;
  answer(200, "two", {{"etag", "\"2\""}});
  const auto id = event->id;
  BOOST_CHECK_EQUAL(request_headers(known).size(), 1U);  // its answer must have the content
  acknowledged = true;
  BOOST_CHECK(answer(200, "two").kind == Kind::changed);
  BOOST_CHECK_EQUAL(event->id, id);
  BOOST_CHECK_EQUAL(change(), "changed");
  BOOST_CHECK(answer(200, "two").kind == Kind::unchanged);
  acknowledged = false;
  answer(404);
  const auto gone = event->id;
  acknowledged = true;
  BOOST_CHECK(answer(410).kind == Kind::changed);
  BOOST_CHECK_EQUAL(event->id, gone);
  BOOST_CHECK(answer(404).kind == Kind::absent);
}

// "two" may have been published before the process was killed; the change back must not be missed.
BOOST_AUTO_TEST_CASE(a_change_back_behind_an_event_without_acknowledgement_is_an_event) {
  answer(200, "one", {{"etag", "\"1\""}});
  acknowledged = false;
  answer(200, "two", {{"etag", "\"2\""}});
  const auto id = event->id;
  acknowledged = true;
  BOOST_CHECK(failure(304) == Failure::status);
  BOOST_CHECK(answer(200, "one", {{"etag", "\"1\""}}).kind == Kind::changed);
  BOOST_CHECK_NE(event->id, id);
  BOOST_CHECK_EQUAL(event->data, "one");
}

BOOST_AUTO_TEST_CASE(content_over_the_bound_of_an_event_is_named_by_its_url) {
  answer(200, std::string(50, 'x'));
  BOOST_CHECK_EQUAL(event->data.size(), 50U);
  BOOST_CHECK(!event->extensions.contains("dataref"));
  BOOST_CHECK(answer(200, std::string(51, 'x')).kind == Kind::changed);
  BOOST_CHECK_EQUAL(event->data, "");
  BOOST_CHECK_EQUAL(std::get<std::string>(event->extensions.at("dataref")), "http://h/a");
  BOOST_CHECK(answer(200, std::string(51, 'x')).kind == Kind::unchanged);
  BOOST_CHECK(answer(200, std::string(51, 'y')).kind == Kind::changed);
}

BOOST_AUTO_TEST_CASE(content_that_is_not_read_to_its_end_is_compared_by_its_validators) {
  const std::string most(100, 'x');
  BOOST_CHECK(failure(200, most, {}, false) == Failure::too_long);
  BOOST_CHECK(answer(200, most, {{"etag", "\"1\""}}, false).kind == Kind::changed);
  BOOST_CHECK(event->extensions.contains("dataref"));
  BOOST_CHECK(answer(200, std::string(100, 'y'), {{"etag", "\"1\""}}, false).kind ==
              Kind::unchanged);
  BOOST_CHECK(answer(200, most, {{"etag", "\"2\""}}, false).kind == Kind::changed);
  resource.pointer = "/a";
  BOOST_CHECK(failure(200, most, {{"etag", "\"3\""}}, false) == Failure::too_long);
}

BOOST_AUTO_TEST_CASE(a_pointer_picks_what_is_compared_and_sent) {
  resource.pointer = "/a/0";
  answer(200, R"({"a": [ {"x": 1} ], "t": 1})", {{"content-type", "application/vnd.x+json"}});
  BOOST_CHECK_EQUAL(event->data, R"({"x":1})");
  BOOST_CHECK_EQUAL(event->datacontenttype, "application/json");
  BOOST_CHECK(answer(200, R"({"t":2,"a":[{"x":1}]})", {{"etag", "\"2\""}}).kind == Kind::unchanged);
  BOOST_CHECK(answer(200, R"({"t":2,"a":[{"x":2}]})").kind == Kind::changed);
  BOOST_CHECK(failure(200, R"({"a":[]})") == Failure::pointer);
  BOOST_CHECK(failure(200, R"({"a":[{"x":3}])") == Failure::json);
  BOOST_CHECK(failure(200, "<html>") == Failure::json);
}

BOOST_AUTO_TEST_CASE(every_other_answer_is_an_error_and_changes_nothing) {
  answer(200, "one", {{"etag", "\"1\""}});
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U})
    BOOST_CHECK(failure(status, "", {{"location", "http://other/"}}) == Failure::redirect);
  for (const unsigned status : {201U, 204U, 206U, 300U, 400U, 401U, 403U, 429U, 500U, 503U, 999U})
    BOOST_CHECK(failure(status, "x") == Failure::status);
  BOOST_CHECK(failure(200, "cut", {}, false) == Failure::body);
  BOOST_CHECK(failure(200, "\x1f\x8b", {{"content-encoding", "GZIP"}}) == Failure::body);
  const auto error = [this](Code code) { return answer(fail(code, "why")).failure; };
  BOOST_CHECK(error(Code::noaccess) == Failure::denied);
  BOOST_CHECK(error(Code::timeout) == Failure::timeout);
  BOOST_CHECK(error(Code::commerror) == Failure::connection);
  BOOST_CHECK(error(Code::nomoreroom) == Failure::connection);
  BOOST_CHECK(answer(200, "one", {{"content-encoding", "identity"}}).kind == Kind::unchanged);
}

BOOST_AUTO_TEST_CASE(cache_control_and_retry_after_ask_for_time) {
  BOOST_CHECK(wanted({}) == Duration{-1});
  BOOST_CHECK(wanted({{"cache-control", "public, Max-Age=600"}}) == Duration(10min));
  BOOST_CHECK(wanted({{"cache-control", "max-age=600"}, {"age", "60"}}) == Duration(9min));
  BOOST_CHECK(wanted({{"cache-control", "max-age=600"}, {"age", "9999"}}) == Duration(0s));
  BOOST_CHECK(wanted({{"cache-control", "max-age=99999999999999999999"}}) ==
              Duration(std::chrono::seconds(999'999'999)));
  for (const char* control : {"max-age=600, no-cache", "no-store,max-age=600", "max-age=-5",
                              "max-age", "max-age=", "s-maxage=600", "max-age=\"600\"", ""})
    BOOST_CHECK_MESSAGE(wanted({{"cache-control", control}}) == Duration{-1}, control);
  BOOST_CHECK(wanted({{"retry-after", "120"}}) == Duration(2min));
  BOOST_CHECK(wanted({{"retry-after", "120"}, {"cache-control", "max-age=60"}}) == Duration(2min));
  BOOST_CHECK(answer(503, "", {{"retry-after", "120"}}).wanted == Duration(2min));
}

BOOST_AUTO_TEST_CASE(a_media_type_that_is_no_text_is_not_passed_on) {
  for (const auto& type : {std::string(1024, 'x'), std::string("\xff"), std::string()}) {
    answer(200, std::to_string(type.size()), {{"content-type", type}});
    BOOST_CHECK_EQUAL(event->datacontenttype, "application/octet-stream");
  }
}

BOOST_AUTO_TEST_SUITE_END()
