// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/webhook_secrets.hpp"

#include <array>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::string_view secret_begin = "whsec_";
constexpr std::size_t key_octets = 32;
constexpr std::size_t key_octets_min = 24;
constexpr std::size_t key_octets_max = 64;
constexpr std::size_t secret_length_max = 6 + (key_octets_max + 2) / 3 * 4;

tl::unexpected<Error> wrong_secret(const char* member) {
  return fail(
      Code::badparam,
      std::string(member) + " is not whsec_ and base 64 (with its padding) of 24 to 64 octets",
      member);
}

constexpr std::string_view no_secrets =
    R"({"secret":null,"former-secret":null,"former-until":null,"next-secret":null})";

std::string without(std::string json, std::string_view patch) {
  // Of `former-secret`, too.
  if (json.find("secret\"") == std::string::npos) return json;
  return merge_json_patch(json, patch);
}

}  // namespace

bool is_web_hook(std::string_view callback) {
  const auto scheme = lower(callback.substr(0, callback.find(':')));
  return scheme == "http" || scheme == "https";
}

std::string make_webhook_secret() {
  std::array<unsigned char, key_octets> octets{};
  fill_random(octets);
  return std::string(secret_begin) +
         to_base64({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

std::optional<std::string> webhook_key(std::string_view secret) {
  if (secret.size() > secret_length_max || !secret.starts_with(secret_begin)) return std::nullopt;
  auto key = from_base64(secret.substr(secret_begin.size()));
  if (!key || key->size() < key_octets_min || key->size() > key_octets_max) return std::nullopt;
  return key;
}

Status validate(const WebhookSecrets& secrets) {
  if (!secrets.current.empty() && !webhook_key(secrets.current)) return wrong_secret("secret");
  if (secrets.former.empty() && !secrets.former_until) return {};
  if (!webhook_key(secrets.former)) return wrong_secret("former-secret");
  if (secrets.current.empty() || !secrets.former_until || *secrets.former_until > wall_time_max ||
      *secrets.former_until < WallTime{})
    return fail(Code::badparam, "former-secret comes with secret and former-until",
                "former-secret");
  return {};
}

void rotate(WebhookSecrets& secrets, std::string next, WallTime until) {
  if (equal_secret(secrets.current, next)) return;
  secrets.former = std::move(secrets.current);
  secrets.former_until.reset();
  if (!secrets.former.empty()) secrets.former_until = until;
  secrets.current = std::move(next);
}

std::string without_webhook_secrets(std::string json) {
  return without(std::move(json), no_secrets);
}

std::string without_webhook_secrets_of_change(std::string json) {
  return without(std::move(json), R"({"subscription":)" + std::string(no_secrets) + "}");
}

}  // namespace sense
