// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// JSON (RFC 8259) without the header of a JSON library, which costs seconds in each file that
// includes it: one compiled copy of nlohmann-json is behind this interface. Octets that are not
// UTF-8 are replaced instead of throwing an exception. Any thread.
namespace sense {

// A text as a JSON string, with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);
// The same in ASCII only, for terminals and logs: other characters are escaped.
[[nodiscard]] std::string json_string_ascii(std::string_view text);
// A number in the shortest form that reads back to the same value.
[[nodiscard]] std::string json_number(double number);

// Writes an object on one line, in the order of the calls. REQUIRES: names differ.
class JsonObject {
 public:
  JsonObject& put(std::string_view name, std::string_view text) {
    return put_raw(name, json_string(text));
  }
  JsonObject& put(std::string_view name, double number) {
    return put_raw(name, json_number(number));
  }
  template <std::integral Number>
  JsonObject& put(std::string_view name, Number number) {
    if constexpr (std::same_as<Number, bool>)
      return put_raw(name, number ? "true" : "false");
    else
      return put_raw(name, std::to_string(number));
  }
  // `json`: valid JSON, inserted unchanged.
  JsonObject& put_raw(std::string_view name, std::string_view json);

  // The object; this is empty afterwards.
  [[nodiscard]] std::string take();

 private:
  std::string out_ = "{";
};

// A value of a JsonDocument, which must outlive it; or no value, of which every question is
// answered by false or nothing.
class JsonView {
 public:
  JsonView() = default;
  [[nodiscard]] bool exists() const { return value_ != nullptr; }
  [[nodiscard]] bool is_object() const;
  // The number of members or entries.
  [[nodiscard]] std::size_t size() const;
  // The member with that name.
  [[nodiscard]] JsonView find(std::string_view name) const;
  // Calls `take` for each member of an object, in the order of the text, until it returns false.
  void each_member(const std::function<bool(const std::string& name, JsonView value)>& take) const;
  // Likewise for each entry of an array.
  void each_entry(const std::function<bool(JsonView entry)>& take) const;

  // Absent when the value has another type.
  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  // Integers without and with a sign; absent when it does not fit.
  [[nodiscard]] std::optional<std::uint64_t> natural() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;

  // The value as JSON on one line. REQUIRES: exists().
  [[nodiscard]] std::string dump() const;

 private:
  friend class JsonDocument;
  explicit JsonView(const void* value) : value_(value) {}
  const void* value_ = nullptr;
};

// Whether the text is JSON whose numbers fit into a double. Takes no memory for its values.
[[nodiscard]] bool valid_json(std::string_view text);

// A parsed JSON text. Immutable. Of members with one name, the last one counts.
class JsonDocument {
 public:
  // Absent when the text is not JSON.
  [[nodiscard]] static std::optional<JsonDocument> parse(std::string_view text);
  [[nodiscard]] JsonView root() const { return JsonView(value_.get()); }

 private:
  explicit JsonDocument(std::shared_ptr<const void> value) : value_(std::move(value)) {}
  std::shared_ptr<const void> value_;
};

// What a JSON text contains at its outermost level, without keeping its values.
struct JsonOutline {
  bool too_deep = false;           // it nests deeper than depth_max; the rest is then unknown
  bool is_object = false;          // and valid JSON
  std::vector<std::string> names;  // of its members, sorted
};
[[nodiscard]] JsonOutline outline_json(std::string_view text, int depth_max);

// `target` with a merge patch (RFC 7396) applied, the members of objects sorted by name. REQUIRES:
// both are valid JSON.
[[nodiscard]] std::string merge_json_patch(std::string_view target, std::string_view patch);

// A value of one of nlohmann's JSON types as one line of text.
template <typename Json>
[[nodiscard]] std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The same in ASCII only.
template <typename Json>
[[nodiscard]] std::string json_ascii(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace sense
