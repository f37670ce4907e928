// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace sense::http
