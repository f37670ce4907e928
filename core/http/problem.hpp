// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>

#include "core/base/error.hpp"
#include "core/http/message.hpp"

// Errors as HTTP responses. Pure functions; any thread.
namespace sense::http {

// The HTTP status that stands for an error code.
[[nodiscard]] unsigned status_of(Code code);

// The error as problem details (RFC 9457), with the members `code` and `symbol`, and `field` when
// the error has one.
[[nodiscard]] Response problem(const Error& error);
// The same under another status, for what HTTP has a more precise one for.
[[nodiscard]] Response problem(unsigned status, const Error& error);

// Whether a response of that status never has a body.
[[nodiscard]] constexpr bool has_no_body(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

// Fields of every response, against a browser that would take it for a page or a script; with TLS
// those too that keep the browser from telling its address, and from coming back without TLS.
[[nodiscard]] std::span<const std::pair<const char*, const char*>> security_headers(bool tls);

}  // namespace sense::http
