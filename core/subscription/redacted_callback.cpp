// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/redacted_callback.hpp"

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::string_view hidden = "***";

// All before the last at sign is hidden: a list of addresses has several.
std::string redacted_mailbox(std::string_view mailbox) {
  const auto at = mailbox.rfind('@');
  if (at == std::string_view::npos) return std::string(hidden);
  const bool initial = at > 0 && is_alphanumeric(mailbox.front());
  return std::string(mailbox.substr(0, initial ? 1 : 0)).append(hidden).append(mailbox.substr(at));
}

}  // namespace

std::string redacted_callback(std::string_view callback) {
  const auto colon = callback.find(':');
  if (colon == std::string_view::npos || colon == 0 || callback.find_first_of("/?#@") < colon)
    return std::string(hidden);
  std::string shown(callback.substr(0, colon + 1));
  auto rest = callback.substr(colon + 1);
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (lower(shown) == "mailto:") return shown + redacted_mailbox(rest);
  if (!rest.starts_with("//")) return shown.append(hidden);
  const auto authority = rest.substr(2, rest.find('/', 2) - 2);
  const auto at = authority.rfind('@');
  const auto host = at == std::string_view::npos ? 0 : at + 1;
  return shown.append("//").append(rest.substr(2 + host));
}

}  // namespace sense
