// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gateways/email/address.hpp"
#include "gateways/email/maildir.hpp"
#include "tests/fuzz/fields.hpp"

// Any octets as a mail address and as a callback: an error, or an address whose octets need no
// escape in SMTP commands, headers and names of folders.
namespace {

using sense::fuzz::require;

void check(const sense::Result<std::string>& address) {
  if (!address) {
    require(!address.error().message.empty());
    return;
  }
  require(!address->empty() && address->size() <= 254);
  require(std::count(address->begin(), address->end(), '@') == 1);
  for (const char c : *address) require(c > ' ' && c < 0x7f);
  require(address->find_first_of("<>()[]:;,\\\"") == std::string::npos);
  const auto again = sense::email::parse_address(*address);
  require(again.has_value() && *again == *address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(sense::email::parse_address(text));
  check(sense::email::address_of_callback(text));
  check(sense::email::address_of_callback("mailto:" + std::string(text)));
  const auto folder = sense::email::folder_name(text);
  require(folder.size() <= 255 && folder.find('/') == std::string::npos);
  require(text.empty() || (!folder.empty() && folder.front() != '.'));
  return 0;
}
