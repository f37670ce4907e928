// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/message.hpp"

#include <algorithm>
#include <array>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/email/address.hpp"
#include "gateways/email/mime.hpp"

namespace sense::email {

namespace {

constexpr std::size_t subject_length_max = 200;
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

// What every mail of this gateway has; `digest` names it.
Mail mail_of(const Envelope& envelope, const Subscription& subscription, std::string subject,
             const std::string& digest) {
  const auto domain = domain_of(envelope.from);
  // Label characters only: a subscription's id from the configuration may have others.
  std::string label = lower(subscription.id);
  for (auto& c : label)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) c = '-';
  Mail mail;
  mail.from = envelope.from;
  mail.to = envelope.to;
  mail.message_id = digest + "@" + domain;
  mail.date = envelope.now;
  mail.headers = {{"Subject", std::move(subject)},
                  {"Auto-Submitted", "auto-generated"},
                  {"List-Id", "<" + label + ".sense." + domain + ">"},
                  {"Sense-Subscription", subscription.id}};
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

std::string attribute_lines(const Event& event) {
  std::string text;
  for (const auto& [name, value] : attributes_of(event))
    if (name != "specversion") text += name + ": " + printable(value) + "\n";
  return text;
}

std::string attribute_lines(const Delivery& delivery) {
  auto text = attribute_lines(*delivery.event);
  text += "subscription: " + printable(delivery.subscription->id) + "\n";
  if (delivery.number != 0) text += "number: " + number_of(delivery) + "\n";
  if (!delivery.reason.empty()) text += "reason: " + printable(delivery.reason) + "\n";
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

std::string content_text(const Delivery::Content& content) {
  const auto& event = *content.event;
  auto text =
      std::to_string(content.number) + ". " + subject_of(event) + "\n\n" + attribute_lines(event);
  if (event.data.empty()) return text;
  if (is_showable(event)) return text + "\n" + indented(event.data);
  return text + "\n  (" + std::to_string(event.data.size()) + " octets, in the attachment)\n";
}

std::string digest_text(const Delivery& delivery) {
  auto text = attribute_lines(delivery) + "window: " + std::to_string(delivery.window) + "\n";
  for (const auto& content : delivery.contents) text += "\n\n" + content_text(content);
  return text;
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

std::string verification_text(const Subscription& subscription, std::string_view token,
                              std::string_view confirm_url) {
  std::string text =
      "This address has been subscribed to events. If you asked for that, or want them, "
      "confirm it; otherwise ignore this mail: nothing else will be sent.\n\n";
  text += "subscription: " + printable(subscription.id) + "\n";
  for (const auto& type : subscription.types) text += "type: " + printable(type.text()) + "\n";
  for (const auto& source : subscription.sources)
    text += "source: " + printable(source.text()) + "\n";
  text += "token: " + std::string(token) + "\n";
  if (confirm_url.empty()) return text;
  text += "\nTo confirm:\n\n  curl -X POST " + std::string(confirm_url) + "/v1/subscriptions/" +
          printable(subscription.id) + "/confirm \\\n    -H 'Content-Type: application/json' \\\n" +
          "    -d '{\"token\": \"" + std::string(token) + "\"}'\n";
  return text;
}

}  // namespace

std::string delivery_message(const Envelope& envelope, const Delivery& delivery) {
  const auto& event = *delivery.event;
  const bool collected = delivery.kind == Delivery::Kind::digest;
  auto subject =
      collected ? std::to_string(delivery.contents.size()) + " events" : subject_of(event);
  auto mail = mail_of(envelope, *delivery.subscription, std::move(subject), digest_of(delivery));
  if (delivery.number != 0) mail.headers.emplace_back("Sense-Number", number_of(delivery));
  mail.headers.emplace_back("Sense-Event-Id", shortened(printable(event.id)));
  if (const auto reply = address_of_callback(event.replyto); reply && !collected)
    mail.headers.emplace_back("Reply-To", *reply);
  mail.text = collected ? digest_text(delivery) : attribute_lines(delivery);
  const auto type = attachment_type(event.datacontenttype);
  // The text is for people; programs read the attachment.
  if (collected || (!event.data.empty() && !is_showable(event)))
    mail.attachment = {type, event.data};
  else if (!event.data.empty())
    mail.text += "\n" + event.data;
  return to_octets(mail);
}

std::string verification_message(const Envelope& envelope, const Subscription& subscription,
                                 std::string_view token, std::string_view confirm_url) {
  const auto digest =
      sha256_hex(subscription.id + '\0' + std::string(token) + '\0' + envelope.to).substr(0, 40);
  auto mail = mail_of(envelope, subscription, "Please confirm your subscription to events", digest);
  mail.text = verification_text(subscription, token, confirm_url);
  return to_octets(mail);
}

}  // namespace sense::email
