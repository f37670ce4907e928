// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"

// Any octets as a callback URI and as a source.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (sense::valid_source(text)) require(sense::printable(text) == text);
  const auto uri = sense::parse_uri(text);
  if (!uri) {
    require(sense::printable(uri.error().message) == uri.error().message);
    return 0;
  }
  require(!uri->scheme.empty() && sense::printable(text) == text);
  require(uri->host.find_first_of("@/\\ ") == std::string::npos);
  if (uri->host.empty()) return 0;
  const auto again = sense::parse_uri(uri->scheme + "://" + uri->authority() + uri->path);
  require(again.has_value() && again->host == uri->host && again->port == uri->port);
  return 0;
}
