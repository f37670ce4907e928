// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/verification.hpp"

#include <nlohmann/json.hpp>

#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::http {

namespace {

bool is_success(const TransferReply& reply) { return reply.status >= 200 && reply.status < 300; }

Verification refused(std::string why) { return {Verification::Outcome::refused, std::move(why)}; }
Verification failed(std::string why) { return {Verification::Outcome::failed, std::move(why)}; }

// An address that is forbidden or invalid stays so; any other failure may be temporary.
Verification unanswered(const Error& error) {
  const bool forbidden = error.code == Code::noaccess || error.code == Code::badparam;
  return forbidden ? refused(error.message) : failed(error.message);
}

// A server that is down or busy has neither agreed nor refused.
bool is_temporary(const TransferReply& reply) {
  return reply.status >= 500 || reply.status == 408 || reply.status == 429;
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const auto first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

}  // namespace

HttpRequest first_request(const Question& question) {
  HttpRequest request;
  request.method = HttpRequest::Method::options;
  request.url = question.callback;
  request.headers = {{"WebHook-Request-Origin", question.origin}};
  return request;
}

NextStep after_options(const Question& question, const Result<TransferReply>& reply) {
  NextStep step;
  if (!reply) {
    step.outcome = unanswered(reply.error());
    return step;
  }
  const auto* allowed = reply->header("webhook-allowed-origin");
  if (is_success(*reply) && allowed != nullptr) {
    const auto origin = trim(*allowed);
    if (origin == "*" || lower(origin) == lower(question.origin))
      step.outcome = {Verification::Outcome::verified, "WebHook-Allowed-Origin"};
    else
      step.outcome = refused("the callback allows the origin '" + printable(origin) +
                             "' only, and this service is '" + question.origin + "'");
    return step;
  }
  step.finished = false;
  step.request.url = question.callback;
  step.request.headers = {{"Content-Type", "application/json"}};
  step.request.body = nlohmann::json{{"challenge", question.token}}.dump();
  return step;
}

Verification after_challenge(const Question& question, const Result<TransferReply>& reply) {
  if (!reply) return unanswered(reply.error());
  if (is_temporary(*reply))
    return failed("the callback answered HTTP " + std::to_string(reply->status) +
                  " to the challenge");
  if (!is_success(*reply))
    return refused("the callback answered HTTP " + std::to_string(reply->status) +
                   " to the challenge; it is to answer 200 and the challenge's value, or OPTIONS "
                   "with WebHook-Allowed-Origin: " +
                   question.origin);
  if (!equal_secret(without_space(reply->body), question.token))
    return refused("the callback did not answer with the challenge's value alone");
  return {Verification::Outcome::verified, "challenge echoed"};
}

}  // namespace sense::http
