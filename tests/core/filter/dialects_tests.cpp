// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "tests/core/filter/filter_cases.hpp"

// The filter dialects of the CloudEvents Subscriptions API.
BOOST_AUTO_TEST_SUITE(dialects_tests)

using namespace sense;

namespace {

bool passes(const std::string& json, const Event& event = test::trap()) {
  const auto filter = Filter::compile_dialects(json);
  BOOST_REQUIRE_MESSAGE(filter.has_value(), json + (filter ? "" : filter.error().message));
  BOOST_CHECK(!filter->defect());
  BOOST_CHECK(!filter->evaluate(event).error);
  return filter->matches(event);
}

void check_passes(const std::vector<const char*>& filters) {
  for (const auto* json : filters) BOOST_CHECK_MESSAGE(passes(json), json);
}

void check_fails(const std::vector<const char*>& filters) {
  for (const auto* json : filters) BOOST_CHECK_MESSAGE(!passes(json), json);
}

void check_refused(const std::string& json, std::string_view why, Code code = Code::badparam) {
  const auto filter = Filter::compile_dialects(json);
  BOOST_REQUIRE_MESSAGE(!filter, json.substr(0, 200));
  BOOST_CHECK_EQUAL(filter.error().field, "filters");
  BOOST_CHECK_EQUAL(symbol(filter.error().code), symbol(code));
  BOOST_CHECK_MESSAGE(filter.error().message.find(why) != std::string::npos,
                      filter.error().message);
  BOOST_CHECK_EQUAL(filter.error().message, printable(filter.error().message));
}

std::string copies(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// Within so many filters, one in the other.
std::string within(const std::string& before, std::size_t count, const std::string& filter,
                   const std::string& after) {
  return "[" + copies(before, count) + filter + copies(after, count) + "]";
}

}  // namespace

BOOST_AUTO_TEST_CASE(exact_compares_whole_texts_octet_by_octet) {
  check_passes({R"([{"exact": {"type": "{urn:example:printer}jam"}}])",
                R"([{"exact": {"id": "A-17", "source": "//hq.example/printer/4"}}])",
                R"([{"exact": {"subject": "Gr\u00f6\u00dfe 100 %"}}])"});
  check_fails({R"([{"exact": {"id": "a-17"}}])", R"([{"exact": {"id": "A-1"}}])",
               R"([{"exact": {"id": "A-17 "}}])", R"([{"exact": {"id": "A-17", "source": "x"}}])",
               R"([{"exact": {"id": "x", "source": "//hq.example/printer/4"}}])"});
}

BOOST_AUTO_TEST_CASE(prefix_and_suffix_take_their_signs_as_they_are) {
  check_passes({R"([{"prefix": {"source": "//hq.example/"}}])", R"([{"prefix": {"id": "A-17"}}])",
                R"([{"suffix": {"type": "}jam"}}])", R"([{"suffix": {"subject": " %"}}])",
                R"([{"suffix": {"id": "A-17", "subject": "%"}}])"});
  check_fails({R"([{"prefix": {"source": "//HQ"}}])", R"([{"prefix": {"id": "%"}}])",
               R"([{"prefix": {"id": "_-17"}}])", R"([{"prefix": {"id": "A-177"}}])",
               R"([{"suffix": {"id": "_7"}}])", R"([{"suffix": {"id": "\\%"}}])",
               R"([{"suffix": {"id": "A-17", "subject": "x"}}])"});
  Event event;
  event.subject = R"(C:\50%\a_b')";
  BOOST_CHECK(passes(R"([{"prefix": {"subject": "C:\\50%"}}])", event));
  BOOST_CHECK(passes(R"([{"suffix": {"subject": "\\a_b'"}}])", event));
  BOOST_CHECK(!passes(R"([{"suffix": {"subject": "\\a%b'"}}])", event));
}

BOOST_AUTO_TEST_CASE(attributes_are_compared_as_their_texts) {
  check_passes({R"([{"exact": {"severity": "3"}}])", R"([{"exact": {"count": "42"}}])",
                R"([{"exact": {"minimal": "-2147483648"}}])", R"([{"exact": {"urgent": "true"}}])",
                R"([{"exact": {"digits": "0042"}}])", R"([{"exact": {"truth": "TRUE"}}])",
                R"([{"exact": {"octets": "AP8="}}])", R"([{"exact": {"specversion": "1.0"}}])",
                R"([{"exact": {"time": "2026-11-21T09:15:00.250Z"}}])",
                R"([{"prefix": {"when": "1970-"}}])", R"([{"exact": {"audience": "desk,a%2Cb"}}])",
                R"([{"exact": {"sequence": "4711"}}])", R"([{"prefix": {"count": "4"}}])",
                R"([{"suffix": {"urgent": "ue"}}])"});
  check_fails({R"([{"exact": {"digits": "42"}}])", R"([{"exact": {"count": "042"}}])",
               R"([{"exact": {"urgent": "TRUE"}}])", R"([{"exact": {"truth": "true"}}])"});
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_equal_to_nothing_and_its_negation_is_true) {
  for (const std::string attribute : {"dataschema", "nosuch", "notbefore"})
    for (const std::string dialect : {"exact", "prefix", "suffix"}) {
      const auto filter = "{\"" + dialect + "\": {\"" + attribute + "\": \"x\"}}";
      BOOST_CHECK(!passes("[" + filter + "]"));
      BOOST_CHECK(passes("[{\"not\": " + filter + "}]"));
      BOOST_CHECK(passes(R"([{"any": [)" + filter + R"(, {"exact": {"id": "A-17"}}]}])"));
      BOOST_CHECK(!passes(R"([{"all": [{"exact": {"id": "A-17"}}, )" + filter + "]}]"));
    }
  check_fails({R"([{"exact": {"empty1": "x"}}])"});
}

BOOST_AUTO_TEST_CASE(the_array_and_all_want_all_and_any_wants_one) {
  check_passes({R"([{"exact": {"id": "A-17"}}, {"prefix": {"id": "A"}}])",
                R"([{"all": [{"exact": {"id": "A-17"}}]}])",
                R"([{"any": [{"exact": {"id": "x"}}, {"exact": {"id": "A-17"}}]}])",
                R"([{"any": [{"exact": {"id": "A-17"}}, {"exact": {"id": "x"}}]}])",
                R"([{"not": {"any": [{"exact": {"id": "x"}}, {"exact": {"id": "y"}}]}}])",
                R"([{"not": {"not": {"exact": {"id": "A-17"}}}}])",
                R"([{"not": {"all": [{"exact": {"id": "A-17"}}, {"sql": "false"}]}}])"});
  check_fails({R"([{"exact": {"id": "A-17"}}, {"prefix": {"id": "B"}}])",
               R"([{"exact": {"id": "x"}}, {"prefix": {"id": "A"}}])",
               R"([{"all": [{"exact": {"id": "A-17"}}, {"exact": {"id": "x"}}]}])",
               R"([{"any": [{"exact": {"id": "x"}}]}])", R"([{"not": {"exact": {"id": "A-17"}}}])",
               R"([{"any": [{"exact": {"id": "A-17"}}]}, {"any": [{"exact": {"id": "x"}}]}])"});
}

BOOST_AUTO_TEST_CASE(an_expression_may_stand_anywhere) {
  check_passes({R"([{"sql": "severity <= 3 AND type LIKE '%}jam'"}])",
                R"([{"sql": "id IN ('a', 'A-17') OR false"}, {"sql": "EXISTS word"}])",
                R"([{"any": [{"sql": "word = 'x'"}, {"sql": "LEFT(word, 3) = 'abc'"}]}])",
                R"([{"not": {"sql": "id NOT IN ('b', CONCAT('A', '-17')) OR false"}}])",
                R"([{"sql": "urgent"}, {"sql": "truth"}])"});
  check_fails({R"([{"sql": "severity > 3"}])", R"([{"not": {"sql": "EXISTS word"}}])",
               R"([{"sql": "word"}])",
               R"([{"sql": "true"}, {"sql": "id IN ('a', 'b') OR false"}])"});
}

// As the specification of the dialect has it.
BOOST_AUTO_TEST_CASE(an_error_in_an_expression_makes_it_false_and_not_the_whole) {
  check_fails({R"([{"sql": "nosuch = 'x'"}])", R"([{"sql": "1 / (severity - 3) = 1"}])"});
  check_passes(
      {R"([{"not": {"sql": "nosuch = 'x'"}}])", R"([{"not": {"sql": "NOT nosuch"}}])",
       R"([{"any": [{"sql": "nosuch = 'x' OR true"}, {"exact": {"id": "A-17"}}]}])",
       R"([{"any": [{"sql": "1 + (2 + (3 + INT(word))) = 1"}, {"sql": "severity = 3"}]}])",
       R"([{"not": {"sql": "LEFT(word, -1) = 'abcdef'"}}, {"not": {"sql": "word AND id"}}])",
       R"([{"not": {"sql": "count = 1 OR severity IN (1, nosuch) OR false"}
  }])"});
}

BOOST_AUTO_TEST_CASE(steps_are_taken_as_by_an_expression_and_their_end_is_the_whole) {
  const auto filter = *Filter::compile_dialects(
      R"([{"not": {"sql": "subject LIKE '%_a%_b%_c%'"}}, {"exact": {"id": "1"}}])");
  Event event;
  event.id = "1";
  event.subject = copies("a", 2048);
  FilterSteps enough;
  BOOST_CHECK(filter.matches(event, enough));
  BOOST_CHECK_LT(enough.left, FilterSteps::of_one_evaluation - 2048);
  FilterSteps few{1000};
  BOOST_CHECK(!filter.matches(event, few));
  BOOST_CHECK(few.used_up);
  FilterSteps none{0};
  BOOST_CHECK(!filter.matches(event, none));
  BOOST_CHECK(none.used_up);
}

BOOST_AUTO_TEST_CASE(equal_filters_have_one_text) {
  const auto text = [](std::string_view json) {
    return std::string(Filter::compile_dialects(json).value().text());
  };
  BOOST_CHECK_EQUAL(text(R"([ {"exact": {"type": "a\/\u00e9", "id": "\u0001"}} ])"),
                    R"([{"exact":{"id":"\u0001","type":"a/é"}}])");
  for (const auto* same :
       {R"([{"all":[{"any":[{"sql":"id = \"1\""}]},{"not":{"suffix":{"id":"x"}}}]}])",
        R"([{"prefix":{"id":"x","source":"y"}},{"exact":{"id":"x"}}])"})
    BOOST_CHECK_EQUAL(text(same), same);
}

