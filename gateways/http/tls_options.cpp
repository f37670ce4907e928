// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/tls_options.hpp"

#include "core/base/text.hpp"

namespace sense::http {

Result<TlsOptions::Clients> parse_tls_clients(const std::string& text) {
  if (text == "off") return TlsOptions::Clients::unasked;
  if (text == "optional") return TlsOptions::Clients::optional;
  if (text == "required") return TlsOptions::Clients::required;
  return fail(Code::badparam, "tls-client: '" + printable(text.substr(0, 100)) +
                                  "' is not one of off, optional, required");
}

std::optional<TlsOptions> tls_of(const Settings& options) {
  TlsOptions tls{options.text("tls-certificate"), options.text("tls-key"),
                 parse_tls_clients(options.text("tls-client")).value(),
                 options.text("tls-client-ca"), options.text("tls-revoked")};
  const bool wanted = !tls.certificate.empty() || !tls.key.empty() ||
                      tls.clients != TlsOptions::Clients::unasked ||
                      !tls.client_authorities.empty() || !tls.revoked.empty();
  return wanted ? std::optional(std::move(tls)) : std::nullopt;
}

Others others_of(const Settings& options) {
  if (options.boolean("allow-anonymous")) return Others::all;
  const bool served = tls_of(options) || options.boolean("allow-plain-http");
  return served ? Others::proved : Others::none;
}

Status check_tls(const Settings& options) {
  if (auto clients = parse_tls_clients(options.text("tls-client")); !clients)
    return tl::unexpected(clients.error());
  const auto tls = tls_of(options);
  if (!tls) return {};
  if (options.boolean("allow-plain-http"))
    return fail(Code::badparam,
                "allow-plain-http: this listener takes https alone, since "
                "tls-certificate is set; take one of the two away");
  if (auto context = make_tls_context(*tls); !context) return tl::unexpected(context.error());
  return {};
}

}  // namespace sense::http
