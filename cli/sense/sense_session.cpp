// SPDX-License-Identifier: Apache-2.0
#include "cli/sense/sense_session.hpp"

#include <utility>
#include <variant>

#include "cli/base/command.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

datagram::ClientOptions client_options() {
  datagram::ClientOptions options;
  options.tag_prefix = random_token(60);
  options.retry_interval = std::chrono::milliseconds{500};
  return options;
}

}  // namespace

Result<std::unique_ptr<SenseTalk>> SenseTalk::open(Loop& loop, const std::string& uri,
                                                   const SenseWay& way,
                                                   const std::string& timeout) {
  auto peer = open_peer(loop.io(), uri, way);
  if (!peer) return tl::unexpected(peer.error());
  return std::unique_ptr<SenseTalk>(new SenseTalk(loop, uri, timeout, std::move(*peer)));
}

SenseTalk::SenseTalk(Loop& loop, std::string uri, std::string timeout, SensePeer peer)
    : loop_(loop),
      uri_(std::move(uri)),
      timeout_(std::move(timeout)),
      shell_(
          std::move(peer), client_options(), [this](const datagram::Notice& notice) { on(notice); },
          [this] { nobody_ = true; }) {
  shell_.receive();
}

void SenseTalk::ask_parameters(std::string_view after, Answer answer) {
  begin(std::move(answer));
  shell_.handle(shell_.client().parameters(system_clock().now(), after));
}

void SenseTalk::ask_sources(std::string_view after, std::uint32_t limit, Answer answer) {
  begin(std::move(answer));
  shell_.handle(shell_.client().sources(after, limit, system_clock().now()));
}

void SenseTalk::begin(Answer answer) {
  answer_ = std::move(answer);
  loop_.set_deadline(*parse_duration(timeout_), [this, question = ++questions_] {
    if (question == questions_) conclude(fail(Code::timeout, silence()));
  });
}

void SenseTalk::on(const datagram::Notice& notice) {
  if (const auto* answered = std::get_if<datagram::Replied>(&notice)) {
    nobody_ = false;
    conclude(answered->reply);
  } else if (const auto* failure = std::get_if<datagram::Failed>(&notice)) {
    const auto& error = failure->error;
    conclude(fail(error.code, failure->silent ? silence() : uri_ + " refused: " + error.message));
  }
}

// Not from within the client's own notice, whose datagrams have not been sent yet.
void SenseTalk::conclude(Result<datagram::Message> result) {
  ++questions_;
  if (!answer_) return;
  loop_.later(Duration{0}, [answer = std::exchange(answer_, {}), result = std::move(result)] {
    answer(result);
  });
}

std::string SenseTalk::silence() const {
  const auto within = timeout_ == "0s" ? std::string() : " within " + timeout_;
  if (nobody_)
    return "nobody listens at " + uri_ + within + ": is the gateway running, and is this its port?";
  return "no answer from " + uri_ + within + ": is it running, and is this where?";
}

Parameters parse_parameters(std::string_view data) {
  Parameters parameters;
  for (const auto line : split(data, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    parameters.emplace(line.substr(0, colon), datagram::decode_value(trim(line.substr(colon + 1))));
  }
  return parameters;
}

void ParameterList::ask() {
  talk_.ask_parameters(after_, [this](const Result<datagram::Message>& reply) { take(reply); });
}

void ParameterList::take(const Result<datagram::Message>& reply) {
  if (!reply) return done_(tl::unexpected(reply.error()));
  const auto known = parameters_.size();
  for (const auto line : split(reply->data, '\n')) {
    auto parameters = parse_parameters(line);
    if (parameters.empty()) continue;
    after_ = parameters.begin()->first;
    parameters_.merge(parameters);
  }
  if (lower(reply->text("More")) != "yes") return done_(std::move(parameters_));
  // Or it would go round in a circle.
  if (parameters_.size() == known)
    return done_(
        fail(Code::protoerror, uri_ + " said that there are more parameters, and named none"));
  ask();
}

int talk_to_sense(const std::string& uri, const SenseWay& way, const std::string& timeout,
                  const std::function<void(Loop&, SenseTalk&)>& action) {
  Loop loop;
  const auto talk = SenseTalk::open(loop, uri, way, timeout);
  if (!talk) return refused(talk.error());
  loop.set_interrupted_code(exit_failed);
  action(loop, **talk);
  return loop.run();
}

}  // namespace sense::cli
