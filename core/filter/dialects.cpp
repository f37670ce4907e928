// SPDX-License-Identifier: Apache-2.0
#include "core/filter/dialects.hpp"

#include <simdjson.h>
#include <algorithm>
#include <array>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cesql {

namespace {

using Dialect = DialectFilter::Dialect;

constexpr std::array<std::pair<std::string_view, Dialect>, 7> dialects = {{
    {"exact", Dialect::exact},
    {"prefix", Dialect::prefix},
    {"suffix", Dialect::suffix},
    {"all", Dialect::all},
    {"any", Dialect::any},
    {"not", Dialect::negation},
    {"sql", Dialect::sql},
}};

std::string_view name_of(Dialect dialect) {
  return std::find_if(dialects.begin(), dialects.end(),
                      [&](const auto& row) { return row.second == dialect; })
      ->first;
}

// Reads one text; `place` names a value within it: "filters[1].all[0]".
class DialectReader {
 public:
  using Element = simdjson::dom::element;

  Status read_list(const Element& json, const std::string& place, std::size_t depth,
                   std::vector<DialectFilter>& into) {
    simdjson::dom::array entries;
    if (json.get(entries) != simdjson::SUCCESS) return refuse(place, "is not an array of filters");
    if (entries.size() == 0) return refuse(place, "has no filter");
    if (entries.size() > Filter::dialects_max - count_) return refuse_count();
    std::size_t at = 0;
    for (const Element entry : entries) {
      const auto status =
          read_filter(entry, place + "[" + std::to_string(at++) + "]", depth, into.emplace_back());
      if (!status) return status;
    }
    return {};
  }

 private:
  static tl::unexpected<Error> refuse(const std::string& place, std::string_view why,
                                      Code code = Code::badparam) {
    return fail(code, place + " " + std::string(why), "filters");
  }

  static tl::unexpected<Error> refuse_count() {
    return refuse("filters", "has more than 64 filters in all", Code::nomoreroom);
  }

  Status read_filter(const Element& json, const std::string& place, std::size_t depth,
                     DialectFilter& into) {
    if (++count_ > Filter::dialects_max) return refuse_count();
    if (depth > Filter::dialects_depth_max)
      return refuse(place, "is nested more than 6 filters deep");
    simdjson::dom::object object;
    if (json.get(object) != simdjson::SUCCESS)
      return refuse(place, R"(is not a filter such as {"exact": {"type": "com.example.jam"}})");
    if (object.size() != 1)
      return refuse(place, "has other than one dialect: put each into an object of its own");
    const auto [name, value] = *object.begin();
    const auto found = std::find_if(dialects.begin(), dialects.end(),
                                    [&name = name](const auto& row) { return row.first == name; });
    if (found == dialects.end()) return refuse_dialect(place, name);
    into.dialect = found->second;
    const auto within = place + "." + std::string(found->first);
    switch (into.dialect) {
      case Dialect::all:
      case Dialect::any: return read_list(value, within, depth + 1, into.filters);
      case Dialect::negation:
        return read_filter(value, within, depth + 1, into.filters.emplace_back());
      case Dialect::sql: return read_expression(value, within, into.expression);
      default: return read_attributes(value, within, into.attributes);
    }
  }

  static tl::unexpected<Error> refuse_dialect(const std::string& place, std::string_view name) {
    std::vector<std::string> names;
    for (const auto& row : dialects) names.emplace_back(row.first);
    const auto shown = name.substr(0, 64);
    const auto near = nearest(shown, names);
    return refuse(place, "has the unknown dialect '" + printable(shown) + "'" +
                             (near.empty() ? "" : "; is '" + near + "' meant?"));
  }

  static Status read_expression(const Element& json, const std::string& place,
                                std::string& expression) {
    std::string_view text;
    if (json.get(text) != simdjson::SUCCESS) return refuse(place, "is not a text");
    const auto filter = Filter::compile(text);
    if (!filter) return refuse_expression(place, filter.error());
    if (filter->defect()) return refuse_expression(place, *filter->defect());
    expression = text;
    return {};
  }

  static Status refuse_expression(const std::string& place, const FilterFault& fault) {
    return refuse(place + ":", "column " + std::to_string(fault.column) + ": " + fault.message);
  }

  static Status read_attributes(const Element& json, const std::string& place,
                                std::vector<std::pair<std::string, std::string>>& into) {
    simdjson::dom::object attributes;
    if (json.get(attributes) != simdjson::SUCCESS)
      return refuse(place, R"(is not an object of attributes such as {"type": "com.example.jam"})");
    if (attributes.size() == 0) return refuse(place, "has no attribute");
    for (const auto [name, json_value] : attributes) {
      const auto shown = "'" + printable(name.substr(0, 64)) + "'";
      if (find_attribute(name) == nullptr && !valid_extension_name(name))
        return refuse(place, "has " + shown +
                                 ", which is no attribute: their names are 1 to 64 lower-case "
                                 "letters and digits, and not 'data'");
      std::string_view value;
      if (json_value.get(value) != simdjson::SUCCESS || value.empty() || !valid_text(value))
        return refuse(place, "compares " + shown +
                                 " with other than a text, without NUL, that is "
                                 "not empty");
      if (value.size() > Event::text_length_max)
        return refuse(place, "compares " + shown + " with a text longer than 2048 octets",
                      Code::varvaltoobig);
      into.emplace_back(name, value);
    }
    std::sort(into.begin(), into.end());
    const auto twice = std::adjacent_find(
        into.begin(), into.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != into.end()) return refuse(place, "repeats '" + twice->first + "'");
    return {};
  }

  std::size_t count_ = 0;
};

void append_json(const DialectFilter& filter, std::string& out);

void append_json_list(const std::vector<DialectFilter>& filters, std::string& out) {
  char before = '[';
  for (const auto& filter : filters) {
    out += before;
    append_json(filter, out);
    before = ',';
  }
  out += ']';
}

void append_json(const DialectFilter& filter, std::string& out) {
  out.append("{\"").append(name_of(filter.dialect)).append("\":");
  if (filter.dialect == Dialect::negation) {
    append_json(filter.filters.front(), out);
  } else if (filter.dialect == Dialect::sql) {
    out += json_string(filter.expression);
  } else if (!filter.filters.empty()) {
    append_json_list(filter.filters, out);
  } else {
    JsonObject attributes;
    for (const auto& [name, value] : filter.attributes) attributes.put(name, value);
    out += attributes.take();
  }
  out += '}';
}

}  // namespace

Result<DialectFilter> read_dialects(std::string_view json) {
  const auto refuse = [](Code code, const char* why) {
    return fail(code, std::string("filters ") + why, "filters");
  };
  constexpr auto too_long = "is longer than 8192 octets of JSON without spaces";
  if (json.size() > Filter::dialects_length_max) return refuse(Code::varvaltoobig, too_long);
  // Made for each text: most subscriptions have one that is compiled already.
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS)
    return refuse(Code::badparam, "is not valid JSON");
  DialectFilter all;
  const auto status = DialectReader().read_list(root, "filters", 1, all.filters);
  if (!status) return tl::unexpected(status.error());
  // Escapes may be longer than what was given.
  if (json_of_dialects(all).size() > Filter::dialects_length_max)
    return refuse(Code::varvaltoobig, too_long);
  return all;
}

std::string json_of_dialects(const DialectFilter& all) {
  std::string out;
  append_json_list(all.filters, out);
  return out;
}

}  // namespace sense::cesql
