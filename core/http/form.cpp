// SPDX-License-Identifier: Apache-2.0
#include "core/http/form.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense::http {

namespace {

std::optional<std::string> form_text(std::string_view encoded) {
  std::string spaced(encoded);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

Result<Form> parse_form(std::string_view body) {
  if (body.size() > form_length_max)
    return fail(Code::datatoobig, "the form has more than 16384 octets");
  Form form;
  while (!body.empty()) {
    const auto end = body.find('&');
    const auto field = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    if (field.empty()) continue;
    if (form.size() == form_fields_max)
      return fail(Code::datatoobig, "the form has more than 64 parameters");
    const auto equals = field.find('=');
    auto name = form_text(field.substr(0, equals));
    auto value =
        form_text(equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1));
    if (!name || !value)
      return fail(Code::badparam, "in the parameter '" + printable(field.substr(0, 64)) +
                                      "' a % is not followed by two hexadecimal digits: encode it "
                                      "as %25");
    form.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

}  // namespace sense::http