BOOST_AUTO_TEST_CASE(what_is_no_filter_is_refused_with_its_place) {
  check_refused("", "not valid JSON");
  check_refused("[", "not valid JSON");
  check_refused("{}", "filters is not an array");
  check_refused("[]", "filters has no filter");
  check_refused("[[]]", "filters[0] is not a filter such as");
  check_refused("[{}]", "filters[0] has other than one dialect");
  check_refused(R"([{"exact": {"id": "1"}, "prefix": {"id": "1"}}])", "other than one dialect");
  check_refused(R"([{"exact": {"id": "1"}, "exact": {"id": "1"}}])", "other than one dialect");
  check_refused(R"([{"sufix": {"id": "1"}}])", "unknown dialect 'sufix'; is 'suffix' meant?");
  check_refused(R"([{"\u001b[2J": {}}])", "filters[0] has the unknown dialect");
  check_refused(R"([{"EXACT": {"id": "1"}}])", "unknown dialect 'EXACT'");
  check_refused(R"([{"sql": "true"}, {"all": [{"any": []}]}])", "filters[1].all[0].any has no");
  check_refused(R"([{"all": {}}])", "filters[0].all is not an array");
  check_refused(R"([{"not": {}}])", "filters[0].not has other than one dialect");
  check_refused(R"([{"not": [{"sql": "true"}]}])", "filters[0].not is not a filter");
  check_refused(R"([{"exact": {}}])", "filters[0].exact has no attribute");
  check_refused(R"([{"exact": []}])", "filters[0].exact is not an object");
}

BOOST_AUTO_TEST_CASE(names_and_values_that_no_event_has_are_refused) {
  for (const std::string name :
       {"data", "Type", "data_base64", "x-y", "", "gr\u00f6\u00dfe",
        "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde", "\\u001b[2J",
        "\\u0000"})
    check_refused("[{\"prefix\": {\"" + name + "\": \"x\"}}]", "which is no attribute");
  for (const std::string value : {"\"\"", "1", "null", "true", "[]", "{}", "\"a\\u0000b\""})
    check_refused("[{\"suffix\": {\"id\": " + value + "}}]",
                  "filters[0].suffix compares 'id' with");
  check_refused(R"([{"exact": {"id": "1", "type": "a", "id": "2"}}])", "repeats 'id'");
  const auto of_length = [](std::size_t length) {
    return R"([{"exact": {"subject": ")" + std::string(length, 'a') + "\"}}]";
  };
  BOOST_CHECK(Filter::compile_dialects(of_length(2048)).has_value());
  check_refused(of_length(2049), "longer than 2048", Code::varvaltoobig);
}

