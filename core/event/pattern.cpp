// SPDX-License-Identifier: Apache-2.0
#include "core/event/pattern.hpp"

#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense {

Result<TypePattern> TypePattern::parse(std::string_view text) {
  TypePattern pattern;
  if (text == "*") return pattern;
  if (text.starts_with('{') && text.ends_with("}*")) {
    // The local name is a placeholder: only the namespace is checked.
    const auto checked = QName::make(text.substr(1, text.size() - 3), "x");
    if (!checked) return tl::unexpected(checked.error());
    pattern.kind_ = Kind::in_namespace;
    pattern.text_ = text;
    return pattern;
  }
  const auto name = QName::parse(text);
  if (!name) return tl::unexpected(name.error());
  // Text may have them, but as a pattern it is more likely to be one that is written wrongly.
  const bool reserved = text.starts_with('{') || text.find('*') != std::string_view::npos;
  if (reserved && name->local() == text)
    return fail(Code::badparam,
                "event type: '" + printable(text) +
                    "' is no pattern: write a whole type, {namespace}local, {namespace}* or *; for "
                    "other types, add a filter such as type LIKE 'com.example.%'");
  pattern.kind_ = Kind::exact;
  pattern.text_ = name->display();
  return pattern;
}

bool TypePattern::matches(const QName& type) const {
  switch (kind_) {
    case Kind::any: return true;
    case Kind::exact: return type.display() == text_;
    case Kind::in_namespace:
      return type.ns() == std::string_view(text_).substr(1, text_.size() - 3);
  }
  return false;
}

std::string TypePattern::topic_prefix() const {
  switch (kind_) {
    case Kind::any: return "{";
    case Kind::exact: return QName::parse(text_)->clark() + " ";
    case Kind::in_namespace: return text_.substr(0, text_.size() - 1);
  }
  return "{";
}

Result<SourcePattern> SourcePattern::parse(std::string_view text) {
  if (!valid_source(text))
    return fail(Code::badparam, "source pattern: '" + printable(text.substr(0, 200)) +
                                    "' is not a URI-reference of 1 to 1024 octets without spaces");
  SourcePattern pattern;
  pattern.text_ = text;
  for (auto rest = text; !rest.empty();) {
    const auto slash = rest.find('/');
    const auto segment = rest.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    const bool wild = segment == "*" || (segment == "**" && last);
    if (!wild && segment.find('*') != std::string_view::npos)
      return fail(Code::badparam,
                  "source pattern: '" + printable(text) +
                      "': '*' stands for one whole path segment, and '/**' may only "
                      "stand at the end");
    if (last) break;
    rest.remove_prefix(slash + 1);
  }
  return pattern;
}

bool SourcePattern::matches(std::string_view source) const {
  std::string_view pattern = text_;
  for (;;) {
    if (pattern == "**") return true;
    const auto pattern_slash = pattern.find('/');
    const auto source_slash = source.find('/');
    const auto segment = pattern.substr(0, pattern_slash);
    const bool wild = segment == "*" && source_slash != 0 && !source.empty();
    if (!wild && segment != source.substr(0, source_slash)) return false;
    const bool pattern_ends = pattern_slash == std::string_view::npos;
    const bool source_ends = source_slash == std::string_view::npos;
    if (pattern_ends || source_ends) return pattern_ends && source_ends;
    pattern.remove_prefix(pattern_slash + 1);
    source.remove_prefix(source_slash + 1);
  }
}

}  // namespace sense
