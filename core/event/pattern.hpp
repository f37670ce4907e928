// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/event/qname.hpp"

namespace sense {

// Which types: `{ns}local`, `{ns}*` or `*` (docs/sense-protocol.md, Patterns). A value.
class TypePattern {
 public:
  [[nodiscard]] static Result<TypePattern> parse(std::string_view text);

  [[nodiscard]] bool matches(const QName& type) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  // The prefix of bus topics that selects all matching types: `{ns}local `, `{ns}` or `{`.
  [[nodiscard]] std::string topic_prefix() const;

  enum class Kind { exact, in_namespace, any };
  [[nodiscard]] Kind kind() const { return kind_; }

  friend bool operator==(const TypePattern&, const TypePattern&) = default;

 private:
  Kind kind_ = Kind::any;
  std::string text_ = "*";  // Clark notation for exact
};

// Which sources: a URI-reference, exact; ending in `/**` for everything below; `*` as a path
// segment for any one segment. A value.
class SourcePattern {
 public:
  [[nodiscard]] static Result<SourcePattern> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view source) const;
  [[nodiscard]] const std::string& text() const { return text_; }

  friend bool operator==(const SourcePattern&, const SourcePattern&) = default;

 private:
  std::string text_ = "/**";
};

}  // namespace sense
