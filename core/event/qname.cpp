// SPDX-License-Identifier: Apache-2.0
#include "core/event/qname.hpp"

#include <algorithm>
#include <array>

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

bool is_namespace(std::string_view text) {
  while (!text.empty()) {
    if (const auto octet = static_cast<unsigned char>(text.front()); octet < 128) {
      if (!ascii.in_namespace[octet]) return false;
      text.remove_prefix(1);
      continue;
    }
    const auto point = first_code_point(text);
    if (point.length == 0 || deceives(point.value)) return false;
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
  if (!is_namespace(parts.ns))
    return fail(Code::badparam, "event type: '" + printable(parts.ns) +
                                    "' cannot be a namespace: no spaces, braces or control "
                                    "characters, and UTF-8");
  if (!is_ncname(parts.local))
    return fail(Code::badparam, "event type: '" + printable(parts.local) +
                                    "' is not an XML NCName: a letter or underscore, then letters, "
                                    "digits, '-', '.', '_'");
  return {};
}

Result<Parts> split_clark(std::string_view text) {
  if (!text.starts_with('{')) return Parts{{}, text};
  const auto close = text.find('}');
  if (close == std::string_view::npos)
    return fail(Code::badparam, "event type: '" + printable(text.substr(0, 200)) +
                                    "' has no closing brace: write {namespace}local");
  return Parts{text.substr(1, close - 1), text.substr(close + 1)};
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
  const auto parts = split_clark(text);
  if (!parts) return tl::unexpected(parts.error());
  return make(parts->ns, parts->local);
}

Status QName::check(std::string_view text) {
  const auto parts = split_clark(text);
  if (!parts) return tl::unexpected(parts.error());
  return check_parts(*parts);
}

}  // namespace sense