BOOST_AUTO_TEST_CASE(expressions_that_are_no_filters_are_refused_with_their_column) {
  check_refused(R"([{"sql": "severity <"}])", "filters[0].sql: column 11");
  check_refused(R"([{"any": [{"sql": "lenght(id) > 1"}]}])", "filters[0].any[0].sql: column 1");
  check_refused(R"([{"sql": "1 + 1"}])", "filters[0].sql: column 1");
  check_refused(R"([{"sql": ""}])", "filters[0].sql: column 1");
  check_refused(R"([{"sql": true}])", "filters[0].sql is not a text");
  check_refused("[{\"sql\": \"id = '" + std::string(4096, 'a') + "'\"}]", "longer than 4096");
}

BOOST_AUTO_TEST_CASE(limits_of_depth_count_length_and_operands) {
  const std::string leaf = R"({"exact": {"id": "A-17"}})";
  BOOST_CHECK(!passes(within(R"({"not":)", 5, leaf, "}")));
  check_refused(within(R"({"not":)", 6, leaf, "}"), "nested more than 6");
  BOOST_CHECK(passes(within(R"({"any":[)", 5, leaf, "]}")));
  check_refused(within(R"({"any":[)", 6, leaf, "]}"), "nested more than 6");
  check_refused(within(R"({"all":[)", 500, leaf, "]}"), "nested more than 6");
  check_refused(copies("[", 4000) + copies("]", 4000), "");

  const auto list = [&](std::size_t count) {
    return "[" + copies(leaf + ",", count - 1) + leaf + "]";
  };
  BOOST_CHECK(passes(list(64)));
  check_refused(list(65), "more than 64", Code::nomoreroom);
  BOOST_CHECK(passes(R"([{"all": )" + list(63) + "}]"));
  check_refused(R"([{"all": )" + list(64) + "}]", "more than 64", Code::nomoreroom);
  check_refused(R"([{"sql": "true"}, {"all": )" + list(63) + "}]", "more than 64",
                Code::nomoreroom);

  const auto ones = [](std::size_t count) {
    return R"({"sql": ")" + copies("1+", count) + R"(1 = 1"})";
  };
  BOOST_CHECK(Filter::compile_dialects("[" + ones(500) + "]").has_value());
  check_refused("[" + ones(500) + "," + ones(500) + "]", "more than 1024", Code::nomoreroom);

  const auto long_text = R"({"exact":{"id":")" + std::string(2000, 'a') + "\"}}";
  BOOST_CHECK(
      Filter::compile_dialects("[" + copies(long_text + ",", 3) + long_text + "]").has_value());
  check_refused("[" + copies(long_text + ",", 4) + long_text + "]", "longer than 8192",
                Code::varvaltoobig);
}

