// SPDX-License-Identifier: Apache-2.0
#include "core/filter/filter.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/commands.hpp"
#include "cli/base/input.hpp"
#include "cli/base/output.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/event/attributes.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t line_length_max = cloudevents_json_length_max + Filter::length_max * 6;
constexpr int depth_max = 66;  // what an event may have, and a line around it

struct FilterOptions {
  std::string expression;
  std::string event = "-";
};

// Octets that are not UTF-8 are replaced.
bool print_json(const Json& json) { return print_line(json_text(json)); }

Json json_of(const FilterValue& value) {
  return std::visit([](const auto& one) { return Json(one); }, value);
}

Json error_of(const std::optional<FilterError>& error) {
  return error ? Json(to_text(*error)) : Json(nullptr);
}

// ---- test: one line in, one line out

Json refusal(const std::string& why) {
  return {{"result", nullptr}, {"error", to_text(FilterError::generic)}, {"message", why}};
}

Json refusal(const FilterFault& fault) {
  return {{"result", fault.result ? Json(*fault.result) : Json(nullptr)},
          {"error", to_text(fault.kind)},
          {"at", fault.column}};
}

// Nothing when it is not JSON or too deep.
std::optional<Json> parse_line(const std::string& line) {
  bool too_deep = false;
  auto json = Json::parse(
      line,
      [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > depth_max;
        return !too_deep;
      },
      /*allow_exceptions=*/false);
  if (too_deep || json.is_discarded()) return std::nullopt;
  return json;
}

// Cases are kept as YAML, whose readers take the expressions `true` and `-10` for values.
std::optional<std::string> expression_of(const Json& line) {
  if (!line.is_object() || !line.contains("expression")) return std::nullopt;
  const auto& expression = line["expression"];
  if (expression.is_boolean() || expression.is_number_integer()) return expression.dump();
  if (!expression.is_string()) return std::nullopt;
  return expression.get<std::string>();
}

// The event of a line; where there is none, any event will do.
Json event_of(const Json& line) {
  auto event = line.contains("event") && !line["event"].is_null()
                   ? line["event"]
                   : Json{{"specversion", "1.0"},
                          {"id", "1"},
                          {"type", "com.example.event"},
                          {"source", "//example/source"}};
  if (line.contains("eventOverrides") && line["eventOverrides"].is_object() && event.is_object())
    event.update(line["eventOverrides"]);
  return event;
}

// The service keeps times in UTC. The specification's cases want them back as they were written, so
// here they are kept as texts.
std::vector<std::pair<std::string, std::string>> take_times(Json& event) {
  std::vector<std::pair<std::string, std::string>> times;
  for (const auto& attribute : attributes()) {
    const std::string name(attribute.name);
    if (attribute.kind != Attribute::Kind::time || !event.contains(name)) continue;
    if (!event[name].is_string()) continue;
    times.emplace_back(name, event[name].get<std::string>());
    event.erase(name);
  }
  return times;
}

Json answer_to(const std::string& text) {
  const auto line = parse_line(text);
  const auto expression = line ? expression_of(*line) : std::nullopt;
  if (!expression)
    return refusal("the line is not a JSON object {\"expression\": \"...\", \"event\": {...}}");
  auto json = event_of(*line);
  if (!json.is_object()) return refusal("event is not an object: a CloudEvent in the JSON format");
  const auto filter = Filter::compile(*expression);
  if (!filter) return refusal(filter.error());
  const auto times = take_times(json);
  auto event = event_from_cloudevents_json(json.dump(), EventOrigin::service);
  if (!event) return refusal(printable(event.error().message));
  for (const auto& [name, time] : times) event->extensions.insert_or_assign(name, time);
  const auto result = filter->evaluate(*event);
  return {{"result", json_of(result.value)}, {"error", error_of(result.error)}};
}

enum class Reading { line, too_long, end };

// What is too long is read to its end and not kept.
Reading read_line(std::string& line) {
  line.clear();
  std::size_t length = 0;
  int c = std::getc(stdin);
  if (c == EOF) return Reading::end;
  for (; c != EOF && c != '\n'; c = std::getc(stdin))
    if (++length <= line_length_max) line += static_cast<char>(c);
  return length <= line_length_max ? Reading::line : Reading::too_long;
}

int run_test() {
  std::string line;
  for (;;) {
    const auto reading = read_line(line);
    if (reading == Reading::end) return exit_ok;
    const auto answer =
        reading == Reading::line ? answer_to(line) : refusal("the line is longer than 4 MiB");
    // The reader of the answers may have closed the pipe.
    if (!print_json(answer)) return exit_failed;
  }
}

// ---- check, match: for people

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (; !text.empty(); ++width) text.remove_prefix(std::max(1U, first_code_point(text).length));
  return width;
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c > 0 && c < ' '; }, ' ');
  return printable(line);
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t octets = 0;
  for (; count > 0 && octets < text.size(); --count)
    octets += std::max(1U, first_code_point(text.substr(octets)).length);
  return text.substr(0, octets);
}

