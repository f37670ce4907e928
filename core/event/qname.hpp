// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// The name of an event type: an XML qualified name (Namespaces in XML 1.0, section 4) in Clark
// notation, `{namespace}local`. A type without a namespace, such as CloudEvents'
// `com.example.created`, has the empty namespace: `{}com.example.created` inside, and without the
// braces outside. A value; compares octet by octet.
class QName {
 public:
  static constexpr std::size_t namespace_length_max = 512;
  static constexpr std::size_t local_length_max = 256;

  QName() = default;

  // Reads Clark notation, or a bare local name. The namespace is printable UTF-8 without spaces and
  // braces; the local part an NCName (Namespaces in XML, [4]): no colon, and it starts with a
  // letter or an underscore. Fails with badparam, or varnametoobig over the lengths above.
  [[nodiscard]] static Result<QName> parse(std::string_view text);
  // The same checks without making one: takes no memory when the text is right.
  [[nodiscard]] static Status check(std::string_view text);
  [[nodiscard]] static Result<QName> make(std::string_view ns, std::string_view local);

  [[nodiscard]] std::string_view ns() const {
    return std::string_view(clark_).substr(1, ns_length_);
  }
  [[nodiscard]] std::string_view local() const {
    return std::string_view(clark_).substr(ns_length_ + 2);
  }
  // `{namespace}local`, always with braces.
  [[nodiscard]] const std::string& clark() const { return clark_; }
  // As people and CloudEvents write it: without braces when there is no namespace.
  [[nodiscard]] std::string_view display() const { return ns_length_ == 0 ? local() : clark_; }

  friend bool operator==(const QName& left, const QName& right) {
    return left.clark_ == right.clark_;
  }
  friend auto operator<=>(const QName& left, const QName& right) {
    return left.clark_ <=> right.clark_;
  }

 private:
  std::string clark_ = "{}";
  std::size_t ns_length_ = 0;
};

}  // namespace sense
