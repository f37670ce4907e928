// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/websub.hpp"

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/uri.hpp"

namespace sense {

namespace {

constexpr std::string_view hub_secret_begin = "hub_";
constexpr std::size_t id_digits = 40;

tl::unexpected<Error> wrong_websub(std::string_view why) {
  return fail(Code::badparam, "websub: " + std::string(why), "websub");
}

Status check_topic(std::string_view topic) {
  if (topic.size() > WebSub::topic_length_max)
    return wrong_websub("the topic has more than 2048 octets");
  const auto uri = parse_uri(topic);
  if (!uri) return wrong_websub("the topic " + uri.error().message);
  if (uri->scheme != "http" && uri->scheme != "https")
    return wrong_websub("the topic is no URL with http: or https:");
  return {};
}

}  // namespace

std::string_view to_text(WebSub::Intent::Kind kind) {
  switch (kind) {
    case WebSub::Intent::Kind::none: return "none";
    case WebSub::Intent::Kind::subscribe: return "subscribe";
    case WebSub::Intent::Kind::unsubscribe: return "unsubscribe";
  }
  return "none";
}

std::string websub_id(std::string_view owner, std::string_view callback, std::string_view topic) {
  std::string all(owner);
  all.append("\n").append(callback).append("\n").append(topic);
  return "w-" + sha256_hex(all).substr(0, id_digits);
}

std::string websub_secret(std::string_view octets) {
  return std::string(hub_secret_begin) + to_base64(octets);
}

std::optional<std::string> websub_key(std::string_view secret) {
  constexpr std::size_t length_max =
      hub_secret_begin.size() + (WebSub::secret_octets_max + 2) / 3 * 4;
  if (secret.size() > length_max || !secret.starts_with(hub_secret_begin)) return std::nullopt;
  auto key = from_base64(secret.substr(hub_secret_begin.size()));
  if (!key || key->size() > WebSub::secret_octets_max) return std::nullopt;
  return key;
}

Status validate(const WebSub& websub) {
  using Kind = WebSub::Intent::Kind;
  const auto& intent = websub.intent;
  if (websub.topic.empty())
    return websub == WebSub() ? Status() : wrong_websub("there is no topic");
  if (auto status = check_topic(websub.topic); !status) return status;
  const bool subscribes = intent.kind == Kind::subscribe;
  if (subscribes ? intent.period < std::chrono::seconds{1} : intent.period != Duration{0})
    return wrong_websub("a period of at least 1s comes with the intent to subscribe, and only so");
  if (!intent.secret.empty() && !(subscribes && websub_key(intent.secret)))
    return wrong_websub("next-secret comes with the intent to subscribe, and is hub_ and base 64");
  return {};
}

}  // namespace sense