void point_at(const std::string& expression, std::size_t column) {
  const auto before = on_one_line(first_characters(expression, column - 1));
  std::fprintf(stderr, "  %s\n  %s^\n", on_one_line(expression).c_str(),
               std::string(width_of(before), ' ').c_str());
}

int refuse(const Global& global, const std::string& expression, const FilterFault& fault) {
  if (global.json) {
    print_json({{"good", false},
                {"error", to_text(fault.kind)},
                {"at", fault.column},
                {"message", fault.message}});
    return exit_failed;
  }
  failed(to_string(fault));
  if (expression.size() <= Filter::length_max) point_at(expression, fault.column);
  return exit_failed;
}

int run_check(const Global& global, const FilterOptions& options) {
  const auto filter = Filter::compile(options.expression);
  if (!filter) return refuse(global, options.expression, filter.error());
  if (filter->defect()) return refuse(global, options.expression, *filter->defect());
  if (global.json)
    print_json({{"good", true}});
  else
    print_line("good");
  return exit_ok;
}

const char* meaning_of(FilterError error) {
  switch (error) {
    case FilterError::math: return "the result does not fit into 32 bits, or is divided by 0";
    case FilterError::cast: return "a value here cannot be cast to the type that is needed";
    case FilterError::missing_function: return "there is no such function with these arguments";
    case FilterError::function_evaluation: return "the function cannot do this";
    case FilterError::missing_attribute: return "the event has no such attribute";
    default: return "this is too much work for one filter";
  }
}

std::string why_not(const FilterResult& result) {
  if (result.error)
    return ": column " + std::to_string(result.column) + ": " + meaning_of(*result.error) + " (" +
           std::string(to_text(*result.error)) + ")";
  if (std::holds_alternative<bool>(result.value)) return "";
  return ": the result is " + printable(json_of(result.value).dump()) +
         ", and only true lets an event pass";
}

int run_match(const Global& global, const FilterOptions& options) {
  const auto filter = Filter::compile(options.expression);
  if (!filter) return refuse(global, options.expression, filter.error());
  const auto text = read_input(options.event, cloudevents_json_length_max);
  if (!text) return failed(text.error());
  const auto event = event_from_cloudevents_json(*text, EventOrigin::service);
  if (!event) return failed(event.error());
  const auto result = filter->evaluate(*event);
  const bool matches = filter->matches(*event);
  if (global.json)
    print_json({{"matches", matches},
                {"result", json_of(result.value)},
                {"error", error_of(result.error)}});
  else
    print_line(matches ? "matches" : "does not match" + why_not(result));
  return matches ? exit_ok : exit_failed;
}

CommandOption expression_option(FilterOptions& options) {
  return {.name = "EXPRESSION",
          .target = &options.expression,
          .help = "CloudEvents SQL, in quotes for your shell",
          .required = true};
}

Command check_command(const Global& global) {
  const auto options = std::make_shared<FilterOptions>();
  return {.name = "check",
          .summary = "Tell whether an expression is a good filter",
          .notes =
              "Points at the column of a mistake; ends with 1 when there is one.\n\n"
              "Example:\n  sense filter check \"EXISTS subject AND severity <= 3\"",
          .options = {expression_option(*options)},
          .run = [&global, options] { return run_check(global, *options); }};
}

Command match_command(const Global& global) {
  const auto options = std::make_shared<FilterOptions>();
  return {.name = "match",
          .summary = "Tell whether an event passes a filter, and why not",
          .notes =
              "Ends with 1 when it does not pass.\n\nExample:\n"
              "  sense filter match \"subject = 'tray 2'\" --event event.json",
          .options = {expression_option(*options),
                      {.name = "--event",
                       .value_name = "FILE",
                       .target = &options->event,
                       .help = "A CloudEvent in the JSON format; -: standard input",
                       .show_default = true}},
          .run = [&global, options] { return run_match(global, *options); }};
}

Command test_command() {
  return {
      .name = "test",
      .summary = "Evaluate cases, one JSON object a line, for conformance tests",
      .notes =
          "Reads {\"expression\": \"...\", \"event\": {a CloudEvent}} from standard input; "
          "without an\n"
          "event, any. Answers each line at once with {\"result\": ..., \"error\": ...}: the error "
          "is null or\nparse (with the column as \"at\"), math, cast, missingFunction, "
          "functionEvaluation,\n"
          "missingAttribute or generic. A line that cannot be read is answered with generic and a\n"
          "message. Times are taken as they are written.\n\n"
          "Example:\n  echo '{\"expression\": \"1 + 1 = 2\"}' | sense filter test",
      .run = [] { return run_test(); }};
}

}  // namespace

Command filter_command(const Global& global) {
  return {.name = "filter",
          .summary = "Try out filters: is the expression good, does it match an event?",
          .notes =
              "A filter is an expression in CloudEvents SQL over the attributes of an event; "
              "see docs/filters.md.\n\nExamples:\n"
              "  sense filter check \"type LIKE '%.jam' AND severity < 4\"\n"
              "  sense journal dump --limit 1 | sense filter match 'severity < 4'\n"
              "  sense filter test < cases.jsonl",
          .subcommands = {check_command(global), match_command(global), test_command()}};
}

}  // namespace sense::cli
