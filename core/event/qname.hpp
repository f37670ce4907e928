// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// The name of an event type. Mostly it is an XML qualified name (Namespaces in XML 1.0, section 4)
// in Clark notation, `{namespace}local`; without a namespace, such as CloudEvents'
// `com.example.created`, it is `{}com.example.created` inside, and without the braces outside. What
// is no qualified name is text, as CloudEvents allows (`oss:ObjectCreated:PutObject`, `a b`, a
// URI): it has no namespace, comes out octet by octet, and compares octet by octet. A value; any
// thread.
class QName {
 public:
  static constexpr std::size_t namespace_length_max = 512;
  static constexpr std::size_t local_length_max = 256;  // also of a text

  QName() = default;

  // Reads what people and CloudEvents write: Clark notation, a bare local name, or text, which is
  // UTF-8 of 1 to 256 octets without control characters. In a qualified name, the namespace is
  // printable UTF-8 without spaces and braces, and the local part an NCName (Namespaces in XML,
  // [4]). Fails with badparam, or varnametoobig over the lengths above.
  [[nodiscard]] static Result<QName> parse(std::string_view text);
  // A qualified name. Fails likewise, and when the parts are not those of one.
  [[nodiscard]] static Result<QName> make(std::string_view ns, std::string_view local);
  // Reads what clark() gives, and nothing else: fails with badparam.
  [[nodiscard]] static Result<QName> from_clark(std::string_view clark);

  // Empty for text.
  [[nodiscard]] std::string_view ns() const {
    return std::string_view(clark_).substr(1, ns_length_);
  }
  // The local name, or the text.
  [[nodiscard]] std::string_view local() const {
    return text_.empty() ? std::string_view(clark_).substr(ns_length_ + 2) : text_;
  }
  // `{namespace}local`, always with braces and without spaces: what the bus routes by. Of text, the
  // local part is percent-encoded (space, percent sign, star and braces), which no NCName looks
  // like: no two names are the same here.
  [[nodiscard]] const std::string& clark() const { return clark_; }
  // As people and CloudEvents write it: without braces when there is no namespace. One text for
  // each name, which parse() reads back.
  [[nodiscard]] std::string_view display() const { return ns_length_ == 0 ? local() : clark_; }

  friend bool operator==(const QName& left, const QName& right) {
    return left.clark_ == right.clark_;
  }
  friend auto operator<=>(const QName& left, const QName& right) {
    return left.clark_ <=> right.clark_;
  }

 private:
  std::string clark_ = "{}";
  std::string text_;  // empty for a qualified name
  std::size_t ns_length_ = 0;
};

}  // namespace sense
