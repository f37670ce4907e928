// SPDX-License-Identifier: Apache-2.0
#include "core/base/uri.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/base/text.hpp"

namespace sense {

namespace {

using namespace std::string_view_literals;
using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// Empty also when there is no memory for it, which `complete` tells.
std::string part(CURLU* url, CURLUPart what, bool& complete) {
  char* text = nullptr;
  const auto code = curl_url_get(url, what, &text, 0);
  complete &= code != CURLUE_OUT_OF_MEMORY;
  if (code != CURLUE_OK || text == nullptr) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Code::badparam,
              "'" + printable(text.substr(0, 200)) + "' is not a usable URI: " + std::string(why));
}

tl::unexpected<Error> no_memory() { return fail(Code::nomemory, "no memory to read a URI"); }

bool host_char(char c) {
  return is_alphanumeric(c) ||
         std::string_view("-._~!$&'()*+,;=:[]").find(c) != std::string_view::npos;
}

// Not allowed in a URI (RFC 3986, appendix A), or harmful where URIs are shown or split.
bool unusable(char32_t c) {
  return c == ' ' || deceives(c) ||
         (c < 128 && U"\"<>\\^`{|}"sv.find(c) != std::u32string_view::npos);
}

constexpr std::array<bool, 128> source_char = [] {
  std::array<bool, 128> table{};
  for (std::size_t c = '!'; c < 0x7f; ++c)
    table[c] = "\"<>\\^`"sv.find(static_cast<char>(c)) == std::string_view::npos;
  return table;
}();

// sense:///some/path names a socket on this machine; all other schemes here need a host.
Result<Uri> parse_path(std::string_view text, std::string_view path) {
  if (path.find('@') != std::string_view::npos)
    return refuse(text, "it has an at sign, which may be read as user information; write %40");
  if (path.size() < 2 || path.front() != '/')
    return refuse(text, "it has neither a host nor a path after the two slashes");
  Uri uri;
  uri.scheme = "sense";
  const auto question = path.find('?');
  uri.path = path.substr(0, question);
  if (question != std::string_view::npos) uri.query = path.substr(question + 1);
  return uri;
}

Result<Uri> parse_hierarchical(std::string_view text, std::string scheme) {
  // libcurl accepts one, two or three slashes before the host, silently drops user information and
  // decodes hosts. Such notations are refused, since other programs read them differently.
  const auto after = text.substr(scheme.size() + 3);
  const auto authority = after.substr(0, after.find_first_of("/?"));
  if (authority.empty() && scheme == "sense") return parse_path(text, after);
  if (authority.empty()) return refuse(text, "it has no host after the two slashes");
  if (authority.find('@') != std::string_view::npos)
    return refuse(text, "it contains user information");
  if (!std::all_of(authority.begin(), authority.end(), host_char))
    return refuse(text,
                  "its host has a character that no host has; write an international name in "
                  "its ASCII form (xn--...)");
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  const std::string whole(text);
  const auto flags = CURLU_NON_SUPPORT_SCHEME | CURLU_NO_AUTHORITY | CURLU_PATH_AS_IS;
  const auto code =
      url ? curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), flags) : CURLUE_OUT_OF_MEMORY;
  if (code == CURLUE_OUT_OF_MEMORY) return no_memory();
  if (code != CURLUE_OK) return refuse(text, curl_url_strerror(code));
  bool complete = true;
  Uri uri;
  uri.scheme = std::move(scheme);
  uri.host = lower(part(url.get(), CURLUPART_HOST, complete));
  if (uri.host.starts_with('[') && uri.host.ends_with(']'))
    uri.host = uri.host.substr(1, uri.host.size() - 2);
  uri.port = parse_integer<std::uint16_t>(
      part(url.get(), CURLUPART_PORT, complete));  // libcurl checked it
  uri.path = part(url.get(), CURLUPART_PATH, complete);
  uri.query = part(url.get(), CURLUPART_QUERY, complete);
  if (!complete) return no_memory();
  return uri;
}

}  // namespace

std::string Uri::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port ? name + ":" + std::to_string(*port) : name;
}

Result<Uri> parse_uri(std::string_view text) {
  if (text.size() > Uri::length_max) return refuse(text, "it is longer than 2048 octets");
  for (auto rest = text; !rest.empty();) {
    const auto point = first_code_point(rest);
    if (point.length == 0 || unusable(point.value))
      return refuse(text, "it contains a space, a control or another character that no URI has");
    rest.remove_prefix(point.length);
  }
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos)
    return refuse(text, "it has no scheme such as sense: or https:");
  const auto scheme = lower(text.substr(0, colon));
  const auto scheme_char = [](char c) {
    return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  };
  if (!std::all_of(scheme.begin(), scheme.end(), scheme_char) || !is_lower(scheme[0]))
    return refuse(text, "its scheme has a character that no scheme has");
  if (text.find('#') != std::string_view::npos) return refuse(text, "it has a fragment");
  if (text.substr(colon).starts_with("://")) return parse_hierarchical(text, scheme);
  if (scheme == "http" || scheme == "https")
    return refuse(text, "write " + scheme + "://host/path");
  const auto rest = text.substr(colon + 1);
  const auto question = rest.find('?');
  Uri uri;
  uri.scheme = scheme;
  uri.path = rest.substr(0, question);
  if (question != std::string_view::npos) uri.query = rest.substr(question + 1);
  return uri;
}

bool valid_source(std::string_view text) {
  return !text.empty() && text.size() <= 1024 && consists_of(text, source_char);
}

}  // namespace sense
