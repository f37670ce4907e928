// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/link_page.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/http/form.hpp"
#include "core/http/problem.hpp"
#include "core/http/query.hpp"

namespace sense::http {

namespace {

constexpr std::array link_query = {QueryName{"token"}};
constexpr std::size_t link_token_length_max = 128;
constexpr std::string_view url_encoded_form = "application/x-www-form-urlencoded";
constexpr std::string_view multipart_form = "multipart/form-data";

tl::unexpected<Error> no_token(const char* where) {
  return fail(Code::badparam, std::string("the token of the mail is not in the ") + where);
}

bool is_link_token(std::string_view text) {
  return !text.empty() && text.size() <= link_token_length_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

Result<std::string> query_token(std::string_view query) {
  auto parsed = parse_query(query, link_query);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->empty() || !is_link_token(parsed->front().second)) return no_token("link");
  return std::move(parsed->front().second);
}

std::string media_type(const Request& request) {
  const auto* type = request.header("content-type");
  return type == nullptr ? std::string()
                         : lower(trim(std::string_view(*type).substr(0, type->find(';'))));
}

// No other value of either is sent by a mail program, so that the parts need not be told apart.
bool is_one_click(const std::string& type, const Form& form, std::string_view body) {
  if (type == multipart_form)
    return body.find("name=\"List-Unsubscribe\"") != std::string_view::npos &&
           body.find("\r\nOne-Click\r\n") != std::string_view::npos;
  return form == Form{{"List-Unsubscribe", "One-Click"}};
}

// The policy for referrers is not no-referrer: browsers would then send the form with the origin
// null, which is refused like that of a foreign page.
Response html_page(unsigned status, const char* title, const std::string& content) {
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
      html_escaped(title) + "</title></head>\n<body><h1>" + html_escaped(title) + "</h1>\n" +
      content + "</body></html>\n";
  response.headers = {{"Content-Language", "en"},
                      {"Content-Security-Policy",
                       "default-src 'none'; form-action 'self'; frame-ancestors 'none'; "
                       "base-uri 'none'"},
                      {"Referrer-Policy", "same-origin"},
                      {"Cache-Control", "no-store"},
                      {"X-Robots-Tag", "noindex"}};
  return response;
}

std::string paragraph(std::string_view text) { return "<p>" + html_escaped(text) + "</p>\n"; }

}  // namespace

Response asking_page(const LinkPage& page, std::string_view id, std::string_view query) {
  const auto token = query_token(query);
  if (!token) return problem(token.error());
  return html_page(200, page.title,
                   paragraph(page.effect) + paragraph("Subscription: " + printable(id)) +
                       "<form method=\"post\" action=\"" + page.name +
                       "\"><input type=\"hidden\" name=\"token\" value=\"" + html_escaped(*token) +
                       "\"><button>" + html_escaped(page.button) + "</button></form>\n");
}

Response done_page(const LinkPage& page) {
  return html_page(200, page.title, paragraph(page.done));
}

Response failed_page(const LinkPage& page, const Error& error) {
  return html_page(status_of(error.code), page.title, paragraph(printable(error.message)));
}

Error no_link() {
  return {Code::noaccess,
          "This link is not valid, or is not valid any more: it may have been used, or the "
          "subscription may have ended."};
}

bool is_posted_form(const Request& request) {
  const auto type = media_type(request);
  return type == url_encoded_form || type == multipart_form;
}

Result<std::string> posted_token(const Request& request, std::string_view query, bool one_click) {
  const auto type = media_type(request);
  if (request.body.size() > form_length_max)
    return fail(Code::datatoobig, "the form has more than 16384 octets");
  auto form = type == url_encoded_form ? parse_form(request.body) : Form{};
  if (!form) return tl::unexpected(form.error());
  if (one_click && is_one_click(type, *form, request.body)) return query_token(query);
  const bool good = form->size() == 1 && form->front().first == "token" &&
                    is_link_token(form->front().second) && query.empty();
  if (!good) return no_token("form");
  return std::move(form->front().second);
}

}  // namespace sense::http
