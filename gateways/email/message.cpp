// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/message.hpp"

#include <algorithm>
#include <array>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/email/address.hpp"
#include "gateways/email/html.hpp"
#include "gateways/email/mime.hpp"

namespace sense::email {

namespace {

constexpr std::size_t subject_length_max = 200;
constexpr std::size_t digest_html_max = 512 * 1024;  // then no further event is begun
// The event for programs has the data a second time.
constexpr std::size_t event_json_data_max = 256 * 1024;
constexpr std::array<std::string_view, 8> severities = {"emergency", "alert",  "critical", "error",
                                                        "warning",   "notice", "info",     "debug"};

std::string domain_of(std::string_view address) {
  return std::string(address.substr(address.rfind('@') + 1));
}

std::string number_of(const Delivery& delivery) {
  auto number = std::to_string(delivery.number);
  if (delivery.kind == Delivery::Kind::gap && delivery.number_last != delivery.number)
    number += "-" + std::to_string(delivery.number_last);
  return number;
}

// The same for every attempt at one delivery; the subscription cannot be derived from it.
std::string digest_of(const Delivery& delivery) {
  const auto& event = *delivery.event;
  std::string text = delivery.subscription->id;
  for (const auto& part : {event.source, event.id, number_of(delivery)}) text += '\0' + part;
  return sha256_hex(text).substr(0, 40);
}

std::string shortened(std::string text) {
  if (text.size() <= subject_length_max) return text;
  std::size_t length = subject_length_max;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  return text.substr(0, length) + "...";
}

std::string subject_of(const Event& event) {
  std::string text;
  if (event.severity && *event.severity < severities.size())
    text += "[" + std::string(severities[*event.severity]) + "] ";
  text += std::string(event.type.local()) + ": ";
  text += event.subject.empty() ? event.source : event.subject + " at " + event.source;
  return shortened(printable(text));
}

void append(Headers& headers, Headers more) {
  for (auto& each : more) headers.push_back(std::move(each));
}

// What every mail of this gateway has; `digest` names it.
Mail mail_of(const Envelope& envelope, const Subscription& subscription, std::string subject,
             const std::string& digest) {
  const auto domain = domain_of(envelope.from);
  Mail mail;
  mail.from = envelope.from;
  mail.to = envelope.to;
  mail.message_id = digest + "@" + domain;
  mail.date = envelope.now;
  mail.headers = {{"Subject", std::move(subject)},
                  {"Auto-Submitted", "auto-generated"},
                  {"Precedence", "bulk"}};
  append(mail.headers, list_headers(envelope.contact, subscription, domain));
  mail.headers.emplace_back("Sense-Subscription", subscription.id);
  return mail;
}

// Whether data can be shown as it is: text by its type, without control characters that a terminal
// would act on.
bool is_showable(const Event& event) {
  const bool text = event.datacontenttype.empty() || is_text_type(event.datacontenttype);
  if (!text || !valid_utf8(event.data)) return false;
  std::string without_layout;
  std::copy_if(event.data.begin(), event.data.end(), std::back_inserter(without_layout),
               [](char c) { return c != '\n' && c != '\r' && c != '\t'; });
  return printable(without_layout) == without_layout;
}

using Rows = Html::Rows;

Rows rows_of(const Event& event) {
  Rows rows;
  for (const auto& [name, value] : attributes_of(event))
    if (name != "specversion") rows.emplace_back(name, printable(value));
  return rows;
}

Rows rows_of(const Delivery& delivery) {
  auto rows = rows_of(*delivery.event);
  rows.emplace_back("subscription", printable(delivery.subscription->id));
  if (delivery.number != 0) rows.emplace_back("number", number_of(delivery));
  if (!delivery.reason.empty()) rows.emplace_back("reason", printable(delivery.reason));
  if (delivery.kind == Delivery::Kind::digest)
    rows.emplace_back("window", std::to_string(delivery.window));
  return rows;
}

std::string lines_of(const Rows& rows) {
  std::string text;
  for (const auto& [name, value] : rows) text += name + ": " + value + "\n";
  return text;
}

// Data indented, so that none of its lines can be mistaken for an attribute.
std::string indented(std::string_view data) {
  std::string text = "  ";
  for (std::size_t i = 0; i < data.size(); ++i) {
    text += data[i];
    const bool more = i + 1 < data.size();
    const bool ends_line = data[i] == '\n' || (data[i] == '\r' && more && data[i + 1] != '\n');
    if (more && ends_line) text += "  ";
  }
  return text.ends_with('\n') ? text : text + "\n";
}

std::string title_of(const Delivery::Content& content) {
  return std::to_string(content.number) + ". " + subject_of(*content.event);
}

std::string in_attachment(const Event& event) {
  return "(" + std::to_string(event.data.size()) + " octets, in the attachment)";
}

std::string content_text(const Delivery::Content& content) {
  const auto& event = *content.event;
  auto text = title_of(content) + "\n\n" + lines_of(rows_of(event));
  if (event.data.empty()) return text;
  if (is_showable(event)) return text + "\n" + indented(event.data);
  return text + "\n  " + in_attachment(event) + "\n";
}

std::string digest_text(const Delivery& delivery) {
  auto text = lines_of(rows_of(delivery));
  for (const auto& content : delivery.contents) text += "\n\n" + content_text(content);
  return text;
}

std::string event_text(const Delivery& delivery) {
  auto text = lines_of(rows_of(delivery));
  const auto& event = *delivery.event;
  if (!event.data.empty() && is_showable(event)) text += "\n" + event.data;
  return text;
}

void add_data(Html& html, const Event& event) {
  if (event.data.empty()) return;
  is_showable(event) ? html.text(event.data) : html.paragraph(in_attachment(event));
}

void add_contents(Html& html, const Delivery& delivery) {
  std::size_t shown = 0;
  for (const auto& content : delivery.contents) {
    if (html.size() > digest_html_max) break;
    html.heading(title_of(content));
    html.table(rows_of(*content.event));
    add_data(html, *content.event);
    ++shown;
  }
  if (const auto left = delivery.contents.size() - shown; left > 0)
    html.paragraph("(" + std::to_string(left) +
                   " further events are in the other parts of this mail)");
}

std::string html_of(const Delivery& delivery, const std::string& subject, const Contact& contact) {
  const auto& event = *delivery.event;
  Html html(subject, is_language_tag(event.language) ? event.language : std::string());
  html.heading(subject);
  html.table(rows_of(delivery));
  delivery.kind == Delivery::Kind::digest ? add_contents(html, delivery) : add_data(html, event);
  if (const auto url = unsubscribe_url(contact, *delivery.subscription); !url.empty())
    html.link(url, "End this subscription");
  return html.take();
}

// A content type may go into a header only when it is two tokens and nothing else.
std::string attachment_type(std::string_view given) {
  const auto type = lower(trim(given.substr(0, given.find(';'))));
  const auto slash = type.find('/');
  const auto token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '+' ||
           c == '-' || c == '_';
  };
  const bool usable = slash != std::string::npos && slash > 0 && slash + 1 < type.size() &&
                      type.find('/', slash + 1) == std::string::npos && type.size() <= 127 &&
                      std::all_of(type.begin(), type.end(), token) &&
                      !type.starts_with("multipart/") && !type.starts_with("message/");
  return usable ? type : "application/octet-stream";
}

constexpr std::string_view question_subject = "Please confirm your subscription to events";
constexpr std::string_view question =
    "This address has been subscribed to events. If you asked for that, or want them, confirm it; "
    "otherwise ignore this mail: nothing else will be sent.";

Rows wanted_rows(const Subscription& subscription) {
  Rows rows = {{"subscription", printable(subscription.id)}};
  for (const auto& type : subscription.types) rows.emplace_back("type", printable(type.text()));
  for (const auto& source : subscription.sources)
    rows.emplace_back("source", printable(source.text()));
  return rows;
}

std::string question_text(const Subscription& subscription, std::string_view token,
                          const Contact& contact) {
  auto text = std::string(question) + "\n\n" + lines_of(wanted_rows(subscription)) +
              "token: " + std::string(token) + "\n";
  if (contact.pages.empty()) return text;
  const auto id = printable(subscription.id);
  text += "\nTo confirm, open this page and press its button:\n\n  " +
          page_url(contact, subscription.id, "confirm", token) + "\n";
  text += "\nOr, without a browser:\n\n  curl -X POST " + contact.pages + "/v1/subscriptions/" +
          id + "/confirm \\\n    -H 'Content-Type: application/json' \\\n    -d '{\"token\": \"" +
          std::string(token) + "\"}'\n";
  return text;
}

std::string question_html(const Subscription& subscription, std::string_view token,
                          const Contact& contact) {
  if (contact.pages.empty()) return {};
  Html html(question_subject, "en");
  html.paragraph(question);
  html.table(wanted_rows(subscription));
  html.link(page_url(contact, subscription.id, "confirm", token), "Confirm on a page");
  return html.take();
}

}  // namespace

