// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/egress/transfer.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/callbacks/signature.hpp"

namespace sense::http {

// Asks an HTTP callback whether it agrees to deliveries: first by OPTIONS (CloudEvents web hooks,
// section 4), then, when it does not support that, by POST of {"challenge": TOKEN, "origin":
// ORIGIN}, signed as deliveries are, whose TOKEN it answers as its whole body: plain, as a JSON
// string, or as {"challenge": TOKEN}. An unverified address gets no other request than these two.
struct Question {
  std::string callback;
  std::string origin;  // of this service, for WebHook-Request-Origin
  std::string token;
  WebhookSecrets secrets;
};

// One more request to make, or the outcome.
struct NextStep {
  bool finished = true;
  HttpRequest request;
  Verification outcome;
};
// Pure; any thread. An answer that is no agreement and no refusal (nothing, 408, 429, 5xx, a body
// cut off) is `failed`: the host asks again.
[[nodiscard]] HttpRequest first_request(const Question& question);
[[nodiscard]] NextStep after_options(const Question& question, const Result<TransferReply>& reply,
                                     const Signing& signing);
[[nodiscard]] Verification after_challenge(const Question& question,
                                           const Result<TransferReply>& reply);

}  // namespace sense::http
