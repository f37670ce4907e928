// SPDX-License-Identifier: Apache-2.0
#include "cli/publish/sense_publisher.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "cli/base/output.hpp"
#include "cli/sense/sense_session.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/sense/event_message.hpp"
#include "core/sense/keyed.hpp"

namespace sense::cli {

namespace {

constexpr std::size_t waiting_max = 1'000;
constexpr std::size_t under_way_max = 32;  // the client takes 64 requests
constexpr std::chrono::seconds silence_max{2};
constexpr std::chrono::milliseconds look_interval{500};
// What the client adds to the event: its tag, and the server's cookie.
constexpr std::size_t tag_and_cookie = 64;

datagram::ClientOptions client_options() {
  datagram::ClientOptions options;
  options.tag_prefix = random_token(60);
  return options;
}

std::size_t octets_of(const Event& event, const std::optional<datagram::SharedKey>& key) {
  auto message = datagram::make_message(datagram::Kind::publish, "-");
  datagram::add_identity(message, event);
  datagram::add_details(message, event);
  datagram::add_attributes(message, event, false);
  message.data = event.data;
  const auto trailer = key ? datagram::trailer_size(key->name) : 0;
  return datagram::serialize(message).size() + tag_and_cookie + trailer;
}

Result<Receipt> receipt_of(const datagram::Message& reply) {
  const auto sequence = reply.number("Sequence");
  if (!sequence)
    return fail(Code::protoerror, "the server's reply does not say the event's Sequence");
  return Receipt{*sequence, reply.text("Duplicate") == "yes"};
}

}  // namespace

SensePublisher::SensePublisher(Loop& loop, std::string uri, SenseSocket socket)
    : loop_(loop),
      uri_(std::move(uri)),
      client_(
          std::move(socket), client_options(),
          [this](const datagram::Notice& notice) { on(notice); },
          [this] { say_silent("nothing listens at " + uri_ + " yet; asking again"); }) {
  client_.receive();
}

void SensePublisher::publish(const Event& event, Done done) {
  if (waiting_.size() >= waiting_max)
    return answer({event, std::move(done)},
                  fail(Code::nomoreroom,
                       std::to_string(waiting_max) + " events wait for " + uri_ + " already"));
  waiting_.push_back({event, std::move(done)});
  if (!limit_) return ask_limit();
  send_more();
}

void SensePublisher::ask_limit() {
  if (limit_request_ != 0) return;
  const auto output = client_.protocol().parameters(system_clock().now());
  limit_request_ = output.request;
  watch();
  client_.handle(output);
}

void SensePublisher::send_more() {
  while (limit_ && !waiting_.empty() && under_way_.size() < under_way_max) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    send(std::move(next));
  }
}

void SensePublisher::send(Waiting waiting) {
  if (const auto status = fits(waiting.event); !status)
    return answer(std::move(waiting), tl::unexpected(status.error()));
  const auto output = client_.protocol().publish(waiting.event, system_clock().now());
  under_way_.emplace(output.request, std::move(waiting));
  watch();
  client_.handle(output);
}

Status SensePublisher::fits(const Event& event) const {
  const auto needed = octets_of(event, client_.key());
  if (needed <= *limit_) return {};
  return fail(Code::datatoobig, "the event needs " + std::to_string(needed) +
                                    " octets in a datagram, and " + uri_ + " takes at most " +
                                    std::to_string(*limit_) +
                                    " (its max-message): shorten it, or publish it over the bus "
                                    "or by HTTP");
}

void SensePublisher::on(const datagram::Notice& notice) {
  if (const auto* answered = std::get_if<datagram::Replied>(&notice))
    on_answer(*answered);
  else if (const auto* failure = std::get_if<datagram::Failed>(&notice))
    on_failure(*failure);
}

void SensePublisher::on_answer(const datagram::Replied& answered) {
  heard();
  if (answered.request == limit_request_) {
    learn_limit(answered.reply);
  } else if (auto found = under_way_.extract(answered.request)) {
    auto receipt = receipt_of(answered.reply);
    if (!receipt) receipt = fail(receipt.error().code, uri_ + ": " + receipt.error().message);
    answer(std::move(found.mapped()), std::move(receipt));
  }
  send_more();
}

void SensePublisher::on_failure(const datagram::Failed& failure) {
  if (!failure.silent) heard();
  const auto refused = fail(failure.error.code, uri_ + ": " + failure.error.message);
  if (failure.request == limit_request_) {
    limit_request_ = 0;
    if (failure.silent) return ask_limit();
    for (auto& waiting : std::exchange(waiting_, {})) answer(std::move(waiting), refused);
  } else if (auto found = under_way_.extract(failure.request)) {
    // Under the same id, so that it is stored once even if only the replies were lost.
    if (failure.silent) return send(std::move(found.mapped()));
    answer(std::move(found.mapped()), refused);
  }
  send_more();
}

void SensePublisher::learn_limit(const datagram::Message& reply) {
  limit_request_ = 0;
  const auto parameters = parse_parameters(reply.data);
  const auto found = parameters.find("max-message");
  auto limit = datagram::default_message_max;
  if (found != parameters.end())
    limit = std::max(limit, parse_integer<std::size_t>(found->second).value_or(0));
  limit_ = std::min(limit, datagram::message_max);
}

void SensePublisher::answer(Waiting waiting, Result<Receipt> result) {
  loop_.later(Duration{0},
              [done = std::move(waiting.done), result = std::move(result)] { done(result); });
}

void SensePublisher::heard() {
  silent_since_ = mono_now();
  if (std::exchange(said_silent_, false)) say(uri_ + " answers again");
}

// Checks periodically, while a request is open, whether the server is silent.
void SensePublisher::watch() {
  if (std::exchange(watching_, true)) return;
  silent_since_ = mono_now();
  look_later();
}

void SensePublisher::look_later() {
  loop_.later(look_interval, [this] {
    watching_ = !under_way_.empty() || limit_request_ != 0;
    if (!watching_) return;
    if (mono_now() - silent_since_ > silence_max)
      say_silent("no answer from " + uri_ + " yet; asking again, what was handed in is kept");
    look_later();
  });
}

void SensePublisher::say_silent(const std::string& what) {
  if (!std::exchange(said_silent_, true)) say(what);
}

}  // namespace sense::cli