std::string delivery_message(const Envelope& envelope, const Delivery& delivery) {
  const auto& event = *delivery.event;
  const bool collected = delivery.kind == Delivery::Kind::digest;
  const auto subject =
      collected ? std::to_string(delivery.contents.size()) + " events" : subject_of(event);
  auto mail = mail_of(envelope, *delivery.subscription, subject, digest_of(delivery));
  if (delivery.number != 0) mail.headers.emplace_back("Sense-Number", number_of(delivery));
  mail.headers.emplace_back("Sense-Event-Id", shortened(printable(event.id)));
  if (const auto reply = address_of_callback(event.replyto); reply && !collected)
    mail.headers.emplace_back("Reply-To", *reply);
  append(mail.headers, thread_headers(event, *delivery.subscription, domain_of(envelope.from)));
  append(mail.headers, priority_headers(event));
  if (is_language_tag(event.language))
    mail.headers.emplace_back("Content-Language", event.language);
  mail.text = collected ? digest_text(delivery) : event_text(delivery);
  mail.html = html_of(delivery, subject, envelope.contact);
  // The text is for people; programs read the attachments.
  const auto type = attachment_type(event.datacontenttype);
  const bool to_see = event.data.empty() || (is_showable(event) && !collected);
  const auto json = !collected && event.data.size() <= event_json_data_max
                        ? to_cloudevents_json(event)
                        : std::string();
  if (!to_see) mail.attachments.push_back({"data", type, event.data});
  if (!json.empty())
    mail.attachments.push_back({"event.json", "application/cloudevents+json", json});
  return to_octets(mail);
}

std::string verification_message(const Envelope& envelope, const Subscription& subscription,
                                 std::string_view token) {
  const auto digest =
      sha256_hex(subscription.id + '\0' + std::string(token) + '\0' + envelope.to).substr(0, 40);
  auto mail = mail_of(envelope, subscription, std::string(question_subject), digest);
  mail.text = question_text(subscription, token, envelope.contact);
  mail.html = question_html(subscription, token, envelope.contact);
  return to_octets(mail);
}

}  // namespace sense::email
