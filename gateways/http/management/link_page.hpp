// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/http/message.hpp"

// The pages of MailLinks and the forms that they send. Pure functions.
namespace sense::http {

// What one of them says. A value of literals.
struct LinkPage {
  const char* name;    // the last segment of its path
  const char* title;   // "Confirm the subscription"
  const char* effect;  // of the button: a sentence
  const char* button;
  const char* done;  // a sentence
};

// The page that a link opens, with a button that sends the token of `query`; a problem when there
// is none, or something else. HTML without scripts, which no other page can show in a frame.
[[nodiscard]] Response asking_page(const LinkPage& page, std::string_view id,
                                   std::string_view query);
// The page that says what became of it. A wrong token is told like a subscription that is not
// there.
[[nodiscard]] Response done_page(const LinkPage& page);
[[nodiscard]] Response failed_page(const LinkPage& page, const Error& error);

// What is said of a wrong token, and of a subscription that is not there.
[[nodiscard]] Error no_link();

// Whether a browser or a mail program has sent a form.
[[nodiscard]] bool is_posted_form(const Request& request);
// The token in it. With `one_click` that of the query, when the form is the one of RFC 8058. Fails
// with badparam, or datatoobig.
[[nodiscard]] Result<std::string> posted_token(const Request& request, std::string_view query,
                                               bool one_click);

}  // namespace sense::http
