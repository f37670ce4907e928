// SPDX-License-Identifier: Apache-2.0
#include "core/event/qname.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

struct Range {
  char32_t first, last;
};

// NameStartChar of XML 1.0 (fifth edition) production [4], without the colon.
constexpr std::array<Range, 15> name_start = {{{'A', 'Z'},
                                               {'_', '_'},
                                               {'a', 'z'},
                                               {0xc0, 0xd6},
                                               {0xd8, 0xf6},
                                               {0xf8, 0x2ff},
                                               {0x370, 0x37d},
                                               {0x37f, 0x1fff},
                                               {0x200c, 0x200d},
                                               {0x2070, 0x218f},
                                               {0x2c00, 0x2fef},
                                               {0x3001, 0xd7ff},
                                               {0xf900, 0xfdcf},
                                               {0xfdf0, 0xfffd},
                                               {0x10000, 0xeffff}}};
// What NameChar [4a] adds.
constexpr std::array<Range, 6> name_more = {
    {{'-', '-'}, {'.', '.'}, {'0', '9'}, {0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}}};

template <std::size_t N>
constexpr bool contains(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range r) { return c >= r.first && c <= r.last; });
}

// The same answers for ASCII, looked up: the broker checks each event's type.
struct Ascii {
  std::array<bool, 128> starts_name{};
  std::array<bool, 128> continues_name{};
  std::array<bool, 128> in_namespace{};
};
constexpr Ascii ascii = [] {
  Ascii table;
  for (unsigned c = 0; c < 128; ++c) {
    table.starts_name[c] = contains(name_start, c);
    table.continues_name[c] = table.starts_name[c] || contains(name_more, c);
    table.in_namespace[c] = c > ' ' && c != '{' && c != '}' && c != 0x7f;
  }
  return table;
}();

bool is_ncname(std::string_view text) {
  if (text.empty()) return false;
  bool first = true;
  while (!text.empty()) {
    if (const auto octet = static_cast<unsigned char>(text.front()); octet < 128) {
      if (!(first ? ascii.starts_name : ascii.continues_name)[octet]) return false;
      first = false;
      text.remove_prefix(1);
      continue;
    }
    const auto point = first_code_point(text);
    if (point.length == 0) return false;
    if (!contains(name_start, point.value) && (first || !contains(name_more, point.value)))
      return false;
    first = false;
    text.remove_prefix(point.length);
  }
  return true;
}

struct Parts {
  std::string_view ns;
  std::string_view local;
};

Status check_parts(const Parts& parts) {
  if (parts.ns.size() > QName::namespace_length_max || parts.local.size() > QName::local_length_max)
    return fail(Code::varnametoobig,
                "event type: the namespace may have 512 octets and the local name 256");
  if (!consists_of(parts.ns, ascii.in_namespace))
    return fail(Code::badparam, "event type: '" + printable(parts.ns) +
                                    "' cannot be a namespace: no spaces, braces or control "
                                    "characters, and UTF-8");
  if (!is_ncname(parts.local))
    return fail(Code::badparam, "event type: '" + printable(parts.local) +
                                    "' is not an XML NCName: a letter or underscore, then letters, "
                                    "digits, '-', '.', '_'");
  return {};
}

// A text without a brace in front is a local name without a namespace; absent without the second
// brace.
std::optional<Parts> split_clark(std::string_view text) {
  if (!text.starts_with('{')) return Parts{{}, text};
  const auto close = text.find('}');
  if (close == std::string_view::npos) return std::nullopt;
  return Parts{text.substr(1, close - 1), text.substr(close + 1)};
}

// UTF-8 without control characters (CloudEvents 1.0.2, Type System).
bool is_text(std::string_view text) {
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (c.length == 0 || c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0)) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

// What a topic is taken apart by, and what patterns and Clark notation give a meaning to.
bool is_plain_in_clark(char c) {
  return std::string_view(" %*{}").find(c) == std::string_view::npos;
}

}  // namespace

Result<QName> QName::make(std::string_view ns, std::string_view local) {
  if (auto status = check_parts({ns, local}); !status) return tl::unexpected(status.error());
  QName name;
  name.ns_length_ = ns.size();
  name.clark_.clear();
  name.clark_.reserve(ns.size() + local.size() + 2);
  name.clark_.append("{").append(ns).append("}").append(local);
  return name;
}

Result<QName> QName::parse(std::string_view text) {
  if (const auto parts = split_clark(text);
      parts && consists_of(parts->ns, ascii.in_namespace) && is_ncname(parts->local))
    return make(parts->ns, parts->local);
  if (text.empty()) return fail(Code::badparam, "event type: it is empty");
  if (text.size() > local_length_max)
    return fail(Code::varnametoobig, "event type: it has " + std::to_string(text.size()) +
                                         " octets; at most 256 are allowed, and 512 more in a "
                                         "namespace: {namespace}local");
  if (!is_text(text))
    return fail(Code::badparam,
                "event type: '" + printable(text) + "' has control characters, or is not UTF-8");
  QName name;
  name.clark_ += percent_encode(text, is_plain_in_clark);
  name.text_ = text;
  return name;
}

Result<QName> QName::from_clark(std::string_view clark) {
  const auto text = clark.starts_with("{}") ? percent_decode(clark.substr(2)) : std::string(clark);
  auto name = parse(text.value_or(""));
  if (name && name->clark_ == clark) return name;
  return fail(Code::badparam, "event type: '" + printable(clark.substr(0, 200)) +
                                  "' is not {namespace}local, nor a text as the bus has it");
}

}  // namespace sense
