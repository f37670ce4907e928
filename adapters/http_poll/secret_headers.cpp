// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/secret_headers.hpp"

#include <algorithm>
#include <array>

#include "core/base/file.hpp"
#include "core/base/text.hpp"

namespace sense::http_poll {

namespace {

constexpr std::size_t headers_max = 32;
constexpr std::size_t file_length_max = 8 * 1024;

// They frame the message, or make it depend on what is known.
constexpr std::array<std::string_view, 14> own = {"accept-encoding",
                                                  "connection",
                                                  "content-length",
                                                  "expect",
                                                  "host",
                                                  "if-match",
                                                  "if-modified-since",
                                                  "if-none-match",
                                                  "if-range",
                                                  "if-unmodified-since",
                                                  "range",
                                                  "te",
                                                  "transfer-encoding",
                                                  "upgrade"};

bool token_character(char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

Result<std::string> read_secret(const std::string& path, const char* what, const char* how) {
  auto text = read_secret_file(path, {what, how, file_length_max});
  if (!text) return tl::unexpected(text.error());
  return text;
}

Result<std::pair<std::string, std::string>> parse_line(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = lower(line.substr(0, colon));
  if (colon == std::string_view::npos || name.empty() ||
      !std::all_of(name.begin(), name.end(), token_character))
    return fail(Code::badparam, "is not `Name: value`");
  const auto value = trim(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), is_control))
    return fail(Code::badparam, "has a control character");
  if (std::find(own.begin(), own.end(), name) != own.end())
    return fail(Code::badparam, "has '" + name + "', which the adapter sends itself");
  return std::pair{name, std::string(value)};
}

Status add_headers_file(const std::string& path, Headers& headers) {
  const auto text = read_secret(path, "file with headers", "write lines `Name: value` into it");
  if (!text) return tl::unexpected(text.error());
  auto read = parse_headers(*text);
  if (!read) return fail(read.error().code, printable(path) + ": " + read.error().message);
  headers = std::move(*read);
  return {};
}

Status add_token(const std::string& path, Headers& headers) {
  const auto text = read_secret(path, "file with a token", "write the token into it");
  if (!text) return tl::unexpected(text.error());
  auto token = std::string_view(*text);
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty() ||
      std::any_of(token.begin(), token.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return fail(Code::badparam, printable(path) + " is no token: one line of visible characters");
  std::erase_if(headers, [](const auto& header) { return header.first == "authorization"; });
  headers.emplace_back("authorization", "Bearer " + std::string(token));
  return {};
}

}  // namespace

Result<Headers> parse_headers(std::string_view text) {
  Headers headers;
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || line.starts_with('#')) continue;
    auto header = parse_line(line);
    if (!header)
      return fail(Code::badparam, "line " + std::to_string(number) + " " + header.error().message);
    if (headers.size() == headers_max) return fail(Code::badparam, "more than 32 headers");
    headers.push_back(std::move(*header));
  }
  return headers;
}

Result<Headers> read_headers(const Resource& resource) {
  Headers headers;
  if (!resource.headers_file.empty())
    if (auto good = add_headers_file(resource.headers_file, headers); !good)
      return tl::unexpected(good.error());
  if (!resource.token_file.empty())
    if (auto good = add_token(resource.token_file, headers); !good)
      return tl::unexpected(good.error());
  return headers;
}

}  // namespace sense::http_poll
