// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callback.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/binding.hpp"

namespace sense::http {

namespace {

constexpr std::size_t body_shown_max = 1024;

std::string number_of(const Delivery& delivery) {
  auto number = std::to_string(delivery.number);
  if (delivery.kind == Delivery::Kind::gap && delivery.number_last != delivery.number)
    number += "-" + std::to_string(delivery.number_last);
  return number;
}

std::string shown(const TransferReply& reply) {
  auto text = "HTTP " + std::to_string(reply.status);
  if (!reply.body.empty())
    text += ": " + printable(std::string_view(reply.body).substr(0, body_shown_max));
  return text;
}

bool read_number(std::string_view text, int& number) {
  const auto* const last = text.data() + text.size();
  const auto [end, wrong] = std::from_chars(text.data(), last, number);
  return wrong == std::errc{} && end == last && number >= 0;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> parse_fixdate(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto* const month = std::find(months.begin(), months.end(), text.substr(8, 3));
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (month == months.end() || !read_number(text.substr(5, 2), day) ||
      !read_number(text.substr(12, 4), year) || !read_number(text.substr(17, 2), hour) ||
      !read_number(text.substr(20, 2), minute) || !read_number(text.substr(23, 2), second))
    return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year{year},
      std::chrono::month{static_cast<unsigned>(month - months.begin() + 1)},
      std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

Attempt outcome_of_status(const TransferReply& reply, WallTime now) {
  const auto status = reply.status;
  if (status >= 200 && status < 300) return Attempt::delivered("HTTP " + std::to_string(status));
  if (status >= 300 && status < 400)
    return Attempt::rejected("HTTP " + std::to_string(status) +
                             ": redirects are never followed; subscribe with the address that it "
                             "leads to");
  if (status == 410) return Attempt::gone(shown(reply));
  if (status == 429 || status == 503) {
    const auto* after = reply.header("retry-after");
    return Attempt::retry(shown(reply), after ? parse_retry_after(*after, now) : std::nullopt);
  }
  const bool temporary = status == 408 || status >= 500 || status < 200;
  return temporary ? Attempt::retry(shown(reply)) : Attempt::rejected(shown(reply));
}

}  // namespace

HttpRequest callback_request(const Delivery& delivery) {
  HttpRequest request;
  request.url = delivery.subscription->callback;
  if (delivery.subscription->edition == structured_edition) {
    request.headers.emplace_back("Content-Type", "application/cloudevents+json; charset=utf-8");
    request.body = to_cloudevents_json(*delivery.event);
  } else {
    request.headers = binary_headers(*delivery.event);
    request.body = delivery.event->data;
  }
  request.headers.emplace_back("webhook-id", encode_header(delivery.event->id));
  request.headers.emplace_back("sense-subscription", encode_header(delivery.subscription->id));
  if (delivery.number != 0) request.headers.emplace_back("sense-number", number_of(delivery));
  request.headers.emplace_back("sense-attempt", std::to_string(delivery.attempt));
  return request;
}

std::optional<Duration> parse_retry_after(std::string_view given, WallTime now) {
  const auto text = trim(given);
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  int seconds = 0;
  if (digits) {
    if (!read_number(text, seconds)) return retry_after_max;  // more than an int holds
    return std::clamp<Duration>(std::chrono::seconds{seconds}, retry_after_min, retry_after_max);
  }
  const auto date = parse_fixdate(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, retry_after_min, retry_after_max);
}

Attempt outcome_of(const Result<TransferReply>& reply, WallTime now) {
  if (reply) return outcome_of_status(*reply, now);
  // A forbidden address may be an error of the policy, or a temporary wrong answer of a name
  // server: the event is kept until that is corrected.
  if (reply.error().code == Code::badparam) return Attempt::rejected(reply.error().message);
  return Attempt::retry(reply.error().message);
}

}  // namespace sense::http