// Every text of the largest array is where its program looks for it.
BOOST_AUTO_TEST_CASE(the_largest_arrays_keep_their_texts) {
  const auto word = copies("\\\"\\\\", 600);
  const auto filter = R"({"exact":{"subject":")" + word + R"("}},{"suffix":{"word":")" + word +
                      R"("}},{"sql":"subject = ')" + copies("''", 1000) + R"('"})";
  Event event;
  event.subject = copies("\"\\", 600);
  event.extensions = {{"word", "x" + copies("\"\\", 600)}};
  BOOST_CHECK(!passes("[" + filter + "]", event));
  event.subject = copies("'", 1000);
  BOOST_CHECK(passes(R"([{"not":)" + filter.substr(0, filter.find("},{") + 1) + "}," +
                         filter.substr(filter.find("},{") + 2) + "]",
                     event));
}

namespace {

// A filter, and what it is in CloudEvents SQL.
struct Twin {
  std::string json;
  std::string sql;
};

class Twins {
 public:
  explicit Twins(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_() % count; }
  const char* one_of(std::initializer_list<const char*> words) {
    return words.begin()[below(words.size())];
  }

  Twin filter(std::size_t depth) {
    const auto kind = below(depth == 1 ? 4 : 7);
    if (kind < 3) return attributes(kind);
    if (kind == 3) return expression();
    if (kind == 4) {
      const auto inner = filter(depth - 1);
      return {"{\"not\":" + inner.json + "}", "NOT (" + inner.sql + ")"};
    }
    auto list = several(1 + below(3), depth - 1, kind == 5 ? " AND " : " OR ");
    return {std::string("{\"") + (kind == 5 ? "all" : "any") + "\":[" + list.json + "]}", list.sql};
  }

