// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/key_options.hpp"

#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::datagram {

namespace {

tl::unexpected<Error> refuse(std::string_view option, const Error& error) {
  return fail(error.code, std::string(option) + ": " + error.message);
}

Result<FetchPlace> read_fetch_place(const Settings& options) {
  FetchPlace place;
  place.url = options.text("fetch-url");
  const auto& file = options.text("fetch-key");
  if (place.url.empty() && file.empty()) return place;
  if (place.url.empty() || file.empty())
    return fail(Code::badparam,
                "fetch-url and fetch-key go together: the address of the HTTP gateway, and the "
                "file with the key that is its option fetch-key, too");
  while (place.url.ends_with('/')) place.url.pop_back();
  const auto uri = parse_uri(place.url);
  const bool web = uri && (uri->scheme == "http" || uri->scheme == "https");
  if (!web || !uri->query.empty() || !(uri->path.empty() || uri->path == "/") ||
      place.url.find_first_of(" #?\"") != std::string::npos)
    return fail(Code::badparam, "fetch-url: '" + printable(place.url) +
                                    "' is not an address such as http://events.example:8080");
  auto key = read_shared_key(file);
  if (!key) return refuse("fetch-key", key.error());
  place.secret = std::move(key->secret);
  return place;
}

}  // namespace

Result<Secrets> read_secrets(const Settings& options, const std::vector<ListenEntry>& entries) {
  Secrets secrets;
  secrets.keys_file = options.text("keys");
  for (const auto& entry : entries)
    if (entry.policy.key_required && secrets.keys_file.empty())
      return fail(Code::badparam, "listen: '" + printable(entry.address) +
                                      "' has key=required, but `keys` names no file: make one with "
                                      "`sense keys shared NAME --file PATH`");
  if (!secrets.keys_file.empty()) {
    auto keys = read_shared_keys(secrets.keys_file);
    if (!keys) return refuse("keys", keys.error());
    secrets.keys = std::move(*keys);
  }
  auto place = read_fetch_place(options);
  if (!place) return tl::unexpected(place.error());
  secrets.fetch = std::move(*place);
  return secrets;
}

}  // namespace sense::datagram
