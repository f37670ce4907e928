// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/config/settings.hpp"
#include "core/http/others.hpp"
#include "core/tls/tls_context.hpp"

// What the options of the HTTP gateway say of TLS, and of whom the listener serves. Functions of
// any thread.
namespace sense::http {

// "off", "optional" or "required".
[[nodiscard]] Result<TlsOptions::Clients> parse_tls_clients(const std::string& text);
// Nothing: the listener takes plain HTTP. REQUIRES: `tls-client` can be parsed.
[[nodiscard]] std::optional<TlsOptions> tls_of(const Settings& options);
// With TLS, or where plain HTTP is allowed, other machines are served by what they prove. Option
// `allow-anonymous` allows all, and plain HTTP with it, as it always did.
[[nodiscard]] Others others_of(const Settings& options);
// Reads the files. Fails with a sentence that begins with the key.
[[nodiscard]] Status check_tls(const Settings& options);

}  // namespace sense::http
