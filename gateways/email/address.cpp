// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/address.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::email {

namespace {

constexpr std::size_t local_length_max = 64;     // RFC 5321 section 4.5.3.1.1
constexpr std::size_t address_length_max = 254;  // section 4.5.3.1.3, without the angle brackets
constexpr std::size_t label_length_max = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 5322 section 3.2.3
bool is_atom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= label_length_max && text.front() != '-' &&
         text.back() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-';
         });
}

template <class Check>
bool all_pieces(std::string_view text, Check check) {
  const auto pieces = split(text, '.');
  return std::all_of(pieces.begin(), pieces.end(), check);
}

}  // namespace

Result<std::string> parse_address(std::string_view text) {
  const auto at = text.rfind('@');
  const bool good = at != std::string_view::npos && text.size() <= address_length_max &&
                    at <= local_length_max && all_pieces(text.substr(0, at), is_atom) &&
                    all_pieces(text.substr(at + 1), is_label);
  if (!good)
    return fail(Code::badparam, "'" + printable(text.substr(0, 100)) +
                                    "' is not a mail address such as user@example.org");
  return std::string(text.substr(0, at)) + "@" + lower(text.substr(at + 1));
}

Result<std::string> address_of_callback(std::string_view text) {
  auto uri = parse_uri(text);
  if (!uri) return tl::unexpected(uri.error());
  if (uri->scheme != "mailto" || !uri->host.empty())
    return fail(Code::badparam, "'" + printable(text.substr(0, 100)) + "' is not a mailto: URI");
  if (text.find('?') != std::string_view::npos)
    return fail(Code::badparam,
                "mailto: with a subject, copies or a body is not supported; write "
                "the address alone");
  const auto decoded = percent_decode(uri->path);
  if (!decoded)
    return fail(Code::badparam, "'" + printable(text.substr(0, 100)) +
                                    "' has a % that is not followed by two digits");
  return parse_address(*decoded);
}

}  // namespace sense::email
