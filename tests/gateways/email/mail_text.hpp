// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "core/base/encoding.hpp"

// Mails as their readers take them apart.
namespace sense::test {

inline std::string value_of(const std::string& message, const std::string& name) {
  const auto head = message.substr(0, message.find("\r\n\r\n") + 2);
  const auto at = ("\r\n" + head).find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  auto start = at + name.size() + 2;
  std::string value;
  for (;;) {
    const auto end = head.find("\r\n", start);
    value += head.substr(start, end - start);
    start = end + 2;
    if (start >= head.size() || (head[start] != ' ' && head[start] != '\t')) return value;
  }
}

// What a reader gets back from quoted-printable.
inline std::string unquoted(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

inline std::string body_of(const std::string& message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

// RFC 5322 section 2.1.1 and 2.3: CR and LF only together, lines of at most 998 octets, ASCII.
inline void check_lines(const std::string& message) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const auto c = static_cast<unsigned char>(message[i]);
    BOOST_REQUIRE(c < 0x80);
    BOOST_REQUIRE(c != 0);
    if (c == '\n') {
      BOOST_REQUIRE(i > 0 && message[i - 1] == '\r');
      column = 0;
      continue;
    }
    if (c == '\r') BOOST_REQUIRE(i + 1 < message.size() && message[i + 1] == '\n');
    BOOST_REQUIRE(++column <= 400);
  }
  BOOST_CHECK(message.ends_with("\r\n"));
}

// Names of the header fields, to see that nothing was added to them.
inline std::vector<std::string> names_of(const std::string& message) {
  std::vector<std::string> names;
  std::size_t start = 0;
  while (message.compare(start, 2, "\r\n") != 0) {
    const auto end = message.find("\r\n", start);
    const auto line = message.substr(start, end - start);
    if (line[0] != ' ' && line[0] != '\t') names.push_back(line.substr(0, line.find(':')));
    start = end + 2;
  }
  return names;
}

// The part of that type, decoded from quoted-printable; "": there is none.
inline std::string part_of(const std::string& message, const std::string& type) {
  const auto at = message.find("Content-Type: " + type);
  if (at == std::string::npos) return {};
  const auto begin = message.find("\r\n\r\n", at) + 4;
  return unquoted(message.substr(begin, message.find("\r\n--=_", begin) - begin));
}

// An attachment of that name, decoded from base 64; "": there is none.
inline std::string attachment_of(const std::string& message, const std::string& name) {
  const auto at = message.find("filename=" + name + "\r\n");
  if (at == std::string::npos) return {};
  const auto begin = message.find("\r\n\r\n", at) + 4;
  auto encoded = message.substr(begin, message.find("--=_", begin) - begin);
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  return from_base64(encoded).value_or("not base 64");
}

}  // namespace sense::test
