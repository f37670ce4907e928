// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sense::email {

// The HTML part of a mail: a document of headings, tables and texts, without scripts and without
// anything that a reader would load. What is given is text and is escaped; control characters are
// to be made visible before, as printable() does. A value of one document; UTF-8.
class Html {
 public:
  using Rows = std::vector<std::pair<std::string, std::string>>;
  // `language`: a language tag; empty: none is said.
  Html(std::string_view title, std::string_view language);

  void heading(std::string_view text);
  void paragraph(std::string_view text);
  void table(const Rows& rows);
  // Text with its line ends; the rest of what is longer than text_length_max is left out, which the
  // document says.
  void text(std::string_view text);
  // To an http(s) or mailto URL.
  void link(std::string_view url, std::string_view text);
  [[nodiscard]] std::size_t size() const { return octets_.size(); }
  // The whole document. Once.
  [[nodiscard]] std::string take();

  static constexpr std::size_t text_length_max = 64 * 1024;

 private:
  std::string octets_;
};

}  // namespace sense::email
