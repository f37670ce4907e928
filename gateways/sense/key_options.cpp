// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/key_options.hpp"

#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::datagram {

namespace {

tl::unexpected<Error> refuse(std::string_view option, const Error& error) {
  return fail(error.code, std::string(option) + ": " + error.message);
}

Result<FetchLocation> read_fetch_location(const Settings& options) {
  FetchLocation location;
  location.url = options.text("fetch-url");
  const auto& file = options.text("fetch-key");
  if (location.url.empty() && file.empty()) return location;
  if (location.url.empty() || file.empty())
    return fail(Code::badparam,
                "fetch-url and fetch-key go together: the address of the HTTP gateway, and the "
                "file with the key that is its option fetch-key, too");
  while (location.url.ends_with('/')) location.url.pop_back();
  const auto uri = parse_uri(location.url);
  const bool web = uri && (uri->scheme == "http" || uri->scheme == "https");
  if (!web || !uri->query.empty() || !(uri->path.empty() || uri->path == "/") ||
      location.url.find_first_of(" #?\"") != std::string::npos)
    return fail(Code::badparam, "fetch-url: '" + printable(location.url) +
                                    "' is not an address such as http://events.example:8080");
  auto key = read_shared_key(file);
  if (!key) return refuse("fetch-key", key.error());
  location.secret = std::move(key->secret);
  return location;
}

}  // namespace

Result<KeyOptions> read_key_options(const Settings& options,
                                    const std::vector<ListenEntry>& entries) {
  KeyOptions key_options;
  key_options.keys_file = options.text("keys");
  for (const auto& entry : entries)
    if (entry.policy.key_required && key_options.keys_file.empty())
      return fail(Code::badparam, "listen: '" + printable(entry.address) +
                                      "' has key=required, but `keys` names no file: make one with "
                                      "`sense keys shared NAME --file PATH`");
  if (!key_options.keys_file.empty()) {
    auto keys = read_shared_keys(key_options.keys_file);
    if (!keys) return refuse("keys", keys.error());
    key_options.keys = std::move(*keys);
  }
  auto location = read_fetch_location(options);
  if (!location) return tl::unexpected(location.error());
  key_options.fetch = std::move(*location);
  return key_options;
}

}  // namespace sense::datagram
