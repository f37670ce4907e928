// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/event/qname.hpp"

namespace sense {

// Which types: one by its name, all of a namespace by `{ns}*`, or all by `*`
// (docs/sense-protocol.md, Patterns). A name with a star cannot be a pattern: a filter selects such
// a type. A value.
class TypePattern {
 public:
  // Fails with badparam, or with the error of the name (QName::parse).
  [[nodiscard]] static Result<TypePattern> parse(std::string_view text);

  [[nodiscard]] bool matches(const QName& type) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  // The prefix of bus topics that selects all matching types, and no other type: `{ns}local `,
  // `{ns}` or `{`.
  [[nodiscard]] std::string topic_prefix() const;

  // exact: the type whose QName::display() is text(); in_namespace: `{ns}*`; any: `*`.
  enum class Kind { exact, in_namespace, any };
  [[nodiscard]] Kind kind() const { return kind_; }

  friend bool operator==(const TypePattern&, const TypePattern&) = default;

 private:
  Kind kind_ = Kind::any;
  std::string text_ = "*";  // for exact: QName::display()
};

// Which sources: a URI-reference, exact; ending in `/**` for everything below; `*` as a path
// segment for any one segment. A value.
class SourcePattern {
 public:
  // Fails with badparam.
  [[nodiscard]] static Result<SourcePattern> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view source) const;
  [[nodiscard]] const std::string& text() const { return text_; }

  friend bool operator==(const SourcePattern&, const SourcePattern&) = default;

 private:
  std::string text_ = "/**";
};

}  // namespace sense
