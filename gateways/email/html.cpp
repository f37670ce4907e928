// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/html.hpp"

#include "core/base/encoding.hpp"

namespace sense::email {

Html::Html(std::string_view title, std::string_view language) {
  octets_ = "<!DOCTYPE html>\n<html";
  if (!language.empty()) octets_ += " lang=\"" + html_escaped(language) + "\"";
  octets_ += "><head><meta charset=\"utf-8\"><title>" + html_escaped(title) +
             "</title></head>\n<body style=\"font-family:sans-serif\">\n";
}

void Html::heading(std::string_view text) {
  octets_ += "<h2 style=\"font-size:1.1em\">" + html_escaped(text) + "</h2>\n";
}

void Html::paragraph(std::string_view text) { octets_ += "<p>" + html_escaped(text) + "</p>\n"; }

void Html::table(const Rows& rows) {
  octets_ += "<table style=\"border-collapse:collapse\">\n";
  for (const auto& [name, value] : rows)
    octets_ += "<tr><th style=\"text-align:left;padding-right:1em\">" + html_escaped(name) +
               "</th><td>" + html_escaped(value) + "</td></tr>\n";
  octets_ += "</table>\n";
}

void Html::text(std::string_view text) {
  auto length = text.size();
  if (length > text_length_max) {
    length = text_length_max;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  }
  octets_ +=
      "<pre style=\"white-space:pre-wrap\">\n" + html_escaped(text.substr(0, length)) + "</pre>\n";
  if (length < text.size())
    paragraph("(" + std::to_string(text.size() - length) +
              " further octets are in the other parts of this mail)");
}

void Html::link(std::string_view url, std::string_view text) {
  octets_ += "<p><a href=\"" + html_escaped(url) + "\">" + html_escaped(text) + "</a></p>\n";
}

std::string Html::take() { return std::move(octets_) + "</body></html>\n"; }

}  // namespace sense::email
