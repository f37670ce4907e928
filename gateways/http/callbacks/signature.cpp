// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callbacks/signature.hpp"

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"

namespace sense::http {

namespace {

void sign_with(const std::string& secret, std::string_view signed_text, std::string& signatures) {
  const auto key = webhook_key(secret);
  if (!key) return;
  signatures += (signatures.empty() ? "v1," : " v1,") + to_base64(hmac_sha256(*key, signed_text));
}

}  // namespace

std::string webhook_id(std::string_view text) {
  std::string id;
  for (const char c : encode_header(text)) id += c == '.' ? "%2E" : std::string(1, c);
  return id;
}

Headers webhook_headers(std::string id, std::string_view body, const WebhookSecrets& secrets,
                        const Signing& signing) {
  const auto timestamp = std::to_string(to_micros(signing.now) / 1'000'000);
  std::string signatures;
  if (!secrets.current.empty() || signing.key != nullptr) {
    const auto signed_text = (id + "." + timestamp + ".").append(body);
    sign_with(secrets.current, signed_text, signatures);
    if (secrets.former_until && signing.now < *secrets.former_until)
      sign_with(secrets.former, signed_text, signatures);
    if (signing.key != nullptr)
      signatures +=
          (signatures.empty() ? "v1a," : " v1a,") + to_base64(signing.key->sign(signed_text));
  }
  Headers headers = {{"webhook-id", std::move(id)}, {"webhook-timestamp", timestamp}};
  if (!signatures.empty()) headers.emplace_back("webhook-signature", std::move(signatures));
  return headers;
}

}  // namespace sense::http
