// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/text.hpp"
#include "core/sense/address.hpp"

// Any octets as an address of SENSE.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto endpoint = sense::datagram::parse_endpoint(text);
  if (!endpoint) {
    require(sense::printable(endpoint.error().message) == endpoint.error().message);
    return 0;
  }
  const auto uri = to_uri(*endpoint);
  require(sense::printable(uri) == uri);
  const auto again = sense::datagram::parse_endpoint(uri);
  require(again.has_value() && *again == *endpoint && to_uri(*again) == uri);
  require(again->identity() == endpoint->identity());
  return 0;
}
