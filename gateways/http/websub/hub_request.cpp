// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/hub_request.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/http/form.hpp"
#include "core/subscription/webhook_secrets.hpp"
#include "core/subscription/websub.hpp"

namespace sense::http {

namespace {

constexpr std::array<std::string_view, 5> hub_names = {"hub.mode", "hub.callback", "hub.topic",
                                                       "hub.lease_seconds", "hub.secret"};

tl::unexpected<Error> wrong_field(std::string_view name, std::string_view why,
                                  Code code = Code::badparam) {
  return fail(code, std::string(name) + " " + std::string(why), std::string(name));
}

Status check_once(const Form& form) {
  for (const auto name : hub_names) {
    const auto count = std::count_if(form.begin(), form.end(),
                                     [&](const auto& field) { return field.first == name; });
    if (count > 1) return wrong_field(name, "appears twice: give it once");
  }
  return {};
}

const std::string* field_of(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form)
    if (key == name) return &value;
  return nullptr;
}

Result<std::string> text_field(const Form& form, std::string_view name) {
  const auto* text = field_of(form, name);
  if (text == nullptr || text->empty())
    return wrong_field(name, "is missing: it is mandatory", Code::varnotfound);
  if (!valid_text(*text)) return wrong_field(name, "is not UTF-8 text without NUL");
  return *text;
}

Result<HubRequest::Mode> mode_of(const Form& form) {
  const auto mode = text_field(form, "hub.mode");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode == "subscribe") return HubRequest::Mode::subscribe;
  if (*mode == "unsubscribe") return HubRequest::Mode::unsubscribe;
  if (*mode == "publish")
    return wrong_field("hub.mode",
                       "publish is not taken here: POST events to /v1/events, and "
                       "every subscriber of their topic gets them");
  return wrong_field("hub.mode", "is neither subscribe nor unsubscribe");
}

Result<Duration> period_of(const std::string& seconds) {
  const bool digits = !seconds.empty() &&
                      seconds.find_first_not_of("0123456789") == std::string::npos &&
                      seconds.find_first_not_of('0') != std::string::npos;
  if (!digits) return wrong_field("hub.lease_seconds", "is not a number of seconds from 1");
  // One that is too big for a number is too long a lease, too, and shortened.
  const auto number = parse_integer<std::int64_t>(seconds);
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(HubRequest::period_max);
  return std::chrono::seconds{std::min<std::int64_t>(number.value_or(most.count()), most.count())};
}

Status read_subscribe(const Form& form, HubRequest& request) {
  if (const auto* seconds = field_of(form, "hub.lease_seconds")) {
    const auto period = period_of(*seconds);
    if (!period) return tl::unexpected(period.error());
    request.period = *period;
  }
  const auto* secret = field_of(form, "hub.secret");
  if (secret == nullptr) return {};
  if (secret->size() > WebSub::secret_octets_max)
    return wrong_field("hub.secret", "has 200 octets or more: give a shorter one",
                       Code::varvaltoobig);
  request.secret = *secret;
  return {};
}

Status check_hub_callback(const std::string& callback) {
  const auto uri = parse_uri(callback);
  if (!uri) return wrong_field("hub.callback", uri.error().message);
  if (!is_web_hook(callback)) return wrong_field("hub.callback", "is no URL with http: or https:");
  return {};
}

}  // namespace

Result<HubRequest> parse_hub_request(std::string_view body) {
  const auto form = parse_form(body);
  if (!form) return tl::unexpected(form.error());
  if (auto once = check_once(*form); !once) return tl::unexpected(once.error());
  HubRequest request;
  const auto mode = mode_of(*form);
  if (!mode) return tl::unexpected(mode.error());
  request.mode = *mode;
  auto callback = text_field(*form, "hub.callback");
  if (!callback) return tl::unexpected(callback.error());
  if (auto good = check_hub_callback(*callback); !good) return tl::unexpected(good.error());
  request.callback = std::move(*callback);
  auto topic = text_field(*form, "hub.topic");
  if (!topic) return tl::unexpected(topic.error());
  request.topic = std::move(*topic);
  // Of an unsubscription the rest is ignored, as the specification has it.
  if (request.mode == HubRequest::Mode::subscribe)
    if (auto good = read_subscribe(*form, request); !good) return tl::unexpected(good.error());
  return request;
}

}  // namespace sense::http