  Twin several(std::size_t count, std::size_t depth, const std::string& between) {
    Twin all;
    for (std::size_t i = 0; i < count; ++i) {
      const auto one = filter(depth);
      all.json += (i == 0 ? "" : ",") + one.json;
      all.sql += (i == 0 ? "" : between) + ("(" + one.sql + ")");
    }
    return all;
  }

  Event event() {
    Event event;
    event.id = text();
    event.type = *QName::parse(std::string("com.") + one_of({"a", "b", "ab"}));
    event.source = one_of({"/a", "/b", "/ab"});
    if (below(2) == 0) event.subject = text();
    if (below(2) == 0) event.severity = static_cast<std::uint8_t>(below(8));
    if (below(2) == 0) event.extensions["x"] = text();
    if (below(2) == 0) event.extensions["n"] = static_cast<std::int32_t>(below(30)) - 10;
    if (below(2) == 0) event.extensions["flag"] = below(2) == 0;
    return event;
  }

 private:
  std::string text() {
    std::string text = one_of({"a", "b", "%", "_", "\u00e4", "A"});
    while (below(2) == 0) text += one_of({"a", "b", "%", "_", "'", "\u00e4"});
    return text;
  }

  const char* attribute() {
    return one_of({"id", "type", "source", "subject", "severity", "x", "n", "flag", "time"});
  }

  std::string value() {
    return below(3) == 0 ? one_of({"com.a", "com.", "/a", "3", "1", "-", "true", "e"}) : text();
  }

  static std::string quoted(const std::string& text, bool pattern) {
    std::string out;
    for (const char c : text) {
      if (c == '\'') out += '\'';
      if (pattern && (c == '%' || c == '_')) out += '\\';
      out += c;
    }
    return out;
  }

  Twin attributes(std::size_t kind) {
    const auto* name = attribute();
    const auto wanted = value();
    const auto exists = "EXISTS " + std::string(name) + " AND " + name;
    const auto json = std::string("\":{\"") + name + "\":" + json_string(wanted) + "}}";
    if (kind == 0) return {"{\"exact" + json, exists + " = '" + quoted(wanted, false) + "'"};
    const auto pattern = quoted(wanted, true);
    if (kind == 1) return {"{\"prefix" + json, exists + " LIKE '" + pattern + "%'"};
    return {"{\"suffix" + json, exists + " LIKE '%" + pattern + "'"};
  }

  Twin expression() {
    const std::string sql = one_of({"EXISTS x AND x LIKE 'a%'", "id IN ('a', 'b', 'ab')",
                                    "EXISTS severity AND severity < 4", "true", "LENGTH(id) > 1"});
    return {"{\"sql\":" + json_string(sql) + "}", sql};
  }

  std::mt19937 random_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(random_filters_are_what_they_are_in_cloudevents_sql) {
  const auto seed = std::random_device()();
  BOOST_TEST_MESSAGE("seed " << seed);
  Twins twins(seed);
  int passed = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto twin = twins.several(1 + twins.below(2), 4, " AND ");
    BOOST_TEST_CONTEXT("seed " << seed << ": " << twin.json << " " << twin.sql) {
      const auto expression = Filter::compile(twin.sql);
      const auto filter = Filter::compile_dialects("[" + twin.json + "]");
      if (!expression && twin.sql.size() > Filter::length_max) continue;
      BOOST_REQUIRE(expression.has_value());
      BOOST_REQUIRE_MESSAGE(filter.has_value(), (filter ? "" : filter.error().message));
      BOOST_CHECK_EQUAL(filter->text(), "[" + twin.json + "]");
      for (int k = 0; k < 10; ++k) {
        const auto event = twins.event();
        const auto wanted = expression->evaluate(event);
        BOOST_REQUIRE(!wanted.error);
        BOOST_REQUIRE_EQUAL(filter->matches(event), wanted.value == FilterValue(true));
        passed += filter->matches(event) ? 1 : 0;
      }
    }
  }
  BOOST_CHECK_GT(passed, 2'000);
  BOOST_CHECK_LT(passed, 38'000);
}

BOOST_AUTO_TEST_SUITE_END()
