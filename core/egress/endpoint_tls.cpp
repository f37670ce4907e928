// SPDX-License-Identifier: Apache-2.0
#include "core/egress/endpoint_tls.hpp"

#include <algorithm>

#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense {

namespace {

constexpr std::size_t pem_length_max = 4 * 1024 * 1024;

tl::unexpected<Error> wrong_entry(const std::string& why) {
  return fail(Code::badparam, why + "; an entry is: HOST ca=FILE cert=FILE key=FILE");
}

bool is_host(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == ':';
  });
}

Status check_files(const EndpointTls& tls) {
  for (const auto& file : {tls.ca_file, tls.certificate})
    if (!file.empty())
      if (auto read = read_file(file, pem_length_max); !read) return tl::unexpected(read.error());
  if (tls.key.empty()) return {};
  const auto key =
      read_secret_file(tls.key, {"key of a certificate", "make one with openssl", pem_length_max});
  if (!key) return tl::unexpected(key.error());
  return {};
}

}  // namespace

Result<EndpointTls> read_endpoint_tls(std::string_view entry) {
  EndpointTls tls;
  for (const auto word : split(entry, ' ')) {
    if (word.empty()) continue;
    if (tls.host.empty()) {
      tls.host = lower(word);
      if (!is_host(tls.host)) return wrong_entry("'" + printable(word) + "' is no host");
      continue;
    }
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    auto* file = name == "ca"     ? &tls.ca_file
                 : name == "cert" ? &tls.certificate
                 : name == "key"  ? &tls.key
                                  : nullptr;
    if (file == nullptr || equals + 1 >= word.size() || equals == std::string_view::npos)
      return wrong_entry("'" + printable(word) + "' is not ca=, cert= or key= with a file");
    if (!file->empty()) return wrong_entry("'" + printable(name) + "' is there twice");
    *file = word.substr(equals + 1);
  }
  if (tls.host.empty()) return wrong_entry("it is empty");
  if (tls.certificate.empty() != tls.key.empty()) return wrong_entry("cert comes with its key");
  if (tls.ca_file.empty() && tls.certificate.empty()) return wrong_entry("it says nothing");
  if (auto good = check_files(tls); !good) return tl::unexpected(good.error());
  return tls;
}

const EndpointTls* endpoint_tls_of(const std::vector<EndpointTls>& all, std::string_view host) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const EndpointTls& one) {
    const std::string_view pattern = one.host;
    if (!pattern.starts_with('*')) return pattern == host;
    return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
  });
  return found == all.end() ? nullptr : &*found;
}

Status check_proxy(const std::string& url) {
  const auto uri = parse_uri(url);
  if (!uri) return tl::unexpected(uri.error());
  const bool bare = (uri->path.empty() || uri->path == "/") && uri->query.empty();
  if (uri->scheme == "http" && !uri->host.empty() && uri->port.value_or(0) != 0 && bare) return {};
  return fail(Code::badparam, "a proxy is http://host:port");
}

}  // namespace sense
