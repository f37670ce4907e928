// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callbacks/verification.hpp"

#include <nlohmann/json.hpp>

#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::http {

namespace {

// More than any form of the token takes.
constexpr std::size_t answer_length_max = 1024;

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

// With a second member, so that a server that sends back what it gets, whatever that is, has not
// answered with the challenge alone.
std::string challenge_body(const Question& question) {
  return nlohmann::json{{"challenge", question.token}, {"origin", question.origin}}.dump();
}

// Whether the body is the token: as plain text, as a JSON string, or as the only member of an
// object. Each proves that the token was read.
bool is_echo(std::string_view body, const std::string& token) {
  const auto text = without_space(body);
  if (equal_secret(text, token)) return true;
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.size() == 1 && json.contains("challenge"))
    json = nlohmann::json(json["challenge"]);
  return json.is_string() && equal_secret(json.get_ref<const std::string&>(), token);
}

}  // namespace

HttpRequest first_request(const Question& question) {
  HttpRequest request;
  request.method = HttpRequest::Method::options;
  request.url = question.callback;
  request.headers = {{"WebHook-Request-Origin", question.origin}};
  return request;
}

NextStep after_options(const Question& question, const Result<TransferReply>& reply,
                       const Signing& signing) {
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
  step.request.body = challenge_body(question);
  // The same for the same challenge only; the token itself is for the body alone.
  step.request.headers = webhook_headers("challenge-" + sha256_hex(question.token).substr(0, 32),
                                         step.request.body, question.secrets, signing);
  step.request.headers.emplace_back("Content-Type", "application/json");
  step.request.body_decides = true;
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
  if (is_echo(reply->body, question.token))
    return {Verification::Outcome::verified, "challenge echoed"};
  if (!reply->body_ended && reply->body.size() < answer_length_max)
    return failed("the callback's answer to the challenge was cut off");
  return refused("the callback did not answer with the challenge's value alone");
}

}  // namespace sense::http
